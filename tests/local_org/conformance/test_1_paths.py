"""Section 1 and what clients send in fact: slashes, letter case, uploads in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org.conformance.asked import Salesforce

API = "/services/data/v66.0"


@pytest.mark.sfcode
@pytest.mark.parametrize(
    "path",
    [
        "//services/data",
        "/services/data/",
        f"/{API}/sobjects/Account/describe",
        f"{API}/sobjects/Account/describe/",
        f"{API}/limits/",
        f"/{API}//limits",
        f"{API}/query/?q=SELECT+Id+FROM+Account+LIMIT+1",
        f"/{API}/query?q=SELECT+Id+FROM+Account+LIMIT+1",
    ],
)
def test_1_slashes_make_no_difference_anywhere(salesforce: Salesforce, path: str) -> None:
    """Two at the start or in between, or one at the end: the same resource."""
    assert 200 == salesforce.call("GET", path).status_code


@pytest.mark.sfcode
def test_1_slashes_make_no_difference_to_a_job(salesforce: Salesforce) -> None:
    """A whole job with a slash at the end of every path, as the documents write them."""
    base = f"/{API}/jobs/ingest/"
    job = salesforce.call("POST", base, json={"object": "Account", "operation": "insert"}).json()
    salesforce.jobs.append(job["id"])
    put = salesforce.call("PUT", f"{base}{job['id']}/batches/", data=b"Name\n", headers={"Content-Type": "text/csv"})
    closed = salesforce.call("PATCH", f"{base}{job['id']}/", json={"state": "UploadComplete"})
    salesforce.ended(job["id"])
    read = salesforce.call("GET", f"{base}{job['id']}/successfulResults/")
    assert (201, 200, 200) == (put.status_code, closed.status_code, read.status_code)


@pytest.mark.inferred
@pytest.mark.parametrize("path", ["/sobjects/Account/Describe", "/Limits", "/limits/recordcount?sObjects=Account", "/jobs/Ingest"])
def test_1_the_last_segment_has_no_case_anywhere(salesforce: Salesforce, path: str) -> None:
    """Not only that of results."""
    assert 200 == salesforce.call("GET", path).status_code


@pytest.mark.inferred
def test_1_an_upload_may_go_to_batches_in_any_case(salesforce: Salesforce) -> None:
    """PUT …/Batches is PUT …/batches."""
    job_id = salesforce.create()["id"]
    assert 201 == salesforce.call("PUT", f"/jobs/ingest/{job_id}/Batches", data=b"Name\n", headers={"Content-Type": "text/csv"}).status_code


@pytest.mark.known
@pytest.mark.local
def test_1_a_records_key_keeps_its_case(salesforce: Salesforce) -> None:
    """A key that reads like a resource is a key: Case_Key__c tells QUERY from query."""
    salesforce.call("PATCH", "/sobjects/Account/Case_Key__c/QUERY", json={"Name": salesforce.key("upper")}).raise_for_status()
    found = salesforce.call("GET", "/sobjects/Account/Case_Key__c/QUERY").json()
    missing = salesforce.call("GET", "/sobjects/Account/Case_Key__c/query").status_code
    assert (salesforce.key("upper"), "QUERY", 404) == (found["Name"], found["Case_Key__c"], missing)


@pytest.mark.sfcode
def test_1_an_upload_may_come_in_pieces(salesforce: Salesforce) -> None:
    """Transfer-Encoding: chunked, as jsforce sends it; pieces end in the middle of lines, quotes and characters."""
    name = salesforce.key('🚀 "Zoë"\nŁ')
    whole = 'External_Id__c,Name\n{},"{}"\n'.format(salesforce.key("piece"), name.replace('"', '""')).encode()

    def pieces() -> Iterator[bytes]:
        for place in range(0, len(whole), 3):
            yield whole[place : place + 3]

    job_id = salesforce.create(operation="upsert", externalIdFieldName="External_Id__c")["id"]
    put = salesforce.call("PUT", f"/jobs/ingest/{job_id}/batches", data=pieces(), headers={"Content-Type": "text/csv"})
    salesforce.patch(job_id, "UploadComplete")
    salesforce.ended(job_id)
    found = salesforce.query(f"SELECT Name FROM Account WHERE External_Id__c = '{salesforce.key('piece')}'")
    assert (201, [name]) == (put.status_code, [each["Name"] for each in found])


@pytest.mark.sfcode
def test_1_the_end_of_results_is_the_word_null(salesforce: Salesforce) -> None:
    """Sforce-Locator is there with the text `null`, also where there is nothing; it isn't left out."""
    body = {"operation": "query", "query": f"SELECT Id FROM Account WHERE Name = '{salesforce.key('nobody')}'"}
    job_id = salesforce.call("POST", "/jobs/query", json=body).json()["id"]
    while salesforce.call("GET", f"/jobs/query/{job_id}").json()["state"] != "JobComplete":
        pass
    headers = salesforce.call("GET", f"/jobs/query/{job_id}/results").headers
    assert ("null", "0") == (headers["Sforce-Locator"], headers["Sforce-NumberOfRecords"])
