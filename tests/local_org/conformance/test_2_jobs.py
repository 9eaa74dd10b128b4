"""Section 2: the life of an ingest job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

REDUCED = ["id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state"]
END = ["concurrencyMode", "contentType", "apiVersion"]
CREATED = [*REDUCED, *END, "contentUrl", "lineEnding", "columnDelimiter"]
TIMES = ["retries", "totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"]
COUNTERS = ["numberRecordsProcessed", "numberRecordsFailed"]


@pytest.mark.real
def test_2_1_created_job_has_these_keys_in_this_order(salesforce: Salesforce) -> None:
    """No jobType, no counters."""
    assert CREATED == list(salesforce.create())


@pytest.mark.real
def test_2_1_an_upserts_key_stands_after_the_state(salesforce: Salesforce) -> None:
    """Only where it was given."""
    job = salesforce.create(operation="upsert", externalIdFieldName="External_Id__c")
    assert [*REDUCED, "externalIdFieldName", *CREATED[len(REDUCED) :]] == list(job)


@pytest.mark.real
def test_2_1_defaults_are_told(salesforce: Salesforce) -> None:
    """Open, Parallel, CSV, LF, COMMA; the upload's path has no slash at its start."""
    job = salesforce.create()
    assert ("Open", "Parallel", "CSV", "LF", "COMMA", f"services/data/v66.0/jobs/ingest/{job['id']}/batches") == tuple(
        job[name] for name in ("state", "concurrencyMode", "contentType", "lineEnding", "columnDelimiter", "contentUrl")
    )


@pytest.mark.real
def test_2_1_an_objects_name_is_told_as_it_is_spelled(salesforce: Salesforce) -> None:
    """`account` is Account."""
    assert "Account" == salesforce.create("account")["object"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"object": "Foo__c", "operation": "insert"}, "INVALIDJOB", "InvalidJob : Unable to find object: Foo__c"),
        ({"object": "", "operation": "insert"}, "INVALIDJOB", "InvalidJob : Unable to find object: "),
        (
            {"object": "Account", "operation": "upsert", "externalIdFieldName": "AccountExtId__c"},
            "INVALIDJOB",
            "InvalidJob : Field name provided, AccountExtId__c does not match an External ID for Account",
        ),
        (
            {"object": "Account", "operation": "upsert", "externalIdFieldName": "Phone"},
            "INVALIDJOB",
            "InvalidJob : Field name provided, Phone does not match an External ID for Account",
        ),
        (
            {"object": "Account", "operation": "upsert"},
            "INVALIDJOB",
            "InvalidJob : External ID was blank for Account. An External ID must be specified for upsert.",
        ),
        ({"object": "Account", "operation": "xyz"}, "API_ERROR", "Invalid value: 'xyz' supplied for property: 'operation'"),
        ({"object": "Account", "operation": "INSERT"}, "API_ERROR", "Invalid value: 'INSERT' supplied for property: 'operation'"),
        (
            {"object": "Account", "operation": "insert", "contentType": "JSON"},
            "API_ERROR",
            "Invalid value: 'JSON' supplied for property: 'contentType'",
        ),
        (
            {"object": "Account", "operation": "insert", "lineEnding": "CR"},
            "API_ERROR",
            "Invalid value: 'CR' supplied for property: 'lineEnding'",
        ),
        (
            {"object": "Account", "operation": "insert", "columnDelimiter": ","},
            "API_ERROR",
            "Invalid value: ',' supplied for property: 'columnDelimiter'",
        ),
    ],
)
def test_2_1_1_a_bad_job_is_refused(salesforce: Salesforce, body: dict[str, Any], code: str, message: str) -> None:
    """Error and text as captured."""
    assert [{"errorCode": code, "message": message}] == salesforce.refused(**body)


@pytest.mark.real
def test_2_2_an_upload_is_201_and_empty(salesforce: Salesforce) -> None:
    """And leaves the job Open."""
    job_id = salesforce.create()["id"]
    answer = salesforce.upload(job_id, "Name\nx")
    assert (201, b"", "Open") == (answer.status_code, answer.content, salesforce.job(job_id)["state"])


@pytest.mark.real
def test_2_2_garbage_is_taken_and_fails_later(salesforce: Salesforce) -> None:
    """Content isn't looked at before the job is closed."""
    job = salesforce.run("Bacon__c\nx\n")
    assert ("Failed", 0, 0) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])


@pytest.mark.real
def test_2_2_the_last_row_needs_no_newline(salesforce: Salesforce) -> None:
    """It is a row all the same."""
    assert 1 == salesforce.run(f"Name\n{salesforce.key('last')}")["numberRecordsProcessed"]


@pytest.mark.real
@pytest.mark.parametrize("text", ["", "Name\n", "Name"])
def test_2_2_an_upload_without_rows_completes(salesforce: Salesforce, text: str) -> None:
    """Zero bytes, or a header alone."""
    job = salesforce.run(text)
    assert ("JobComplete", 0, 0) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])


@pytest.mark.user
def test_2_2_a_second_upload_is_refused_and_spoils_the_job(salesforce: Salesforce) -> None:
    """One PUT per job; the text names the job by 15 characters."""
    job_id = salesforce.create()["id"]
    salesforce.upload(job_id, "Name\nx\n")
    second, closed = salesforce.upload(job_id, "Name\nx\n"), salesforce.patch(job_id, "UploadComplete")
    text = (
        f"Found multipe contents for job: <{job_id[:15]}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job "
        "and make sure you only do 'PUT' once on a given Job."
    )
    assert (400, [{"errorCode": "BULK_API_ERROR", "message": text}]) == (second.status_code, second.json())
    assert (400, [{"errorCode": "INVALIDJOB", "message": text}]) == (closed.status_code, closed.json())


@pytest.mark.unknown
def test_2_2_an_upload_to_a_closed_job_is_refused(salesforce: Salesforce) -> None:
    """INVALIDJOBSTATE."""
    answer = salesforce.upload(salesforce.run("Name\n")["id"], "Name\nx\n")
    assert (400, "INVALIDJOBSTATE") == (answer.status_code, answer.json()[0]["errorCode"])


@pytest.mark.real
def test_2_3_closing_answers_with_the_reduced_job(salesforce: Salesforce) -> None:
    """No jobType, no counters, no dialect."""
    job_id = salesforce.create()["id"]
    salesforce.upload(job_id, "Name\n")
    answer = salesforce.patch(job_id, "UploadComplete")
    assert (200, [*REDUCED, *END], "UploadComplete") == (answer.status_code, list(answer.json()), answer.json()["state"])


@pytest.mark.unknown
def test_2_3_a_job_closed_without_an_upload_completes(salesforce: Salesforce) -> None:
    """With no rows."""
    job_id = salesforce.create()["id"]
    salesforce.patch(job_id, "UploadComplete")
    job = salesforce.ended(job_id)
    assert ("JobComplete", 0) == (job["state"], job["numberRecordsProcessed"])


@pytest.mark.real
def test_2_4_an_open_job_can_be_aborted(salesforce: Salesforce) -> None:
    """The reduced job, Aborted."""
    answer = salesforce.patch(salesforce.create()["id"], "Aborted")
    assert (200, [*REDUCED, *END], "Aborted") == (answer.status_code, list(answer.json()), answer.json()["state"])


@pytest.mark.real
@pytest.mark.parametrize(
    ("end", "state", "message"),
    [
        ("JobComplete", "Aborted", "Aborting already Completed Job not allowed"),
        ("JobComplete", "UploadComplete", "Closing already Completed Job not allowed"),
        ("Aborted", "UploadComplete", "Closing already aborted Job not allowed"),
        ("Aborted", "Aborted", "Aborting already Aborted Job not allowed"),
        ("Failed", "Aborted", "Aborting already Failed Job not allowed"),
    ],
)
def test_2_5_an_ended_job_stays_as_it_ended(salesforce: Salesforce, end: str, state: str, message: str) -> None:
    """INVALIDJOBSTATE, the message without a prefix."""
    if end == "Aborted":
        job_id = salesforce.create()["id"]
        salesforce.patch(job_id, "Aborted")
    else:
        job_id = salesforce.run("Bacon__c\nx\n" if end == "Failed" else "Name\n")["id"]
    answer = salesforce.patch(job_id, state)
    assert (400, [{"errorCode": "INVALIDJOBSTATE", "message": message}]) == (answer.status_code, answer.json())


@pytest.mark.unknown
def test_2_5_another_state_is_refused(salesforce: Salesforce) -> None:
    """Only the two can be asked for."""
    assert 400 == salesforce.patch(salesforce.create()["id"], "JobComplete").status_code


@pytest.mark.real
def test_2_6_an_open_job_without_data_has_no_counters(salesforce: Salesforce) -> None:
    """But contentUrl, jobType and times of zero."""
    job = salesforce.job(salesforce.create()["id"])
    assert [*REDUCED, *END, "jobType", "contentUrl", "lineEnding", "columnDelimiter", *TIMES] == list(job)
    assert ("V2Ingest", 0) == (job["jobType"], sum(job[name] for name in TIMES))


@pytest.mark.real
def test_2_6_an_open_job_with_data_has_counters_of_zero(salesforce: Salesforce) -> None:
    """And still its contentUrl."""
    job_id = salesforce.create()["id"]
    salesforce.upload(job_id, "Name\nx\n")
    job = salesforce.job(job_id)
    assert ("Open", 0, 0, True) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"], "contentUrl" in job)


@pytest.mark.real
def test_2_6_a_complete_job_has_these_keys_in_this_order(salesforce: Salesforce) -> None:
    """As in the capture; no contentUrl."""
    job = salesforce.upsert(f"External_Id__c,Name\n{salesforce.key('six')},{salesforce.key('six')}\n")
    own = [*REDUCED, "externalIdFieldName", *END, "jobType", "lineEnding", "columnDelimiter", *COUNTERS, *TIMES]
    assert own == list(job)


@pytest.mark.real
def test_2_6_only_a_failed_job_has_an_error_message_as_its_last_key(salesforce: Salesforce) -> None:
    """`code : text`."""
    job = salesforce.run("Bacon__c\nx\n")
    assert ("errorMessage", "InvalidBatch : Field name not found : Bacon__c") == (list(job)[-1], job["errorMessage"])


@pytest.mark.real
def test_2_6_processed_counts_failed_rows_too(salesforce: Salesforce) -> None:
    """Row failures alone leave the job JobComplete."""
    job = salesforce.run(f'Name\n{salesforce.key("ok")}\n""\n'.replace('""', '" "'))
    assert ("JobComplete", 2, 1) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])


@pytest.mark.doc
def test_2_8_an_open_job_cannot_be_deleted(salesforce: Salesforce) -> None:
    """It isn't terminated."""
    answer = salesforce.call("DELETE", f"/jobs/ingest/{salesforce.create()['id']}")
    text = "Error encountered when deleting the job because the job is not terminated"
    assert (400, [{"errorCode": "API_ERROR", "message": text}]) == (answer.status_code, answer.json())


@pytest.mark.real
def test_2_8_a_deleted_job_is_gone_with_all_its_parts(salesforce: Salesforce) -> None:
    """204, then 404 everywhere."""
    path = f"/jobs/ingest/{salesforce.run(chr(78) + 'ame')['id']}"
    answer = salesforce.call("DELETE", path)
    gone = [salesforce.call("GET", path + part).status_code for part in ("", "/successfulResults", "/failedResults", "/unprocessedrecords")]
    assert (204, b"", [404] * 4) == (answer.status_code, answer.content, gone)


@pytest.mark.doc
def test_2_9_a_small_job_can_be_created_with_its_data(salesforce: Salesforce) -> None:
    """Multipart: UploadComplete at once, no contentUrl, no PATCH needed."""
    parts = {
        "job": (None, json.dumps({"object": "Account", "operation": "insert", "contentType": "CSV"}), "application/json"),
        "content": ("content", f"Name\n{salesforce.key('multi')}\n", "text/csv"),
    }
    answer = salesforce.call("POST", "/jobs/ingest", files=parts)
    job = answer.json()
    assert (200, "UploadComplete", False) == (answer.status_code, job["state"], "contentUrl" in job)
    salesforce.jobs.append(job["id"])
    assert 1 == salesforce.ended(job["id"])["numberRecordsProcessed"]


@pytest.mark.doc
def test_2_9_data_of_a_multipart_job_has_a_limit(salesforce: Salesforce) -> None:
    """100,000 characters."""
    parts = {
        "job": (None, json.dumps({"object": "Account", "operation": "insert"}), "application/json"),
        "content": ("content", "Name\n" + "x" * 100_001, "text/csv"),
    }
    assert 400 == salesforce.call("POST", "/jobs/ingest", files=parts).status_code
