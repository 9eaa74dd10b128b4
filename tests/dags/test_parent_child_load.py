"""The DAG file → a DAG as people expect one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAGS = Path(__file__).parents[2] / "dags"
FLOW = [
    "mode",
    "split",
    "parent_job",
    "wait_for_parent",
    "settle_parent",
    "id_map",
    "orphan_filter",
    "child_job",
    "wait_for_child",
    "settle_child",
    "replay.choose",
    "replay.send",
    "undo.dry_run",
    "undo.approve",
    "undo.act",
    "summary",
]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def bag(folder: Path = DAGS) -> DagBag:
    """Read the DAGs as the dag-processor does."""
    return DagBag(dag_folder=str(folder))


@pytest.fixture(scope="module")
def dag() -> DAG:
    """The DAG, read once."""
    return bag().dags["parent_child_load"]


def test_the_tasks_are_the_flow(dag: DAG) -> None:
    """The owner's shape, in order."""
    assert FLOW == [task.task_id for task in dag.topological_sort()]


def test_a_dag_is_dressed(dag: DAG) -> None:
    """Tags, owner, picture, one run at a time, no catching up, and no time-out that would skip the summary."""
    assert (True, "bulkload", True, 1, False, None) == (
        bool(dag.tags),
        dag.owner,
        "settle_parent" in (dag.doc_md or ""),
        dag.max_active_runs,
        dag.catchup,
        dag.dagrun_timeout,
    )


def test_every_task_retries_with_growing_pauses(dag: DAG) -> None:
    """A fault that passes costs a pause, no person."""
    assert {(3, 2)} == {(task.retries, task.retry_exponential_backoff) for task in dag.tasks}


def test_the_summary_is_a_teardown_that_decides_the_colour(dag: DAG) -> None:
    """It runs after failures and cancels, and its failure is the run's; it waits for every chunk."""
    summary = dag.get_task("summary")
    assert (True, True) == (summary.is_teardown, summary.on_failure_fail_dagrun)
    assert {
        "parent_job",
        "wait_for_parent",
        "child_job",
        "wait_for_child",
        "settle_child",
        "replay.send",
        "undo.act",
    } == summary.upstream_task_ids


def test_what_repeats_per_job_is_mapped(dag: DAG) -> None:
    """A worker each, and no data in the DAG's shape."""
    assert {"parent_job", "wait_for_parent", "child_job", "wait_for_child"} == {task.task_id for task in dag.tasks if task.is_mapped}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"BULKLOAD_SCHEDULE": "@daily", "BULKLOAD_SOURCE_URI": "s3://b/a.jsonl"}, "BULKLOAD_DUPLICATES_OK"),
        ({"BULKLOAD_SCHEDULE": "@daily", "BULKLOAD_DUPLICATES_OK": "emptied nightly"}, "BULKLOAD_SOURCE_URI"),
    ],
)
def test_an_unsafe_schedule_is_an_import_error_that_says_why(
    environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schedule that would insert rows again and again never starts."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (error,) = bag().import_errors.values()
    assert told in error


def test_a_schedule_and_its_source_need_no_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both come from the deployment."""
    settings: dict[str, Any] = {
        "BULKLOAD_SCHEDULE": "15 2 * * *",
        "BULKLOAD_SOURCE_URI": "s3://b/a.jsonl",
        "BULKLOAD_DUPLICATES_OK": "emptied nightly",
        "BULKLOAD_POOL": "salesforce_jobs",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = bag().dags["parent_child_load"]
    assert ("15 2 * * *", "s3://b/a.jsonl", {"salesforce_jobs"}) == (
        found.timetable.summary if hasattr(found.timetable, "summary") else found.timetable.expression,
        found.params["payload_uri"],
        {task.pool for task in found.tasks},
    )
