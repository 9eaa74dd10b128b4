"""Section 2.7: the list of jobs, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

KEYS = [
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


def pages(salesforce: Salesforce, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found = [salesforce.call("GET", path).json()]
    while following := found[-1]["nextRecordsUrl"]:
        found.append(salesforce.call("GET", following).json())
    return found


def records(salesforce: Salesforce, path: str) -> list[dict[str, Any]]:
    """All jobs of a list."""
    return [each for page in pages(salesforce, path) for each in page["records"]]


@pytest.mark.doc
def test_2_7_records_of_a_list_have_these_keys(salesforce: Salesforce) -> None:
    """No counters; an Open job has its contentUrl, a complete one hasn't."""
    job_id, ended = salesforce.create()["id"], salesforce.run("Name\n")["id"]
    found = {each["id"]: list(each) for each in records(salesforce, "/jobs/ingest")}
    assert [[*KEYS, "jobType", "contentUrl", *DIALECT], [*KEYS, "jobType", *DIALECT]] == [found[job_id], found[ended]]


@pytest.mark.doc
def test_2_7_a_list_has_jobs_of_all_kinds_unless_one_is_asked_for(salesforce: Salesforce) -> None:
    """Query jobs, too."""
    salesforce.create()
    salesforce.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account LIMIT 1"})
    kinds = {kind: {each["jobType"] for each in records(salesforce, f"/jobs/ingest?jobType={kind}")} for kind in ("V2Ingest", "V2Query")}
    assert {"V2Ingest": {"V2Ingest"}, "V2Query": {"V2Query"}} == kinds
    assert {"V2Ingest", "V2Query"} <= {each["jobType"] for each in records(salesforce, "/jobs/ingest")}


@pytest.mark.doc
def test_2_7_no_job_of_ours_has_pk_chunking(salesforce: Salesforce) -> None:
    """isPkChunkingEnabled=true leaves them all out."""
    job_id = salesforce.create()["id"]
    listed = [[each["id"] for each in records(salesforce, f"/jobs/ingest?isPkChunkingEnabled={each}")] for each in ("true", "false")]
    assert [False, True] == [job_id in each for each in listed]


@pytest.mark.doc
@pytest.mark.local
def test_2_7_a_page_has_up_to_1000_jobs(salesforce: Salesforce) -> None:
    """The next one goes on behind it, with the same filter; each job comes once, on one of them."""
    made = {salesforce.create()["id"] for _ in range(1001)}
    found = pages(salesforce, "/jobs/ingest?jobType=V2Ingest")
    assert [1000] * (len(found) - 1) == [len(page["records"]) for page in found[:-1]]
    assert [False] * (len(found) - 1) + [True] == [page["done"] for page in found]
    assert found[0]["nextRecordsUrl"].startswith("/services/data/v66.0/jobs/ingest?queryLocator=01g")
    assert found[0]["nextRecordsUrl"].endswith("-1000")
    listed = [each["id"] for page in found for each in page["records"]]
    assert (len(set(listed)), True) == (len(listed), made <= set(listed))
    assert {"V2Ingest"} == {each["jobType"] for page in found for each in page["records"]}
    for job_id in made:
        salesforce.patch(job_id, "Aborted")
        salesforce.call("DELETE", f"/jobs/ingest/{job_id}")


@pytest.mark.inferred
@pytest.mark.parametrize("locator", ["x", "01gRM000000NS1vYAG", "01gRM000000NS1vYAG--1", "1" * 5000])
def test_2_7_a_wrong_locator_is_refused(salesforce: Salesforce, locator: str) -> None:
    """400."""
    assert 400 == salesforce.call("GET", f"/jobs/ingest?queryLocator={locator}").status_code


@pytest.mark.real
def test_2_6_a_query_job_is_found_among_the_ingest_jobs(salesforce: Salesforce) -> None:
    """Its info, and its failedResults: a header with the query's columns, quoted as its results are."""
    body = {"operation": "query", "query": f"SELECT Id, Name FROM Account WHERE Name = '{salesforce.key('nobody')}'"}
    job_id = salesforce.call("POST", "/jobs/query", json=body).json()["id"]
    told = salesforce.call("GET", f"/jobs/ingest/{job_id}").json()
    failed = salesforce.call("GET", f"/jobs/ingest/{job_id}/failedResults")
    assert (job_id, "V2Query", 200) == (told["id"], told["jobType"], failed.status_code)
    assert '"sf__Id","sf__Error","Id","Name"' == failed.text.strip()
