"""Jobs in a real org → the trigger's one event; what passes, what is told, what is left alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.module_loading import import_string

from bulkload_airflow import bulk_polls, bulk_triggers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.running import steering


@pytest.fixture(autouse=True)
async def _polls() -> AsyncIterator[None]:
    """Close the shared session with its event loop."""
    yield
    await bulk_polls.close()


@pytest.fixture
def closed_job(connect: Any, tmp_path: Path) -> Any:
    """Submit a job of one account; its id."""

    def submit(name: str = "Acme") -> str:
        client = connect().client()
        csv = tmp_path / "one.csv"
        csv.write_text(f'Name\n"{name}"\n', "utf-8")
        job_id: str = client.create_job("Account", "insert", None)
        client.upload(job_id, csv)
        client.close(job_id)
        return job_id

    return submit


def trigger(*job_ids: str, seconds: float = 20.0, poll: float = 0.05) -> bulk_triggers.BulkJobTrigger:
    """A trigger that waits for some seconds."""
    now = time.time()
    return bulk_triggers.BulkJobTrigger(
        conn_id="salesforce_default", jobs=dict.fromkeys(job_ids, "Account"), poll_seconds=poll, began=now, deadline=now + seconds
    )


async def events(of: bulk_triggers.BulkJobTrigger) -> list[Any]:
    """All payloads that a trigger tells."""
    return [event.payload async for event in of.run()]


async def test_it_tells_once_when_all_jobs_have_ended(closed_job: Any, org: steering.Org) -> None:
    """One trigger watches a list of jobs; the event holds ids and states, nothing else."""
    org.steer(job_seconds=0.3)
    first, second = closed_job(), closed_job()
    assert [{"status": "ended", "states": {first: "JobComplete", second: "JobComplete"}}] == await events(trigger(first, second))


async def test_a_failed_job_is_a_result(closed_job: Any, org: steering.Org) -> None:
    """Failed is an end like another."""
    org.steer(job_ends=[{"object": "Account", "state": "Failed", "at": 1.0, "message": "InternalServerError : told to"}])
    job_id = closed_job()
    assert [{"status": "ended", "states": {job_id: "Failed"}}] == await events(trigger(job_id))


async def test_a_wait_that_is_over_says_so_and_leaves_the_job_alone(closed_job: Any, connect: Any, org: steering.Org) -> None:
    """Our time-out neither aborts nor deletes."""
    org.steer(job_seconds=3600)
    job_id = closed_job()
    (event,) = await events(trigger(job_id, seconds=0.2))
    assert ("over", True) == (event["status"], connect().client().job(job_id)["state"] in {"UploadComplete", "InProgress"})


@pytest.mark.parametrize("fault", ["503", "reset", "html"])
async def test_a_poll_that_fails_is_repeated(closed_job: Any, org: steering.Org, fault: str) -> None:
    """A gateway's hiccup is no failed job."""
    job_id = closed_job()
    org.fault(fault, times=2)
    assert [{"status": "ended", "states": {job_id: "JobComplete"}}] == await events(trigger(job_id))


async def test_an_expired_session_logs_in_again(closed_job: Any, org: steering.Org, connect: Any, doors: dict[str, Any]) -> None:
    """A night's load outlives its token."""
    job_id = closed_job()
    connect({**doors, "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": "acme.my", "version": "63.0"})
    org.fault("401", times=1)
    assert [{"status": "ended", "states": {job_id: "JobComplete"}}] == await events(trigger(job_id))


async def test_a_job_that_is_gone_is_told(connect: Any) -> None:
    """404 is an end, and no transport fault."""
    connect()
    assert [{"status": "ended", "states": {"750000000000000AAA": "gone"}}] == await events(trigger("750000000000000AAA"))


async def test_a_refused_login_ends_the_wait_so_that_the_task_can_say_why(closed_job: Any, org: steering.Org, connect: Any) -> None:
    """The event holds no error text; the task asks itself and fails with it."""
    job_id = closed_job()
    connect({"session_id": "00D!nobody", "instance_url": org["http_url"]})
    assert [{"status": "refused", "states": {job_id: ""}}] == await events(trigger(job_id))


async def test_it_is_made_again_from_what_it_serializes(closed_job: Any) -> None:
    """Any triggerer may take it over, at any time, with the same deadline."""
    first = trigger(closed_job())
    path, given = first.serialize()
    assert (path, given) == import_string(path)(**given).serialize()
    assert await events(first) == await events(import_string(path)(**given))


async def test_a_bug_is_not_swallowed(connect: Any) -> None:
    """A trigger that can't work fails its task; it doesn't tell of a failed job."""
    connect()
    with pytest.raises(TypeError):
        await events(trigger(None))  # type: ignore[arg-type]


async def test_a_trigger_without_a_task_kills_nothing(closed_job: Any, connect: Any, org: steering.Org) -> None:
    """on_kill aborts only what a failed task instance waited for."""
    org.steer(job_seconds=3600)
    job_id = closed_job()
    await trigger(job_id).on_kill()
    assert connect().client().job(job_id)["state"] != "Aborted"


def test_pauses_grow_with_faults_and_never_fall_below_the_first() -> None:
    """Jitter only lengthens, a Retry-After is obeyed, and five minutes are the most."""
    made = trigger("750000000000000AAA", poll=10)
    pauses = [made._pause(faults, 0) for faults in range(12)]
    assert (True, True, True) == (all(10 <= each <= 330 for each in pauses), pauses[-1] > pauses[0], made._pause(0, 100) >= 100)
