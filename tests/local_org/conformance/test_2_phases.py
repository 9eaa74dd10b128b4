"""Sections 2.4 to 2.8: a job in each of its states, which these tests hold it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

pytestmark = pytest.mark.local
REDUCED = ["id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state"]
END = ["concurrencyMode", "contentType", "apiVersion"]
COUNTERS = ["numberRecordsProcessed", "numberRecordsFailed"]
TIMES = ["retries", "totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"]
CLOSED = [*REDUCED, *END, "jobType", "lineEnding", "columnDelimiter", *COUNTERS, *TIMES]
KINDS = ("successfulResults", "failedResults", "unprocessedrecords")
GONE = ("", *(f"/{kind}" for kind in KINDS))


def in_state(steered: Steered, state: str) -> str:
    """Bring a job of three chunks into a state, where it stays for a while; its id."""
    if state in {"UploadComplete", "InProgress"}:
        steered.steer(**({"looks": 1000} if state == "UploadComplete" else {"rows_per_second": 100}))
    if state == "InProgress":
        return steered.working(600)
    job_id: str = steered.create()["id"]
    if state != "Open":
        steered.upload(job_id, f"{'Bacon__c' if state == 'Failed' else 'Name'}\n" + "".join(f"{steered.prefix}{n}\n" for n in range(600)))
        steered.patch(job_id, "Aborted" if state == "Aborted" else "UploadComplete")
    if state in {"JobComplete", "Failed"}:
        steered.ended(job_id)
    return job_id


def told(steered: Steered, job_id: str, state: str) -> tuple[int, Any]:
    """Ask for a state; status and error array, or keys."""
    answer = steered.patch(job_id, state)
    return answer.status_code, answer.json() if answer.status_code != 200 else list(answer.json())


@pytest.mark.real
@pytest.mark.parametrize("state", ["UploadComplete", "InProgress", "JobComplete"])
def test_2_6_a_closed_job_has_these_keys_in_this_order(steered: Steered, state: str) -> None:
    """Counters from the start, contentUrl no more."""
    job = steered.job(in_state(steered, state))
    assert (state, CLOSED) == (job["state"], list(job))


@pytest.mark.real
def test_2_6_counts_grow_by_chunks_and_times_with_them(steered: Steered) -> None:
    """Total time stays zero until all batches have ended; systemModstamp is that of the end."""
    job_id = in_state(steered, "InProgress")
    before = steered.job(job_id)
    after = steered.ended(job_id)
    assert (True, 0, 0) == (
        0 < before["numberRecordsProcessed"] < 600,
        before["numberRecordsProcessed"] % 200,
        before["totalProcessingTime"],
    )
    assert (600, True) == (after["numberRecordsProcessed"], after["totalProcessingTime"] >= after["apiActiveProcessingTime"] > 0)
    assert after["createdDate"] <= before["systemModstamp"] <= after["systemModstamp"]


@pytest.mark.inferred
def test_2_6_an_aborted_job_has_no_error_message(steered: Steered) -> None:
    """Only a Failed one has."""
    assert CLOSED == list(steered.job(in_state(steered, "Aborted")))


@pytest.mark.inferred
@pytest.mark.parametrize("state", ["UploadComplete", "InProgress"])
def test_2_5_a_closed_job_cannot_be_closed_again(steered: Steered, state: str) -> None:
    """While it waits and while it is worked on."""
    said = [{"errorCode": "INVALIDJOBSTATE", "message": "Closing already closed Job not allowed"}]
    assert (400, said) == told(steered, in_state(steered, state), "UploadComplete")


@pytest.mark.real
@pytest.mark.parametrize("state", ["Failed", "Aborted", "JobComplete"])
def test_2_5_nothing_opens_a_job_again(steered: Steered, state: str) -> None:
    """Open can't be asked for."""
    job_id = in_state(steered, state)
    assert (400, state) == (told(steered, job_id, "Open")[0], steered.job(job_id)["state"])


@pytest.mark.doc
@pytest.mark.parametrize("state", ["Open", "UploadComplete", "InProgress"])
def test_2_4_a_job_that_has_not_ended_can_be_aborted(steered: Steered, state: str) -> None:
    """200 with the reduced job."""
    job_id = in_state(steered, state)
    assert (200, [*REDUCED, *END]) == told(steered, job_id, "Aborted")
    assert "Aborted" == steered.job(job_id)["state"]


@pytest.mark.doc
def test_2_4_an_abort_before_the_work_hands_all_rows_back(steered: Steered) -> None:
    """Nothing successful, nothing failed."""
    job_id = in_state(steered, "UploadComplete")
    steered.patch(job_id, "Aborted")
    job = steered.job(job_id)
    assert [0, 0, 600] == [len(steered.rows(job, kind)) for kind in KINDS]


@pytest.mark.doc
def test_2_4_what_was_committed_before_an_abort_stays(steered: Steered) -> None:
    """It is not rolled back."""
    steered.steer(abort_lag_seconds=0)
    job_id = in_state(steered, "InProgress")
    steered.patch(job_id, "Aborted")
    job = steered.job(job_id)
    names = {row["Name"] for row in steered.rows(job, "successfulResults")}
    assert names <= {each["Name"] for each in steered.query(f"SELECT Name FROM Account WHERE Name LIKE '{steered.prefix}%'")}
    assert len(names) >= 200


@pytest.mark.unknown
@pytest.mark.parametrize("state", ["UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"])
def test_2_2_only_an_open_job_takes_an_upload(steered: Steered, state: str) -> None:
    """INVALIDJOBSTATE."""
    answer = steered.upload(in_state(steered, state), "Name\nx\n")
    assert (400, ["INVALIDJOBSTATE"]) == (answer.status_code, [each["errorCode"] for each in answer.json()])


@pytest.mark.doc
@pytest.mark.parametrize("state", ["UploadComplete", "JobComplete", "Failed", "Aborted"])
def test_2_8_these_jobs_can_be_deleted(steered: Steered, state: str) -> None:
    """204 and empty; then nothing of them is there, and nothing can be done to them."""
    job_id = in_state(steered, state)
    answer = steered.call("DELETE", f"/jobs/ingest/{job_id}")
    gone = [steered.call("GET", f"/jobs/ingest/{job_id}{part}").status_code for part in GONE]
    gone += [steered.upload(job_id, "Name\nx\n").status_code, steered.patch(job_id, "Aborted").status_code]
    gone.append(steered.call("DELETE", f"/jobs/ingest/{job_id}").status_code)
    assert (204, b"", {404}) == (answer.status_code, answer.content, set(gone))


@pytest.mark.doc
@pytest.mark.parametrize("state", ["Open", "InProgress"])
def test_2_8_these_jobs_cannot_be_deleted(steered: Steered, state: str) -> None:
    """They aren't terminated, and go on."""
    job_id = in_state(steered, state)
    answer = steered.call("DELETE", f"/jobs/ingest/{job_id}")
    said = "Error encountered when deleting the job because the job is not terminated"
    assert (400, [{"errorCode": "API_ERROR", "message": said}]) == (answer.status_code, answer.json())
    assert state == steered.job(job_id)["state"]


@pytest.mark.unknown
def test_3_15_results_of_a_job_at_work_are_those_of_its_finished_chunks(steered: Steered) -> None:
    """200; nothing is unprocessed before the end."""
    job_id = in_state(steered, "InProgress")
    before = steered.job(job_id)
    counts = [len(steered.rows(before, kind)) for kind in KINDS]
    assert [0, 0] == counts[1:]
    assert before["numberRecordsProcessed"] <= counts[0] < 600


@pytest.mark.doc
def test_2_10_a_job_is_worked_on_only_once_it_is_closed(steered: Steered) -> None:
    """However often it is looked at."""
    job_id = steered.create()["id"]
    steered.upload(job_id, "Name\nx\n")
    assert {("Open", 0)} == {(job["state"], job["numberRecordsProcessed"]) for job in (steered.job(job_id) for _ in range(20))}
