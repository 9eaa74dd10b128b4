"""Section 2.10: how long jobs and results are kept, by the org's clock, which these tests move."""

from __future__ import annotations

import email.utils
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conftest import DAY, HOUR

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

pytestmark = pytest.mark.local
PARTS = ("", "/successfulResults", "/failedResults", "/unprocessedrecords")


def statuses(steered: Steered, job_id: str) -> list[int]:
    """Ask for a job and its three results."""
    return [steered.call("GET", f"/jobs/ingest/{job_id}{part}").status_code for part in PARTS]


@pytest.mark.doc
def test_2_10_an_ended_job_and_its_results_are_kept_for_seven_days(steered: Steered) -> None:
    """Then they are 404, and not listed any more."""
    job_id = steered.run("Name\nkept\n")["id"]
    steered.steer(clock_skew_seconds=7 * DAY - HOUR)
    assert [200] * 4 == statuses(steered, job_id)
    steered.steer(clock_skew_seconds=7 * DAY + HOUR)
    assert [404] * 4 == statuses(steered, job_id)
    assert job_id not in [each["id"] for each in steered.call("GET", "/jobs/ingest").json()["records"]]


@pytest.mark.doc
def test_2_10_the_seven_days_begin_at_the_end(steered: Steered) -> None:
    """Not when the job was created."""
    job_id = steered.create()["id"]
    steered.upload(job_id, "Name\nlate\n")
    steered.steer(clock_skew_seconds=23 * HOUR)
    steered.patch(job_id, "UploadComplete")
    steered.ended(job_id)
    steered.steer(clock_skew_seconds=7 * DAY + 22 * HOUR)
    assert [200] * 4 == statuses(steered, job_id)


@pytest.mark.unknown
def test_2_10_a_job_that_was_open_for_a_day_is_aborted(steered: Steered) -> None:
    """It takes no upload and can't be closed; what becomes of it is our choice."""
    job_id = steered.create()["id"]
    steered.steer(clock_skew_seconds=23 * HOUR)
    assert steered.job(job_id)["state"] == "Open"
    steered.steer(clock_skew_seconds=25 * HOUR)
    upload, closed = steered.upload(job_id, "Name\nx\n"), steered.patch(job_id, "UploadComplete")
    assert ("Aborted", 400, 400) == (steered.job(job_id)["state"], upload.status_code, closed.status_code)
    assert [{"errorCode": "INVALIDJOBSTATE", "message": "Closing already aborted Job not allowed"}] == closed.json()


@pytest.mark.doc
def test_2_10_a_job_that_never_ends_is_cleaned_up_after_seven_days(steered: Steered) -> None:
    """Whatever it still had to do."""
    steered.steer(looks=1000)
    job_id = steered.create()["id"]
    steered.upload(job_id, "Name\nx\n")
    steered.patch(job_id, "UploadComplete")
    steered.steer(clock_skew_seconds=7 * DAY + HOUR)
    assert [404] * 4 == statuses(steered, job_id)


@pytest.mark.known
def test_2_10_all_dates_are_by_the_orgs_clock(steered: Steered) -> None:
    """Jobs' dates and the answer's Date."""
    before = email.utils.parsedate_to_datetime(steered.call("GET", "/limits").headers["Date"])
    steered.steer(clock_skew_seconds=10 * DAY)
    answer = steered.call("GET", "/limits")
    after = email.utils.parsedate_to_datetime(answer.headers["Date"])
    assert 10 == (after - before).days
    assert after.strftime("%Y-%m-%d") == steered.create()["createdDate"][:10]
