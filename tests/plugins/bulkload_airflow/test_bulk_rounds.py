"""Tasks that go on in rounds, against a real org: what is waited for in between, and what comes of it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from bulkload_airflow import (
    bulk_cancels,
    bulk_config,
    bulk_hook,
    bulk_levels,
    bulk_operators,
    bulk_rounds,
    bulk_runs,
    bulk_sensors,
    bulk_triggers,
)
from include.bulkload.basics import errors
from tests.plugins.bulkload_airflow.conftest import TaskInstance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.running import steering

ENDED: dict[str, Any] = {"status": bulk_triggers.ENDED, "states": {}}


class Load:
    """A plan of accounts below accounts, its tasks called one by one as Airflow would."""

    def __init__(self, folder: Path, **account: Any) -> None:
        keys = [("a", None), ("b", None), ("c", None), ("below", "a")]
        (folder / "in.json").write_text(json.dumps([{"id": key, "name": key, "above": above} for key, above in keys]), "utf-8")
        fields = {"Name": "name", "External_Id__c": "id"}
        parents = {"ParentId": {"object": "Account", "from": "above"}}
        shape = {"sobject": "Account", "operation": "upsert", "external_id": "External_Id__c", "fields": fields, "parents": parents}
        self.document = {
            "name": "rounds",
            "source": {"uri": (folder / "in.json").as_uri()},
            "objects": {"Account": shape | {"canary_rows": 0} | account},
            "poll_seconds": 0.05,
            "wait_seconds": 20,
            "round_seconds": 0.2,
        }

    def task(self, kind: Any, task_id: str, **given: Any) -> Any:
        """Make a task."""
        return kind(task_id=task_id, configured=lambda _: bulk_config.Config(self.document), **given)

    def context(self, task_id: str) -> Any:
        """Make its context."""
        return {"ti": TaskInstance(task_id, dag_id="rounds"), "params": {}, "dag_run": SimpleNamespace(conf={})}

    def run(self, kind: Any, task_id: str, **given: Any) -> Any:
        """Execute a task."""
        return self.task(kind, task_id, **given).execute(self.context(task_id))

    def sent(self) -> list[str]:
        """Begin, cut and submit all chunks of the first wave; their jobs."""
        self.run(bulk_operators.StageOperator, "split")
        numbers = self.run(bulk_rounds.CutOperator, "chunks_Account", place="Account", deferrable=False)
        return [self.run(bulk_operators.SubmitOperator, "Account_job", place="Account", number=number) for number in numbers]


@pytest.fixture
def load(run_base: Path, connect: Any) -> Any:
    """Make a load over a plain connection."""
    connect()
    return lambda **account: Load(run_base, **account)


def ended(org: steering.Org, *job_ids: str) -> None:
    """Look at jobs until they have ended."""
    for _ in range(1000):
        if all(org.job(each)["state"] == "JobComplete" for each in job_ids):
            return
    raise AssertionError(f"{job_ids} never end")


def deferred(task: Any, context: Any) -> TaskDeferred:
    """Execute a task that defers."""
    with pytest.raises(TaskDeferred) as found:
        task.execute(context)
    return found.value


def test_a_small_first_job_is_waited_for_deferred(load: Any, org: steering.Org) -> None:
    """The trigger knows its job; when it has ended the numbers of all chunks are returned."""
    made = load(canary_rows=2)
    made.run(bulk_operators.StageOperator, "split")
    org.steer(looks=5)
    cut, context = made.task(bulk_rounds.CutOperator, "chunks_Account", place="Account"), made.context("chunks_Account")
    trigger: Any = deferred(cut, context).trigger
    assert ["Account"] == list(trigger.jobs.values())
    ended(org, *trigger.jobs)
    assert [0, 1] == cut.resume(context, ENDED)
    assert (3, 0) == (context["ti"].pushed["ready"], context["ti"].pushed["orphaned"])


def test_an_event_that_comes_too_early_is_waited_on(load: Any, org: steering.Org) -> None:
    """Whatever the trigger says, Salesforce is asked."""
    made = load(canary_rows=2)
    made.run(bulk_operators.StageOperator, "split")
    org.steer(job_seconds=3600)
    cut, context = made.task(bulk_rounds.CutOperator, "chunks_Account", place="Account"), made.context("chunks_Account")
    first: Any = deferred(cut, context).trigger
    with pytest.raises(TaskDeferred) as again:
        cut.resume(context, ENDED)
    second: Any = again.value.trigger
    assert first.jobs == second.jobs


@pytest.mark.parametrize("again", ["resume", "execute"])
@pytest.mark.parametrize("kind", ["chunks_Account", "wait_for_Account"])
def test_a_task_that_goes_on_ends_its_wait_before_anything_can_fail(
    load: Any, org: steering.Org, monkeypatch: pytest.MonkeyPatch, again: str, kind: str
) -> None:
    """Else the summary would take the failure for a cancel, and abort what goes on."""
    made = load(canary_rows=2)
    made.run(bulk_operators.StageOperator, "split")
    org.steer(job_seconds=3600)
    task, context = made.task(bulk_rounds.CutOperator, "chunks_Account", place="Account"), made.context(kind)
    jobs = list(deferred(task, made.context("chunks_Account")).trigger.jobs)
    if kind == "wait_for_Account":
        task = made.task(bulk_sensors.BulkJobSensor, kind, place="Account", job_ids=jobs)
        deferred(task, context)
    folder = bulk_runs.place(context).folder()
    assert jobs == bulk_cancels.waited_for(folder, kind)
    monkeypatch.setenv("BULKLOAD_SCRATCH", "/dev/null/none")
    with pytest.raises(OSError, match="none"):
        task.resume(context, ENDED) if again == "resume" else task.execute(context)
    assert [] == bulk_cancels.waited_for(folder, kind)


def test_a_first_job_that_takes_too_long_is_retried(load: Any, org: steering.Org) -> None:
    """It goes on; the next try waits again."""
    made = load(canary_rows=2)
    made.run(bulk_operators.StageOperator, "split")
    org.steer(job_seconds=3600)
    cut, context = made.task(bulk_rounds.CutOperator, "chunks_Account", place="Account"), made.context("chunks_Account")
    trigger: Any = deferred(cut, context).trigger
    with pytest.raises(errors.JobStillRunning, match=next(iter(trigger.jobs))):
        cut.resume(context, {"status": bulk_triggers.OVER, "states": dict.fromkeys(trigger.jobs, "InProgress")})


def test_a_worker_waits_for_the_first_job_as_well(load: Any, org: steering.Org) -> None:
    """deferrable=False."""
    made = load(canary_rows=2)
    made.run(bulk_operators.StageOperator, "split")
    org.steer(job_seconds=0.3)
    assert [0, 1] == made.run(bulk_rounds.CutOperator, "chunks_Account", place="Account", deferrable=False)


def test_a_worker_that_waited_long_enough_is_retried(load: Any, org: steering.Org) -> None:
    """Its wait is closed, so that nobody takes it for a cancel."""
    made = load(canary_rows=2)
    made.document["wait_seconds"] = 0.2
    made.run(bulk_operators.StageOperator, "split")
    org.steer(job_seconds=3600)
    with pytest.raises(errors.JobStillRunning):
        made.run(bulk_rounds.CutOperator, "chunks_Account", place="Account", deferrable=False)
    assert [] == bulk_cancels.waited_for(bulk_runs.place(made.context("chunks_Account")).folder(), "chunks_Account")


def test_a_first_job_that_shows_that_all_would_fail_stops_the_object(load: Any, org: steering.Org) -> None:
    """The mapped tasks get an empty list."""
    made = load(canary_rows=2)
    made.run(bulk_operators.StageOperator, "split")
    org.steer(row_faults=[{"object": "Account", "error": "FIELD_CUSTOM_VALIDATION_EXCEPTION:told to:--"}])
    assert [] == made.run(bulk_rounds.CutOperator, "chunks_Account", place="Account", deferrable=False)


def test_settling_sends_the_next_layer_and_waits_for_it_deferred(load: Any, org: steering.Org) -> None:
    """Accounts below accounts; the same task goes on until nothing is left."""
    made = load()
    (job_id,) = made.sent()
    ended(org, job_id)
    org.steer(looks=5)
    settle, context = made.task(bulk_rounds.SettleOperator, "settle_Account", place="Account"), made.context("settle_Account")
    trigger: Any = deferred(settle, context).trigger
    assert (["Account"], False) == (list(trigger.jobs.values()), job_id in trigger.jobs)
    ended(org, *trigger.jobs)
    assert {"succeeded": 4} == settle.resume(context, ENDED)


def test_settling_fails_at_once_if_nobody_watches_a_job_any_more(load: Any, org: steering.Org) -> None:
    """Somebody marked its waiting task success."""
    made = load()
    org.steer(job_seconds=3600)
    made.sent()
    with pytest.raises(AirflowFailException):
        made.run(bulk_rounds.SettleOperator, "settle_Account", place="Account")


def test_a_cancel_while_settling_aborts_its_job(load: Any, org: steering.Org) -> None:
    """Marked failed while it is deferred, as the sensor."""
    made = load()
    (job_id,) = made.sent()
    ended(org, job_id)
    org.steer(job_seconds=3600)
    context = made.context("settle_Account")
    trigger: Any = deferred(made.task(bulk_rounds.SettleOperator, "settle_Account", place="Account"), context).trigger
    with bulk_runs.opened(bulk_runs.place(context), bulk_hook.BulkHook()) as run:
        bulk_triggers.abort(bulk_runs.place(context), "salesforce_default", trigger.jobs)
        bulk_cancels.obeyed(run, run.folder, ["settle_Account"])
    assert ["Aborted"] == [org.job(each)["state"] for each in trigger.jobs]


def test_rounds_are_waited_for_deferred_too(load: Any, org: steering.Org) -> None:
    """Rows that lost their lock go again after a while, which no worker spends."""
    made = load()
    made.document["round_seconds"] = 3600
    org.steer(row_faults=[{"object": "Account", "error": "UNABLE_TO_LOCK_ROW:told to:--"}])
    (job_id,) = made.sent()
    ended(org, job_id)
    settle = made.task(bulk_rounds.SettleOperator, "settle_Account", place="Account")
    found = deferred(settle, made.context("settle_Account"))
    assert ("proceed", "DateTimeTrigger") == (found.method_name, type(found.trigger).__name__)


def test_a_cancel_while_no_job_is_at_work_is_a_persons_stop(load: Any, org: steering.Org) -> None:
    """Marked failed while it waits for the moment of a round; once that has come, a failure is none."""
    made = load()
    made.document["round_seconds"] = 3600
    org.steer(row_faults=[{"object": "Account", "error": "UNABLE_TO_LOCK_ROW:told to:--"}])
    (job_id,) = made.sent()
    ended(org, job_id)
    settle, context = made.task(bulk_rounds.SettleOperator, "settle_Account", place="Account"), made.context("settle_Account")
    deferred(settle, context)
    with bulk_runs.opened(bulk_runs.place(context), bulk_hook.BulkHook()) as run:
        settle.waiting.end(context)
        bulk_cancels.obeyed(run, run.folder, ["settle_Account"])
        told = [run.folder.read("ledger/cancelled.json")]
        deferred(settle, context)
        bulk_cancels.obeyed(run, run.folder, ["settle_Account"])
        assert [True, False] == [each is None for each in (*told, run.folder.read("ledger/cancelled.json"))]


def test_the_object_of_a_second_pass_is_found_in_the_ledger() -> None:
    """A job of another object's second pass is cancelled in that object's ledger."""
    entries = [
        "ledger/begun.json",
        "ledger/Account/wave-000.json",
        "ledger/Account/chunk-00001/750A/created.json",
        "ledger/B/chunk-00000/750B/closed.json",
    ]
    assert {"750A": "Account", "750B": "B", "750C": "B"} == bulk_rounds.owned(entries, ["750A", "750B", "750C"], "B")


def test_a_level_goes_through_its_own_tasks(load: Any) -> None:
    """Chunks of whichever object, one flat list; a level that the plan doesn't have is empty."""
    made = load()
    made.run(bulk_operators.StageOperator, "split")
    chunks = made.run(bulk_levels.CutLevelOperator, "chunks_level_0", level=0, deferrable=False)
    assert [{"object": "Account", "chunk": 0}] == chunks
    job = made.run(bulk_levels.SubmitOneOperator, "level_0_job", chunk=chunks[0])
    assert "Account" == job["object"]
    assert {job["job"]: "JobComplete"} == made.run(bulk_levels.OneJobSensor, "wait_for_level_0", job=job, deferrable=False)
    assert {"Account": {"succeeded": 4}} == made.run(bulk_levels.SettleLevelOperator, "settle_level_0", level=0, deferrable=False)
    with pytest.raises(AirflowSkipException, match="no level 1"):
        made.run(bulk_levels.CutLevelOperator, "chunks_level_1", level=1)


def test_tasks_of_levels_that_the_plan_hasnt_got_broke_nothing(load: Any) -> None:
    """They are skipped; a plan that nobody can read needs them all."""
    made = load()
    flow = ["split", "settle_level_0", "settle_level_1"]
    summary = made.task(bulk_levels.LevelSummaryOperator, "summary", flow=flow, by_chunk=[], by_level=[flow[1:2], flow[2:]])
    assert (flow[:2], flow) == (summary.due(bulk_config.Config(made.document).plan), summary.due(None))
