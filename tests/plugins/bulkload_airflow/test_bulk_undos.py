"""A run taken back by the tasks of another run, against a real org: who is asked, who isn't, and what the summary says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped
from airflow.sdk.execution_time import task_runner

from bulkload_airflow import bulk_modes, bulk_runs, bulk_undos
from include.bulkload.intake import modes
from include.bulkload.steps import undo_run
from tests.plugins.bulkload_airflow import test_bulk_replays
from tests.plugins.bulkload_airflow.test_bulk_runs import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.running import steering

STATES = dict.fromkeys(bulk_modes.TASKS[modes.Mode.UNDO], "success")
ANSWER: dict[str, Any] = {
    "params_input": {},
    "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
    "responded_by_user": {"id": "1", "name": "Ada"},
}


class Undoing(test_bulk_replays.Runs):
    """A run of two accounts, and tasks of runs that undo it."""

    def __init__(self, folder: Path, org: steering.Org) -> None:
        super().__init__(folder)
        self.org = org
        with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
            self.approve = bulk_undos.ApproveOperator(task_id=bulk_modes.APPROVE)
            self.act = self.task(bulk_undos.ActOperator, bulk_modes.ACT, deferrable=False)
            self.approve >> self.act

    def context(self, place: bulk_runs.Place, task_id: str, states: dict[str, str] | None = None, **conf: Any) -> Any:
        """A task's context; of any run but the first, as an undo of that."""
        asked = {"mode": "undo", "undo_of": "r1"} if place != test_bulk_replays.LOST else {}
        made = super().context(place, task_id, states, **conf)
        return {**made, "params": asked | conf}

    def dry_run(self, run: str = "r2") -> dict[str, Any]:
        """The first task."""
        context = self.context(bulk_runs.Place("nightly", run), bulk_modes.DRY_RUN)
        found: dict[str, Any] = self.task(bulk_undos.DryRunOperator, bulk_modes.DRY_RUN).execute(context)
        return found

    def asked(self, run: str = "r2", **conf: Any) -> Any:
        """The second."""
        return self.approve.execute(self.context(bulk_runs.Place("nightly", run), bulk_modes.APPROVE, **conf))

    def answered(self, word: str) -> Any:
        """The second, when somebody has answered."""
        context = self.context(test_bulk_replays.AGAIN, bulk_modes.APPROVE)
        return self.approve.execute_complete({**context, "task": self.approve}, {**ANSWER, "chosen_options": [word]})

    def names(self) -> list[str]:
        """The accounts of this test that stand in the org."""
        return sorted(each["Name"] for each in self.org.query("SELECT Name FROM Account WHERE External_Id__c IN ('a', 'b')"))


@pytest.fixture
def undoing(run_base: Path, connect: Any, org: steering.Org, monkeypatch: pytest.MonkeyPatch, hurried: None) -> Undoing:
    """The first run is over, and created both accounts."""
    connect()
    org.empty("Account")
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor("failed"), raising=False)
    made = Undoing(run_base, org)
    made.loaded()
    return made


def test_a_no_skips_the_undoing_and_a_yes_goes_on(undoing: Undoing) -> None:
    """Both answers are kept, with who gave them; then the records go, and the summary says all that."""
    told = undoing.dry_run()
    assert {"number": 0, "nothing": False, "objects": {"Account": {"delete": 2, "restore": 0, "changedSince": 0}}} == told
    with pytest.raises(DownstreamTasksSkipped):
        undoing.answered("Reject")
    assert ("REFUSED", "", ["a", "b"]) == _told(undoing)
    assert ["Approve"] == undoing.answered("Approve")
    assert undo_run.AGREED == undoing.asked()
    undoing.act.execute(undoing.context(test_bulk_replays.AGAIN, bulk_modes.ACT))
    assert ("COMPLETED", "", []) == _told(undoing)
    undoing.dry_run("r3")
    with pytest.raises(DownstreamTasksSkipped):
        undoing.asked("r3", undo_confirmed=True)


def test_an_undo_of_no_run_is_refused_before_it_looks(undoing: Undoing) -> None:
    """The same sentence as for a replay."""
    context = undoing.context(test_bulk_replays.AGAIN, bulk_modes.DRY_RUN, undo_of="r7")
    with pytest.raises(AirflowFailException, match=r"undo_of: no run of nightly is called r7"):
        undoing.task(bulk_undos.DryRunOperator, bulk_modes.DRY_RUN).execute(context)


def test_a_cancelled_undo_aborts_its_job_and_tells_what_it_did(undoing: Undoing) -> None:
    """Nobody heard the cancel: the summary carries it out, collects the job, and counts what it left; the records stay."""
    undoing.dry_run()
    undoing.org.steer(looks=3)
    task = undoing.task(bulk_undos.ActOperator, "acts")
    trigger = test_bulk_replays.deferred(task, undoing.context(test_bulk_replays.AGAIN, bulk_modes.ACT))
    undoing.org.steer(looks=1_000)
    told = undoing.closed(STATES | {bulk_modes.ACT: "failed"})
    assert ("FAILED", 0, 2, ["a", "b"]) == (told["status"], told["deleted"], told["failed"], undoing.names())
    states = [{"id": each, "state": "Aborted", "processed": 0, "failed": 0} for each in trigger.jobs]
    assert (states, True) == (told["objects"]["Account"]["jobs"], "somebody ended it while it waited" in told["red"])


def _told(undoing: Undoing) -> tuple[str, str, list[str]]:
    found = undoing.closed(STATES)
    return found["status"], found["red"], undoing.names()
