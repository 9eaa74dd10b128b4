"""Failed waits → jobs aborted where only a person can have done it, and left alone where something else may have."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time import task_runner

from bulkload_airflow import (
    bulk_cancels,
    bulk_config,
    bulk_hook,
    bulk_modes,
    bulk_operators,
    bulk_replays,
    bulk_rounds,
    bulk_runs,
    outcomes,
    settings,
)
from include.bulkload.basics import errors
from include.bulkload.ledger import entries, replays
from include.bulkload.steps import journal, trouble
from tests.plugins.bulkload_airflow import test_bulk_replays
from tests.plugins.bulkload_airflow.test_bulk_runs import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.bulkload.steps import ports
    from tests.running import steering

LABEL = "wait_for_parent-0"
LATER = 4102444800.0
CONFIG = {"payload": {"accounts": [{"name": "Acme", "sourceId": "A-1"}]}}


@pytest.fixture
def run(context: Any, connect: Any, org: steering.Org) -> Iterator[ports.Run]:
    """A run with one job that Salesforce works on; its pauses take no time."""
    connect()
    org.steer(job_seconds=3600)
    configured = bulk_config.from_form(settings.current(), "parent_child_load")
    bulk_rounds.SplitOperator(task_id="split", configured=configured).execute(context("split", CONFIG))
    made = context("parent_job", CONFIG)
    bulk_operators.SubmitOperator(task_id="parent_job", configured=configured, number=0).execute(made)
    with bulk_runs.opened(bulk_runs.place(made), bulk_hook.BulkHook()) as opened:
        yield dataclasses.replace(opened, pause=lambda _: None)


def job_id(run: ports.Run) -> str:
    """The run's one job."""
    (facts,) = journal.jobs(run, "Account")
    return facts.place.job_id


def obeyed(run: ports.Run, org: steering.Org) -> tuple[bool, bool]:
    """Obey the failed wait; whether `cancel` stands, and whether the job was aborted."""
    bulk_cancels.obeyed(run, run.folder, [LABEL])
    (facts,) = journal.jobs(run, "Account")
    return facts.has("cancel"), org.job(facts.place.job_id)["state"] == "Aborted"


def test_a_cancel_that_no_triggerer_heard_is_carried_out(run: ports.Run, org: steering.Org) -> None:
    """A deferred wait that failed before its time was ended by a person."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=True)
    assert (True, True) == obeyed(run, org)


def test_a_wait_that_timed_out_is_no_cancel(run: ports.Run, org: steering.Org) -> None:
    """Its job goes on."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=True)
    bulk_cancels.end(run.folder, LABEL)
    assert (False, False) == obeyed(run, org)


def test_a_wait_past_its_limit_is_no_cancel(run: ports.Run, org: steering.Org) -> None:
    """The worker that was to say so may have been lost."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, 0, deferred=True)
    assert (False, False) == obeyed(run, org)


def test_a_job_that_has_ended_was_cancelled_by_nobody(run: ports.Run, org: steering.Org) -> None:
    """The task was to go on, and lost its worker before it could say so."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=True)
    org.calm()
    assert (False, True) == obeyed(run, org)


def test_a_wait_that_ended_tells_of_no_cancel_later(run: ports.Run) -> None:
    """Its task goes on, and may be lost long after; a wait that stands was ended by somebody."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=True)
    told = trouble.told(run.folder, [LABEL])
    bulk_cancels.end(run.folder, LABEL)
    told += trouble.told(run.folder, [LABEL])
    assert [f"{LABEL}: somebody ended it while it waited for job {job_id(run)}", f"{LABEL}: {bulk_cancels.WENT_ON}"] == told


def test_a_lost_worker_is_no_cancel(run: ports.Run, org: steering.Org) -> None:
    """A wait on a worker may fail without any person."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=False)
    assert (False, False) == obeyed(run, org)


def test_a_failed_task_that_never_waited_has_nothing_to_cancel(run: ports.Run, org: steering.Org) -> None:
    """Most failures aren't waits."""
    assert (False, False) == obeyed(run, org)


@pytest.mark.parametrize(("of", "deferred", "stopped"), [("r1", True, True), ("r2", True, False), ("r1", False, False)])
def test_a_wait_for_a_moment_is_about_the_run_whose_rows_wait(run: ports.Run, of: str, *, deferred: bool, stopped: bool) -> None:
    """Marked failed there, that run is stopped by a person, and no other; on a worker it may have lost that, which says so itself."""
    bulk_cancels.begin_rest(run.folder, LABEL, "a moment", deferred=deferred, of="r1")
    bulk_cancels.obeyed(run, run.folder, [LABEL], of)
    assert stopped == (run.folder.read(entries.CANCELLED) is not None)


ENDED = {"split": "success", "settle_Account": "success", bulk_modes.LEFTOVERS: "failed"}
TONIGHT = bulk_runs.Place("nightly", "r3")


class Night(test_bulk_replays.Runs):
    """A night after the run that lost a row: its own load is done, its leftovers wait for a job of that run's ledger."""

    def __init__(self, folder: Path, org: steering.Org) -> None:
        super().__init__(folder)
        self.org = org
        org.steer(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
        self.loaded()
        org.until_ended()
        org.steer()
        (folder / "in.json").write_text('[{"id": "c", "name": "c"}]', "utf-8")
        self.document["replay_leftovers"] = True
        self.loaded(TONIGHT)
        org.until_ended()
        self.task(bulk_rounds.SettleOperator, "settle_Account").execute(self.context(TONIGHT, "settle_Account"))
        org.steer(looks=1_000)
        task = self.task(bulk_replays.LeftoversOperator, bulk_modes.LEFTOVERS)
        self.trigger = test_bulk_replays.deferred(task, self.context(TONIGHT, bulk_modes.LEFTOVERS))

    def closed(self, states: dict[str, str], **conf: Any) -> dict[str, Any]:
        """The night's summary; what it pushed, with the words it turned red by."""
        return self.summed(TONIGHT, states, flow=["split", "settle_Account", bulk_modes.LEFTOVERS], **conf)

    def jobs(self) -> dict[str, tuple[bool, bool, str]]:
        """The jobs of the earlier run that the night waits for: whether `cancel` stands, whether they are collected, their states."""
        with bulk_runs.opened(TONIGHT, bulk_hook.BulkHook(), "r1") as run:
            known = {each.place.job_id: each for each in journal.jobs(run, "Account")}
        return {each: (known[each].has("cancel"), known[each].has("matched"), self.org.job(each)["state"]) for each in self.trigger.jobs}


@pytest.fixture
def night(run_base: Path, connect: Any, org: steering.Org, monkeypatch: pytest.MonkeyPatch, hurried: None) -> Night:
    """A night whose leftovers wait deferred."""
    connect()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor("failed"), raising=False)
    return Night(run_base, org)


def test_a_cancelled_wait_for_an_earlier_runs_job_is_carried_out(night: Night) -> None:
    """The job stands in the earlier run's ledger: it is aborted and collected there, both summaries tell it, a replay goes on."""
    told = night.closed(ENDED)
    assert ([(True, True, "Aborted")], "FAILED") == (list(night.jobs().values()), told["status"])
    assert {"r1": {"Account": {"taken": 1, "succeeded": 0, "left": {"unprocessed": 1}}}} == told["leftovers"]
    assert 1 == (test_bulk_replays.LOST.folder().read("summary.json") or {})["objects"]["Account"]["unprocessed"]
    night.org.steer()
    assert {"send": 1, "fates": {"succeeded": 1}} == test_bulk_replays.sent(night)


def test_a_wait_for_an_earlier_runs_job_that_timed_out_is_no_cancel(night: Night) -> None:
    """The job goes on."""
    bulk_cancels.end(TONIGHT.folder(), bulk_modes.LEFTOVERS)
    night.closed(ENDED)
    assert [(False, False, "UploadComplete")] == list(night.jobs().values())


@pytest.mark.parametrize(
    ("error", "tries", "stopped"),
    [
        (None, (1, 2), True),
        (errors.NetworkFault("no answer"), (2, 2), True),
        (errors.NetworkFault("no answer"), (3, 2), False),
        (errors.PlanError("no such field"), (1, 2), False),
    ],
)
def test_a_failed_task_with_tries_left_was_marked_by_a_person(
    run: ports.Run, context: Any, error: Exception | None, tries: tuple[int, int], *, stopped: bool
) -> None:
    """While it was queued, or between two tries: nobody else ends a task there. Nothing of the run goes by itself then."""
    began = context("settle_parent", CONFIG, try_number=tries[0], max_tries=tries[1])
    if error is not None:
        with pytest.raises(Exception, match=str(error)), outcomes.mapped(bulk_runs.noting(began)):
            raise error
    configured = bulk_config.from_form(settings.current(), "parent_child_load")
    summary = bulk_operators.SummaryOperator(task_id="summary", configured=configured, flow=["split", "settle_parent"], by_chunk=[])
    with pytest.raises(AirflowFailException):
        summary.execute(context("summary", CONFIG, states={"split": "success", "settle_parent": "failed"}))
    assert stopped == (run.folder.read(entries.CANCELLED) is not None)


@pytest.mark.parametrize("last", [True, False])
def test_leftovers_that_are_marked_between_two_tries_stop_the_earlier_run(night: Night, *, last: bool) -> None:
    """Its rows wait for a person, as if the task had been at work."""
    bulk_cancels.end(TONIGHT.folder(), bulk_modes.LEFTOVERS)
    trouble.note(TONIGHT.folder(), bulk_modes.LEFTOVERS, "no answer", last=last)
    night.closed(ENDED)
    assert last == (test_bulk_replays.LOST.folder().read(entries.CANCELLED) is None)


def test_leftovers_that_are_marked_stop_no_run_that_they_never_came_to(night: Night, run_base: Path) -> None:
    """Nobody stopped it: clearing the task replays it, and so does the next night."""
    later = bulk_runs.Place("nightly", "r1b")
    shutil.copytree(run_base / "nightly" / "r1", run_base / "nightly" / "r1b")
    shutil.rmtree(run_base / "nightly" / "r1b" / "ledger" / "replays")
    standing = TONIGHT.folder().read(replays.EARLIER) or {}
    TONIGHT.folder().write(replays.EARLIER, {**standing, "runs": ["r1", "r1b"]})
    night.closed(ENDED)
    assert [True, False] == [each.folder().read(entries.CANCELLED) is not None for each in (test_bulk_replays.LOST, later)]


def test_a_wait_whose_end_could_not_be_noted_in_the_last_try_was_ended_by_nobody(run: ports.Run, context: Any, run_base: Path) -> None:
    """The store failed as the task went on: that is what its note says, and no person stopped the run."""
    configured = bulk_config.from_form(settings.current(), "parent_child_load")
    began = context("settle_parent", CONFIG)
    bulk_cancels.begin_rest(run.folder, "settle_parent", "a moment", deferred=True)
    (mark,) = run_base.rglob("waiting/settle_parent.json")
    mark.write_text("half a mark", "utf-8")
    settle = bulk_rounds.SettleOperator(task_id="settle_parent", configured=configured, place="Account")
    with pytest.raises(AirflowFailException, match="isn't a JSON object"):
        settle.proceed(began)
    summary = bulk_operators.SummaryOperator(task_id="summary", configured=configured, flow=["split", "settle_parent"], by_chunk=[])
    with pytest.raises(AirflowFailException, match=r"settle_parent: .* isn't a JSON object"):
        summary.execute(context("summary", CONFIG, states={"split": "success", "settle_parent": "failed"}))
    assert run.folder.read(entries.CANCELLED) is None
