"""Section 7.6: records read one by one, several at once, by relationship, by when they were changed."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

GONE = "001000000000000AAA"


def contact(salesforce: Salesforce, name: str, account: str) -> str:
    """Make a contact of an account; its Id."""
    body = {"LastName": salesforce.key(name), "AccountId": account}
    return str(salesforce.call("POST", "/sobjects/Contact", json=body).json()["id"])


@pytest.mark.known
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_7_6_several_records_by_their_ids(salesforce: Salesforce, method: str) -> None:
    """In the order that was asked for, null for those that aren't there; in the address or in the body."""
    a, b = (salesforce.account(name) for name in ("several-a", "several-b"))
    given = {"ids": [b, GONE, a[:15]], "fields": ["Name"]}
    listed = {name: ",".join(values) for name, values in given.items()}
    more = {"params": listed} if method == "GET" else {"json": given}
    found = salesforce.call(method, "/composite/sobjects/Account", **more).json()
    assert [salesforce.key("several-b"), None, salesforce.key("several-a")] == [each and each["Name"] for each in found]


@pytest.mark.known
def test_7_6_records_by_relationship(salesforce: Salesforce) -> None:
    """Children as a query's records, a parent as a record; 404 for a relationship that there isn't."""
    parent = salesforce.account("related")
    child = contact(salesforce, "related", parent)
    children = salesforce.call("GET", f"/sobjects/Account/{parent}/Contacts", params={"fields": "LastName"}).json()
    assert (1, [salesforce.key("related")]) == (children["totalSize"], [each["LastName"] for each in children["records"]])
    assert parent == salesforce.call("GET", f"/sobjects/Contact/{child}/Account").json()["Id"]
    assert [404, 404] == [salesforce.call("GET", f"/sobjects/Account/{parent}/{name}").status_code for name in ("Bacons", "Parent")]


@pytest.mark.known
def test_7_6_records_by_when_they_were_changed(salesforce: Salesforce) -> None:
    """Changed and deleted ones apart; less than a minute is refused."""
    kept, gone = salesforce.account("updated"), salesforce.account("deleted-since")
    assert 204 == salesforce.call("DELETE", f"/sobjects/Account/{gone}").status_code
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    times = {"start": f"{now - hour:%Y-%m-%dT%H:%M:%S+00:00}", "end": f"{now + hour:%Y-%m-%dT%H:%M:%SZ}"}
    updated = salesforce.call("GET", "/sobjects/Account/updated", params=times).json()
    deleted = salesforce.call("GET", "/sobjects/Account/deleted", params=times).json()
    assert (True, False) == (kept in updated["ids"], gone in updated["ids"])
    assert [gone] == [each["id"] for each in deleted["deletedRecords"] if each["id"] in {kept, gone}]
    assert {"earliestDateAvailable", "latestDateCovered"} < set(deleted)
    refused = salesforce.call("GET", "/sobjects/Account/updated", params={**times, "end": times["start"]})
    assert (400, "INVALID_REPLICATION_DATE") == (refused.status_code, refused.json()[0]["errorCode"])


@pytest.mark.known
def test_7_6_a_record_goes_by_its_key(salesforce: Salesforce) -> None:
    """204, and then there is none."""
    salesforce.account("by-key")
    path = f"/sobjects/Account/External_Id__c/{salesforce.key('by-key')}"
    assert [204, 404, 404] == [salesforce.call(verb, path).status_code for verb in ("DELETE", "DELETE", "GET")]


@pytest.mark.known
@pytest.mark.parametrize("path", [GONE, "nothing", "Number_Key__c/abc", "Number_Key__c/1 OR Name != null", "Phone/1"])
def test_7_6_what_isnt_there_is_404(salesforce: Salesforce, path: str) -> None:
    """Unknown Ids, what is no Id, numbers that are none, fields that are no keys."""
    answer = salesforce.call("GET", f"/sobjects/Account/{path}")
    assert (404, "NOT_FOUND") == (answer.status_code, answer.json()[0]["errorCode"])


@pytest.mark.known
def test_7_6_a_post_may_say_that_it_is_a_patch(salesforce: Salesforce) -> None:
    """For clients that know no PATCH."""
    sf_id = salesforce.account("overridden")
    path = f"/sobjects/Account/{sf_id}"
    assert 204 == salesforce.call("POST", f"{path}?_HttpMethod=PATCH", json={"Phone": "1"}).status_code
    assert "1" == salesforce.call("GET", f"{path}?fields=Phone").json()["Phone"]


@pytest.mark.known
@pytest.mark.parametrize("path", ["/sobjects", "/sobjects/Account/describe", "/limits", "/query?q=SELECT+Id+FROM+Account", ""])
def test_7_4_where_there_is_get_there_is_head(salesforce: Salesforce, path: str) -> None:
    """Without a body."""
    answer = salesforce.call("HEAD", path)
    assert (200, b"") == (answer.status_code, answer.content)
