"""The sweep's tasks: run folders found by the deployment's settings, what was done told, troubles red."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time import task_runner

from bulkload_airflow import bulk_runs, bulk_sweep
from tests.plugins.bulkload_airflow.conftest import TaskInstance
from tests.plugins.bulkload_airflow.test_bulk_runs import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

OLD = datetime.now(UTC) - timedelta(days=60)


@pytest.fixture
def old(run_base: Path, monkeypatch: pytest.MonkeyPatch) -> bulk_runs.Place:
    """A run that never began, two months ago; its payload still lies there. Airflow says that it failed."""
    place = bulk_runs.Place("nightly", "r1")
    assert run_base.is_dir()
    place.folder().write("payload.json", {"name": "Secret Name"})
    place.folder().write("summary.json", {"failedAt": OLD.isoformat()})
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor("failed"), raising=False)
    return place


def swept(part: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Run a task; what it pushed."""
    task_instance = TaskInstance(part)
    bulk_sweep.SweepOperator(task_id=part, part=part).execute({"ti": task_instance, "params": {"dry_run": dry_run}})
    return dict(task_instance.pushed["return_value"])


def test_an_old_runs_payload_goes(old: bulk_runs.Place) -> None:
    """The summary stays; who only asks is told the same."""
    told = swept("files", dry_run=True)
    assert ["payload.json", "summary.json"] == old.folder().names("")
    assert (1, told) == (told["count"], swept("files"))
    assert ["ledger/swept.json", "summary.json"] == old.folder().names("")


@pytest.mark.parametrize("part", ["open_jobs", "finished_jobs"])
def test_a_run_without_jobs_asks_no_org(old: bulk_runs.Place, part: str) -> None:
    """There is no connection here."""
    assert ("r1", {"count": 0, "done": [], "troubles": []}) == (old.run_id, swept(part))


def test_others_jobs_are_looked_for_in_each_org(old: bulk_runs.Place, connect: Any) -> None:
    """Over the connections that loads may use."""
    connect()
    assert ("r1", 0) == (old.run_id, swept("strangers")["count"])


def test_troubles_are_red(old: bulk_runs.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Airflow that doesn't answer may call the run running: it stays, and the task tells."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(None), raising=False)
    with pytest.raises(AirflowFailException, match="nightly r1: Airflow doesn't tell"):
        swept("files")
    assert ["payload.json", "summary.json"] == old.folder().names("")
