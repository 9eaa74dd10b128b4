"""The sweep's DAG, read as the dag-processor does: its parts one after the other, asked for only what the deployment says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.dag_processing.dagbag import DagBag

if TYPE_CHECKING:
    from airflow.sdk import DAG

FILE = Path(__file__).parents[2] / "dags" / "sweep.py"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def read() -> DAG:
    """Read the file."""
    bag = DagBag(dag_folder=str(FILE))
    assert {} == bag.import_errors
    return bag.dags["sweep"]


def parts(dag: DAG) -> list[str]:
    """Its tasks, each after the one before."""
    found = [task.task_id for task in dag.topological_sort()]
    assert [{each} for each in found[:-1]] == [dag.get_task(each).upstream_task_ids for each in found[1:]]
    return found


def test_jobs_stay_in_salesforce_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs first, then files; none of them waits for the success of another."""
    monkeypatch.delenv("BULKLOAD_SWEEP_JOBS", raising=False)
    assert ["open_jobs", "files", "strangers"] == parts(read())
    monkeypatch.setenv("BULKLOAD_SWEEP_JOBS", "true")
    assert ["open_jobs", "finished_jobs", "files", "strangers"] == parts(read())
    assert {"all_done"} == {task.trigger_rule.value for task in read().tasks}


def test_it_runs_daily_from_the_next_night_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the first start of a stack; the deployment may say another time."""
    monkeypatch.delenv("BULKLOAD_SWEEP_SCHEDULE", raising=False)
    assert ("@daily", None, False) == (read().schedule, read().start_date, read().catchup)
    monkeypatch.setenv("BULKLOAD_SWEEP_SCHEDULE", "0 4 * * 0")
    assert "0 4 * * 0" == read().schedule
