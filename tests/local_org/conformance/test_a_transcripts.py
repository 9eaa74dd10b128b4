"""Appendix A and the captures of sections 2.1, 2.6 and 3, played again key for key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

BASE = "/services/data/v52.0/jobs/ingest"
REDUCED = [
    "id",
    "operation",
    "object",
    "createdById",
    "createdDate",
    "systemModstamp",
    "state",
    "concurrencyMode",
    "contentType",
    "apiVersion",
]
DIALECT = ["lineEnding", "columnDelimiter"]
TIMES = ["retries", "totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"]
COUNTERS = ["numberRecordsProcessed", "numberRecordsFailed"]
OPEN = [*REDUCED, "jobType", "contentUrl", *DIALECT]
CLOSED = [*REDUCED, "jobType", *DIALECT, *COUNTERS, *TIMES]
ENDED = {"JobComplete", "Failed", "Aborted"}

# Section 2.6, as it was captured; what differs between two runs is left out of the comparison.
CAPTURED = json.loads("""
{"id":"750ak000009Dl5bAAC","operation":"upsert","object":"Opportunity","createdById":"005ak000005hvjJAAQ",
 "createdDate":"2024-09-10T13:12:38.000+0000","systemModstamp":"2024-09-10T13:12:47.000+0000",
 "state":"JobComplete","externalIdFieldName":"external_id__c","concurrencyMode":"Parallel","contentType":"CSV",
 "apiVersion":59.0,"jobType":"V2Ingest","lineEnding":"LF","columnDelimiter":"COMMA",
 "numberRecordsProcessed":8,"numberRecordsFailed":1,"retries":0,
 "totalProcessingTime":478,"apiActiveProcessingTime":191,"apexProcessingTime":0}
""")
OWN = {"id", "createdById", "createdDate", "systemModstamp", "totalProcessingTime", "apiActiveProcessingTime"}
BAD = "2003-04-987654321987654321"
REFUSED = f"INVALID_FIELD:Failed to deserialize field at col 3. Due to, '{BAD}' is not a valid value for the type xsd:date:CloseDate --"


def said(salesforce: Salesforce, method: str, path: str = "", **more: Any) -> tuple[int, Any]:
    """Call a path of version 52; status and JSON, or text."""
    answer = salesforce.call(method, BASE + path, **more)
    return answer.status_code, answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content.decode()


@pytest.mark.real
def test_a_four_accounts_are_updated(salesforce: Salesforce) -> None:
    """Each answer of the run has the keys of the transcript, in their order."""
    made = salesforce.run("Name\n" + "".join(f"{salesforce.key('run')}{n}\n" for n in range(4)))
    rows = "".join(f"{row['sf__Id']},555\n" for row in salesforce.rows(made, "successfulResults"))
    status, job = said(salesforce, "POST", json={"object": "Account", "contentType": "CSV", "operation": "update"})
    url = f"services/data/v52.0/jobs/ingest/{job['id']}/batches"
    assert (200, [*REDUCED, "contentUrl", *DIALECT], "Open", 52.0, url, "LF", "COMMA") == (
        status,
        list(job),
        *(job[name] for name in ("state", "apiVersion", "contentUrl", "lineEnding", "columnDelimiter")),
    )
    salesforce.jobs.append(job["id"])
    path = "/" + job["id"]
    status, job = said(salesforce, "GET", path)
    assert (200, [*OPEN, *TIMES], "V2Ingest", [0, 0, 0, 0]) == (status, list(job), job["jobType"], [job[name] for name in TIMES])
    csv = {"Content-Type": "text/csv"}
    assert (201, "") == said(salesforce, "PUT", path + "/batches", data="Id,Phone\n" + rows, headers=csv)
    status, job = said(salesforce, "GET", path)
    assert (200, [*OPEN, *COUNTERS, *TIMES], "Open", url) == (status, list(job), job["state"], job["contentUrl"])
    status, job = said(salesforce, "PATCH", path, json={"state": "UploadComplete"})
    assert (200, REDUCED, "UploadComplete") == (status, list(job), job["state"])
    while job["state"] not in ENDED:
        status, job = said(salesforce, "GET", path)
        assert (200, CLOSED) == (status, list(job))
    assert ("JobComplete", 4, 0) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])
    results = [said(salesforce, "GET", f"{path}/{kind}") for kind in ("failedResults", "unprocessedrecords")]
    assert [(200, '"sf__Id","sf__Error",Id,Phone'), (200, "Id,Phone")] == [(status, text.rstrip("\n")) for status, text in results]


@pytest.mark.real
@pytest.mark.local
def test_2_6_and_3_eight_opportunities_one_of_them_refused(salesforce: Salesforce) -> None:
    """The job and the refused row letter for letter; the key's own name and values aside."""
    names = [f"external-id-{n}" for n in range(8)]
    keys = [salesforce.key(name) for name in names]
    rows = [f"Noemi Miller,GENERATED,{key},{BAD if n == 3 else '2003-04-05'}" for n, key in enumerate(keys)]
    base = "/services/data/v59.0/jobs/ingest"
    body = {"object": "Opportunity", "operation": "upsert", "externalIdFieldName": "external_id__c", "lineEnding": "LF"}
    made = salesforce.call("POST", base, json=body).json()
    salesforce.jobs.append(made["id"])
    text = "Name,StageName,external_id__c,CloseDate\n" + "\n".join(rows)
    salesforce.call("PUT", f"{base}/{made['id']}/batches", data=text, headers={"Content-Type": "text/csv"}).raise_for_status()
    salesforce.call("PATCH", f"{base}/{made['id']}", json={"state": "UploadComplete"}).raise_for_status()
    while (job := salesforce.call("GET", f"{base}/{made['id']}").json())["state"] not in ENDED:
        pass
    assert list(CAPTURED) == list(job)
    assert {name: CAPTURED[name] for name in CAPTURED if name not in OWN} == {name: job[name] for name in job if name not in OWN}
    header = '"sf__Id","sf__Error",Name,StageName,external_id__c,CloseDate'
    failed = f'"","{REFUSED}","Noemi Miller","GENERATED","{keys[3]}","{BAD}"'
    assert [header, failed] == salesforce.text(job, "failedResults").rstrip("\n").split("\n")


@pytest.mark.real
@pytest.mark.local
def test_2_1_an_upsert_of_opportunities_is_created(salesforce: Salesforce) -> None:
    """All keys in order, all values but Ids and dates."""
    body = {"object": "Opportunity", "operation": "upsert", "externalIdFieldName": "external_id__c", "contentType": "CSV"}
    job = salesforce.call("POST", "/services/data/v60.0/jobs/ingest", json=body).json()
    salesforce.jobs.append(job["id"])
    expected = {
        "id": job["id"],
        "operation": "upsert",
        "object": "Opportunity",
        "createdById": job["createdById"],
        "createdDate": job["createdDate"],
        "systemModstamp": job["createdDate"],
        "state": "Open",
        "externalIdFieldName": "external_id__c",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 60.0,
        "contentUrl": f"services/data/v60.0/jobs/ingest/{job['id']}/batches",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert list(expected.items()) == list(job.items())


@pytest.mark.real
def test_2_5_and_1_1_a_complete_job_is_aborted_in_vain(salesforce: Salesforce) -> None:
    """The whole body, as captured."""
    answer = salesforce.patch(salesforce.run("Name\n")["id"], "Aborted")
    assert [{"errorCode": "INVALIDJOBSTATE", "message": "Aborting already Completed Job not allowed"}] == answer.json()
