"""Section 5: query jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

CREATED = [
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
    "lineEnding",
    "columnDelimiter",
]


def asked(salesforce: Salesforce, query: str, **more: str) -> dict[str, Any]:
    """Create a query job and wait for it."""
    made: dict[str, Any] = salesforce.call("POST", "/jobs/query", json={"operation": "query", "query": query, **more}).json()
    while salesforce.call("GET", f"/jobs/query/{made['id']}").json()["state"] not in {"JobComplete", "Failed"}:
        pass
    return made


def three(salesforce: Salesforce, name: str) -> str:
    """Make three accounts of a name; the query for them."""
    rows = "".join(f"{salesforce.key(f'{name}{n}')},{salesforce.key(name)}\n" for n in range(3))
    salesforce.upsert("External_Id__c,Name\n" + rows)
    return f"SELECT Id, Name, Phone FROM Account WHERE Name = '{salesforce.key(name)}'"


@pytest.mark.real
def test_5_a_created_query_job_is_upload_complete(salesforce: Salesforce) -> None:
    """These keys in this order, the object read from the query."""
    made = asked(salesforce, "SELECT Id FROM account")
    assert (CREATED, "UploadComplete", "Account") == (list(made), made["state"], made["object"])


@pytest.mark.doc
def test_5_results_come_in_pages_until_the_locator_is_the_text_null(salesforce: Salesforce) -> None:
    """Each page repeats the header; nulls are empty; a locator can be read again."""
    made = asked(salesforce, three(salesforce, "pages"))
    path = f"/jobs/query/{made['id']}/results?maxRecords=2"
    first = salesforce.call("GET", path)
    second = salesforce.call("GET", f"{path}&locator={first.headers['Sforce-Locator']}")
    assert ("2", "1", "null") == (
        first.headers["Sforce-NumberOfRecords"],
        second.headers["Sforce-NumberOfRecords"],
        second.headers["Sforce-Locator"],
    )
    lines = first.text.splitlines() + second.text.splitlines()
    assert ['"Id","Name","Phone"'] * 2 == [lines[0], lines[3]]
    assert all(line.endswith(f'"{salesforce.key("pages")}",""') for line in (lines[1], lines[2], lines[4]))


@pytest.mark.doc
def test_5_result_pages_are_listed(salesforce: Salesforce) -> None:
    """Each URL can be fetched as it stands."""
    made = asked(salesforce, three(salesforce, "listed"))
    told = salesforce.call("GET", f"/jobs/query/{made['id']}/resultPages").json()
    assert told["done"]
    assert 4 == sum(len(salesforce.call("GET", each["resultUrl"]).text.splitlines()) for each in told["resultPages"])


@pytest.mark.user
def test_5_values_are_written_by_type(salesforce: Salesforce) -> None:
    """Numbers as Java prints doubles, moments with Z, true and false, nothing for null; quotes doubled."""
    key = salesforce.key("typed")
    salesforce.upsert(f'External_Id__c,Name,AnnualRevenue,NumberOfEmployees\n{key},"a ""b""",16147805824397,12345678\n')
    query = f"SELECT Name, AnnualRevenue, NumberOfEmployees, IsDeleted, Phone, CreatedDate FROM Account WHERE External_Id__c = '{key}'"
    path = f"/jobs/query/{asked(salesforce, query)['id']}/results"
    row = salesforce.call("GET", path).text.splitlines()[1]
    assert row.startswith('"a ""b""","1.6147805824397E13","12345678","false","","20')
    assert row.endswith('.000Z"')


@pytest.mark.inferred
def test_5_a_list_of_80000_characters_finds_its_records(salesforce: Salesforce) -> None:
    """As loaders look up keys: those that are there, no others."""
    salesforce.upsert("External_Id__c,Name\n" + "".join(f"{salesforce.key(f'in-{n}')},x\n" for n in range(0, 3000, 3)))
    listed = ",".join(f"'{salesforce.key(f'in-{n}')}'" for n in range(3000))[:80_000].rpartition(",")[0]
    made = asked(salesforce, f"SELECT External_Id__c FROM Account WHERE External_Id__c IN ({listed})")
    found = salesforce.call("GET", f"/jobs/query/{made['id']}/results").text.splitlines()[1:]
    assert sorted(f'"{salesforce.key(f"in-{n}")}"' for n in range(0, listed.count(",") + 1, 3)) == sorted(found)


@pytest.mark.doc
@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT() FROM Account",
        "SELECT Name, MAX(CreatedDate) FROM Account GROUP BY Name",
        "SELECT Id FROM Account OFFSET 5",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT TYPEOF Who WHEN Contact THEN Name END FROM Task",
    ],
)
def test_5_some_queries_are_refused(salesforce: Salesforce, query: str) -> None:
    """Bulk queries have no aggregates, groups, OFFSET, TYPEOF, nor records below others."""
    assert 400 == salesforce.call("POST", "/jobs/query", json={"operation": "query", "query": query}).status_code


@pytest.mark.user
def test_5_some_objects_arent_for_bulk_queries(salesforce: Salesforce) -> None:
    """INVALIDENTITY."""
    answer = salesforce.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT QualifiedApiName FROM EntityDefinition"})
    assert (400, "Entity 'EntityDefinition' is not supported by the Bulk API.") == (answer.status_code, answer.json()[0]["message"])


@pytest.mark.known
def test_5_a_query_may_look_into_another(salesforce: Salesforce) -> None:
    """In its conditions, and up to parents in its columns."""
    parent = salesforce.account("semi")
    salesforce.run(f"LastName,AccountId\n{salesforce.key('semi')},{parent}\n", "Contact")
    query = f"SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName = '{salesforce.key('semi')}')"
    made = [asked(salesforce, query), asked(salesforce, f"SELECT Account.Name FROM Contact WHERE LastName = '{salesforce.key('semi')}'")]
    texts = [salesforce.call("GET", f"/jobs/query/{each['id']}/results").text for each in made]
    assert [f'"Id"\n"{parent}"\n', f'"Account.Name"\n"{salesforce.key("semi")}"\n'] == texts


@pytest.mark.doc
def test_5_results_need_the_version_of_the_job(salesforce: Salesforce) -> None:
    """409 with another one."""
    made = asked(salesforce, "SELECT Id FROM Account")
    assert 409 == salesforce.call("GET", f"/services/data/v65.0/jobs/query/{made['id']}/results").status_code


@pytest.mark.doc
def test_5_a_complete_query_job_is_not_aborted_but_deleted(salesforce: Salesforce) -> None:
    """400, 204, 404."""
    path = f"/jobs/query/{asked(salesforce, 'SELECT Id FROM Account')['id']}"
    aborted = salesforce.call("PATCH", path, json={"state": "Aborted"})
    assert (400, "Aborting already Completed Job not allowed") == (aborted.status_code, aborted.json()[0]["message"])
    assert (204, 404) == (salesforce.call("DELETE", path).status_code, salesforce.call("GET", path).status_code)


@pytest.mark.local
@pytest.mark.doc
def test_5_a_job_that_goes_on_can_be_aborted_but_not_deleted(salesforce: Salesforce) -> None:
    """No results before it is complete; none of an aborted one."""
    salesforce.call("POST", "//control/settings", json={"looks": 100}).raise_for_status()
    try:
        made = salesforce.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"}).json()
        path = f"/jobs/query/{made['id']}"
        assert "InProgress" == salesforce.call("GET", path).json()["state"]
        assert 400 == salesforce.call("DELETE", path).status_code
        assert 400 == salesforce.call("GET", f"{path}/results").status_code
        assert "Aborted" == salesforce.call("PATCH", path, json={"state": "Aborted"}).json()["state"]
    finally:
        salesforce.call("POST", "//control/settings", json={"looks": 0}).raise_for_status()
    assert 400 == salesforce.call("GET", f"{path}/results").status_code


@pytest.mark.doc
def test_5_query_all_sees_deleted_records(salesforce: Salesforce) -> None:
    """A query doesn't."""
    sf_id = salesforce.account("deleted")
    salesforce.run(f"Id\n{sf_id}\n", "Account", "delete")
    query = f"SELECT Id FROM Account WHERE Id = '{sf_id}'"
    made = [asked(salesforce, query), asked(salesforce, query, operation="queryAll")]
    texts = [salesforce.call("GET", f"/jobs/query/{each['id']}/results").text for each in made]
    assert ['"Id"\n', f'"Id"\n"{sf_id}"\n'] == texts


@pytest.mark.real
def test_5_the_ids_of_query_jobs_serve_at_the_ingest_address_too(salesforce: Salesforce) -> None:
    """And those of ingest jobs at that of query jobs (2.6)."""
    query, ingest = asked(salesforce, "SELECT Id FROM Account"), salesforce.create()
    assert "V2Query" == salesforce.call("GET", f"/jobs/ingest/{query['id']}").json()["jobType"]
    assert "V2Ingest" == salesforce.call("GET", f"/jobs/query/{ingest['id']}").json()["jobType"]
