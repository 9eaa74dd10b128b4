"""Section 8.10: an abort while chunks are at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

pytestmark = pytest.mark.local
KINDS = ("successfulResults", "failedResults", "unprocessedrecords")


@pytest.mark.unknown
def test_8_10_a_chunk_at_work_at_an_abort_is_committed_a_moment_later(steered: Steered) -> None:
    """The first results after an abort aren't the last ones; in both, each row stands in one file."""
    steered.steer(abort_lag_seconds=2, rows_per_second=100)
    job_id = steered.working(1000)
    assert 200 == steered.patch(job_id, "Aborted").status_code
    job = steered.job(job_id)
    at_once = [len(steered.rows(job, kind)) for kind in KINDS]
    while (later := steered.job(job_id))["numberRecordsProcessed"] == job["numberRecordsProcessed"]:
        pass
    in_the_end = [len(steered.rows(job, kind)) for kind in KINDS]
    assert ("Aborted", [200, 0, 800], [400, 0, 600]) == (later["state"], at_once, in_the_end)
    assert 400 == later["numberRecordsProcessed"]


@pytest.mark.known
def test_8_10_a_job_deleted_after_its_abort_stays_deleted(steered: Steered) -> None:
    """The chunk at work doesn't bring it back."""
    steered.steer(abort_lag_seconds=0.2, rows_per_second=1000)
    job_id = steered.working(2000)
    steered.patch(job_id, "Aborted")
    deleted = steered.call("DELETE", f"/jobs/ingest/{job_id}").status_code
    steered.run("Name\nafter\n")
    assert (204, 404) == (deleted, steered.call("GET", f"/jobs/ingest/{job_id}").status_code)
