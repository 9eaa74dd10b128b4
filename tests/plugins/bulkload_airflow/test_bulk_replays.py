"""A run's lost rows sent by the tasks of another run, against a real org: whose folder, whose cancel, whose summary."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from airflow.sdk.execution_time import task_runner

from bulkload_airflow import (
    bulk_config,
    bulk_hook,
    bulk_modes,
    bulk_operators,
    bulk_replays,
    bulk_rounds,
    bulk_runs,
    bulk_triggers,
    bulk_undos,
)
from include.bulkload.intake import modes
from include.bulkload.steps import journal, trouble
from tests.plugins.bulkload_airflow.conftest import TaskInstance
from tests.plugins.bulkload_airflow.test_bulk_runs import Supervisor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.running import steering

LOST, AGAIN = bulk_runs.Place("nightly", "r1"), bulk_runs.Place("nightly", "r2")
STATES = dict.fromkeys((*bulk_modes.TASKS[modes.Mode.REPLAY], "undo.dry_run"), "success")


class Runs:
    """A run that lost a row and is over, and tasks of the run that replays it."""

    def __init__(self, folder: Path) -> None:
        (folder / "in.json").write_text('[{"id": "a", "name": "a"}, {"id": "b", "name": "b"}]', "utf-8")
        fields = {"Name": "name", "External_Id__c": "id"}
        account = {"sobject": "Account", "operation": "upsert", "external_id": "External_Id__c", "fields": fields, "canary_rows": 0}
        source = {"uri": (folder / "in.json").as_uri()}
        self.document = {"name": "nightly", "source": source, "objects": {"Account": account}, "poll_seconds": 0.05, "wait_seconds": 20}

    def context(self, place: bulk_runs.Place, task_id: str, states: dict[str, str] | None = None, **conf: Any) -> Any:
        """A task's context; of the second run, unless it says otherwise, as a replay of the first."""
        asked = {"mode": "replay", "replay_of": "r1"} if place == AGAIN else {}
        instance = TaskInstance(task_id, place.dag_id, place.run_id, states=states or {})
        return {"ti": instance, "params": asked | conf, "dag_run": SimpleNamespace(conf=conf), "dag": SimpleNamespace(params=modes.KEYS)}

    def task(self, kind: Any, task_id: str, **given: Any) -> Any:
        """Make a task."""
        return kind(task_id=task_id, configured=lambda _: bulk_config.Config(self.document), **given)

    def loaded(self, place: bulk_runs.Place = LOST) -> None:
        """The tasks of a load, the first run's unless it says otherwise."""
        for kind, task_id, given in (
            (bulk_operators.StageOperator, "split", {}),
            (bulk_rounds.CutOperator, "chunks_Account", {"deferrable": False}),
            (bulk_operators.SubmitOperator, "Account_job", {"number": 0}),
        ):
            self.task(kind, task_id, **given).execute(self.context(place, task_id))

    def closed(self, states: dict[str, str], **conf: Any) -> dict[str, Any]:
        """The second run's summary; what it pushed, with the words it turned red by."""
        return self.summed(AGAIN, states, [], **conf)

    def summed(self, place: bulk_runs.Place, states: dict[str, str], flow: Sequence[str], **conf: Any) -> dict[str, Any]:
        """A run's summary, by the states of its tasks; `flow`: those of a load."""
        context = self.context(place, "summary", states, **conf)
        red = ""
        try:
            self.task(bulk_operators.SummaryOperator, "summary", flow=flow, by_chunk=[]).execute(context)
        except AirflowFailException as told:
            red = str(told)
        return {"red": red, **context["ti"].pushed["return_value"]}


@pytest.fixture
def runs(run_base: Path, connect: Any, org: steering.Org, monkeypatch: pytest.MonkeyPatch, hurried: None) -> Runs:
    """The first run is over: one of its two rows was refused. The rule is mended."""
    connect()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor("failed"), raising=False)
    made = Runs(run_base)
    org.steer(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    made.loaded()
    org.until_ended()
    org.steer()
    return made


def deferred(task: Any, context: Any) -> Any:
    """Execute a task that defers; its trigger."""
    with pytest.raises(TaskDeferred) as found:
        task.execute(context)
    return found.value.trigger


def sent(runs: Runs) -> dict[str, Any]:
    """Both tasks of the replay, on a worker; what was chosen, and what came of it."""
    chosen = runs.task(bulk_replays.ChooseOperator, bulk_modes.CHOOSE, deferrable=False).execute(runs.context(AGAIN, bulk_modes.CHOOSE))
    found = runs.task(bulk_replays.SendOperator, bulk_modes.SEND, deferrable=False).execute(runs.context(AGAIN, bulk_modes.SEND))
    return {"send": chosen["objects"]["Account"]["send"], "fates": found["Account"]}


def test_a_replay_has_its_own_summary_and_mends_the_first_runs(runs: Runs) -> None:
    """What it took, in its own folder; all rows, in the first run's."""
    assert {"send": 1, "fates": {"succeeded": 1}} == sent(runs)
    told = runs.closed(STATES)
    own, whole = (place.folder().read("summary.json") or {} for place in (AGAIN, LOST))
    assert ("", "COMPLETED", 1, 2) == (
        told["red"],
        own["status"],
        own["objects"]["Account"]["source"],
        whole["objects"]["Account"]["succeeded"],
    )
    assert {"mode": "replay", "of": "r1"} == AGAIN.folder().read(bulk_modes.ABOUT)


def test_rows_that_are_refused_again_make_the_replay_red(runs: Runs, org: steering.Org) -> None:
    """As they did the load, by the plan's `max_failed`."""
    org.steer(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    sent(runs)
    assert "none of 1 rows got through" in runs.closed(STATES)["red"]


def test_a_cancelled_replay_aborts_the_job_that_the_first_runs_ledger_names(runs: Runs, org: steering.Org) -> None:
    """The trigger knows where the job stands; the mark of the wait lies in the replay's own folder; the run is red."""
    runs.task(bulk_replays.ChooseOperator, bulk_modes.CHOOSE).execute(runs.context(AGAIN, bulk_modes.CHOOSE))
    org.steer(job_seconds=3600)
    trigger = deferred(runs.task(bulk_replays.SendOperator, bulk_modes.SEND), runs.context(AGAIN, bulk_modes.SEND))
    assert ("r1", ["Account"]) == (trigger.of, list(trigger.jobs.values()))
    bulk_triggers.abort(AGAIN, trigger.conn_id, trigger.jobs, trigger.of)
    with bulk_runs.opened(AGAIN, bulk_hook.BulkHook(), "r1") as run:
        cancelled = [each.place.job_id for each in journal.jobs(run, "Account") if each.has("cancel")]
    assert (list(trigger.jobs), ["Aborted"]) == (cancelled, [org.job(each)["state"] for each in trigger.jobs])
    assert AGAIN.folder().names("waiting/") == [f"waiting/{bulk_modes.SEND}.json"]


def test_a_cancel_that_no_triggerer_heard_is_obeyed_by_the_summary(runs: Runs, org: steering.Org) -> None:
    """As after a load."""
    runs.task(bulk_replays.ChooseOperator, bulk_modes.CHOOSE).execute(runs.context(AGAIN, bulk_modes.CHOOSE))
    org.steer(job_seconds=3600)
    trigger = deferred(runs.task(bulk_replays.SendOperator, bulk_modes.SEND), runs.context(AGAIN, bulk_modes.SEND))
    told = runs.closed(STATES | {bulk_modes.SEND: "failed"})
    assert ("FAILED", ["Aborted"]) == (told["status"], [org.job(each)["state"] for each in trigger.jobs])


MISSING = {
    "r11": r"no run of nightly is called r11 under .*; did you mean r1",
    "elsewhere": "elsewhere is a run of the DAG other; trigger that one",
    "r2": "r2 is itself a run of mode replay, of r1; name that one",
    "never": "never broke off before it began",
    "quite another": "the last ones are never, r1, r2",
}


def test_a_run_that_isnt_there_is_told_with_those_that_are(runs: Runs) -> None:
    """Run ids are long; most mistakes are a wrong line copied. The summary says it too."""
    bulk_modes.tell(AGAIN.folder(), modes.Asked(modes.Mode.REPLAY, "r1"))
    bulk_runs.Place("other", "elsewhere").folder().create("ledger/begun.json", {})
    bulk_runs.Place("nightly", "never").folder().write("summary.json", {})
    for of, told in MISSING.items():
        with pytest.raises(AirflowFailException, match=told):
            runs.task(bulk_replays.ChooseOperator, bulk_modes.CHOOSE).execute(runs.context(AGAIN, bulk_modes.CHOOSE, replay_of=of))
    summary = runs.closed({bulk_modes.MODE: "success", bulk_modes.CHOOSE: "failed"}, replay_of="quite another")
    assert ("FAILED", True) == (summary["status"], "replay_of: " in summary["red"])


def test_contradictions_are_refused_before_anything_runs(runs: Runs) -> None:
    """All at once, in the one task that comes first; the summary has them."""
    mode = bulk_modes.ModeOperator(task_id=bulk_modes.MODE, first={})
    conf: dict[str, Any] = {"undo_of": "r1", "dry_run": True}
    with pytest.raises(AirflowFailException, match=r"(?s)undo_of: .*dry_run: "):
        mode.execute(runs.context(AGAIN, bulk_modes.MODE, **conf))
    with pytest.raises(AirflowFailException, match="did you mean replay_file"):
        mode.execute(runs.context(AGAIN, bulk_modes.MODE, replay_fil="x"))


def test_a_trigger_keeps_whose_jobs_it_watches() -> None:
    """Wherever it is moved."""
    _, kept = bulk_triggers.BulkJobTrigger(conn_id="c", jobs={}, poll_seconds=1, began=0, deadline=1, of="r1").serialize()
    assert "r1" == json.loads(json.dumps(kept))["of"]


def test_a_run_goes_on_by_the_plan_and_the_connection_that_it_began_with(runs: Runs, org: steering.Org) -> None:
    """Whatever the file says by now, be it that it can't be read for this run any more: what waits ends well, nobody cancelled it."""
    runs.document["conn_id"] = "gone_since"
    (settle, context), folder = (
        (runs.task(bulk_rounds.SettleOperator, "settle_Account"), runs.context(LOST, "settle_Account")),
        LOST.folder(),
    )
    assert {"failed": 1, "succeeded": 1} == settle.resume(context, {"status": bulk_triggers.ENDED, "states": {}})
    runs.document.clear()
    flow = ["split", "chunks_Account", "Account_job", "settle_Account"]
    told = runs.summed(LOST, dict.fromkeys(flow, "success"), flow)
    assert (1, 1, None) == (*(told["objects"]["Account"][each] for each in ("succeeded", "failed")), folder.read("ledger/cancelled.json"))


@pytest.mark.parametrize(
    ("kind", "task_id", "stopped"),
    [
        (bulk_replays.ChooseOperator, bulk_modes.CHOOSE, True),
        (bulk_undos.DryRunOperator, bulk_modes.DRY_RUN, False),
        (bulk_operators.SummaryOperator, "summary", True),
    ],
)
def test_who_is_marked_failed_at_work_stops_the_run_whose_rows_it_is_about(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, kind: Any, task_id: str, *, stopped: bool
) -> None:
    """An undo's dry run only looks at it."""
    monkeypatch.setattr(bulk_runs, "state_of", lambda _: "failed")
    asked = {"mode": "undo", "undo_of": "r1", "replay_of": None} if kind is bulk_undos.DryRunOperator else {}
    task = runs.task(kind, task_id, **({"flow": [], "by_chunk": []} if task_id == "summary" else {}))
    opened = task._closing if task_id == "summary" else task.step
    before = set(threading.enumerate())
    with opened(runs.context(LOST if task_id == "summary" else AGAIN, task_id, **asked)):
        task.on_kill()
        for each in set(threading.enumerate()) - before:
            each.join()
    assert stopped == (LOST.folder().read("ledger/cancelled.json") is not None)


@pytest.mark.parametrize("last", [True, False])
def test_a_replay_that_is_marked_between_two_tries_stops_its_run(runs: Runs, *, last: bool) -> None:
    """Its rows wait for a person, as if the task had been at work."""
    sent(runs)
    trouble.note(AGAIN.folder(), bulk_modes.SEND, "no answer", last=last)
    runs.closed(STATES | {bulk_modes.SEND: "failed"})
    assert last == (LOST.folder().read("ledger/cancelled.json") is None)


def test_an_object_that_came_into_the_plan_meanwhile_is_the_next_runs(runs: Runs) -> None:
    """The run has no rows of it."""
    with pytest.raises(AirflowFailException, match=r"objects\.Late: .*the next run loads it"):
        runs.task(bulk_rounds.CutOperator, "chunks_Late", place="Late").execute(runs.context(LOST, "chunks_Late"))


@pytest.mark.parametrize(
    ("kind", "task_id"),
    [(bulk_operators.StageOperator, "split"), (bulk_rounds.CutOperator, "chunks_Account"), (bulk_undos.DryRunOperator, "undo.dry_run")],
)
def test_a_task_of_another_branch_does_nothing(runs: Runs, kind: Any, task_id: str) -> None:
    """Somebody marked `mode` success, so Airflow runs all branches: a replay must not load the source once more."""
    with pytest.raises(AirflowSkipException, match="this run's mode is replay"):
        runs.task(kind, task_id).execute(runs.context(AGAIN, task_id))
    assert [] == AGAIN.folder().names("")
