"""Section 7.6: several records, or several requests, in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

BASE = "/services/data/v66.0"


def account(salesforce: Salesforce, name: str, **more: Any) -> dict[str, Any]:
    """Write an account as composite wants it."""
    return {"attributes": {"type": "Account"}, "Name": salesforce.key(name), **more}


def there(salesforce: Salesforce, name: str) -> int:
    """Count the accounts of a name of ours."""
    return len(salesforce.query(f"SELECT Id FROM Account WHERE Name = '{salesforce.key(name)}'"))


@pytest.mark.real
def test_7_6_a_collection_is_made_as_far_as_it_is_fine(salesforce: Salesforce) -> None:
    """200; a failed item has no id, and statusCode instead of errorCode."""
    body = {
        "allOrNone": False,
        "records": [account(salesforce, "c1"), {"attributes": {"type": "Account"}}, account(salesforce, "c2", Foo__c=1)],
    }
    answer = salesforce.call("POST", "/composite/sobjects", json=body)
    fine, bare, unknown = answer.json()
    assert (200, {"id", "success", "errors"}, True, []) == (answer.status_code, set(fine), fine["success"], fine["errors"])
    said = [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Name]", "fields": ["Name"]}]
    assert {"success": False, "errors": said} == bare
    assert ("INVALID_FIELD", 1, 0) == (unknown["errors"][0]["statusCode"], there(salesforce, "c1"), there(salesforce, "c2"))


@pytest.mark.real
def test_7_6_all_or_none_takes_the_others_back(salesforce: Salesforce) -> None:
    """They say why; nothing stands in the org."""
    body = {"allOrNone": True, "records": [account(salesforce, "n1"), {"attributes": {"type": "Account"}}]}
    first, second = salesforce.call("POST", "/composite/sobjects", json=body).json()
    assert ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING") == (
        first["errors"][0]["statusCode"],
        second["errors"][0]["statusCode"],
    )
    assert 0 == there(salesforce, "n1")


@pytest.mark.real
def test_7_6_a_collection_is_changed_upserted_and_deleted(salesforce: Salesforce) -> None:
    """An upsert by Id without one makes a record and says so."""
    made = salesforce.call("PATCH", "/composite/sobjects/Account/Id", json={"records": [{**account(salesforce, "u1"), "Id": None}]}).json()
    assert (True, True) == (made[0]["success"], made[0]["created"])
    sf_id = made[0]["id"]
    change = {"records": [{"attributes": {"type": "Account"}, "id": sf_id, "Name": salesforce.key("u2")}]}
    assert [True] == [each["success"] for each in salesforce.call("PATCH", "/composite/sobjects", json=change).json()]
    keyed = {"records": [{"attributes": {"type": "Account"}, "External_Id__c": salesforce.key("u"), "Name": salesforce.key("u3")}] * 1}
    twice = [salesforce.call("PATCH", "/composite/sobjects/Account/External_Id__c", json=keyed).json()[0]["created"] for _ in range(2)]
    assert ([True, False], 1) == (twice, there(salesforce, "u2"))
    gone = salesforce.call("DELETE", f"/composite/sobjects?ids={sf_id},001000000000000AAA&allOrNone=false").json()
    assert ([True, False], 0) == ([each["success"] for each in gone], there(salesforce, "u2"))


@pytest.mark.doc
def test_7_6_a_collection_has_up_to_200(salesforce: Salesforce) -> None:
    """One more is refused."""
    answer = salesforce.call("POST", "/composite/sobjects", json={"records": [account(salesforce, "m")] * 201})
    assert (400, "EXCEEDED_ID_LIMIT", 0) == (answer.status_code, answer.json()[0]["errorCode"], there(salesforce, "m"))


@pytest.mark.known
def test_7_6_a_tree_is_made_with_its_children(salesforce: Salesforce) -> None:
    """201; each child under its own parent; all or none."""
    contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": salesforce.key("leaf")}
    root = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": salesforce.key("tree"), "Contacts": {"records": [contact]}}
    answer = salesforce.call("POST", "/composite/tree/Account", json={"records": [root]})
    told = {each["referenceId"]: each["id"] for each in answer.json()["results"]}
    assert (201, False, {"a", "c"}) == (answer.status_code, answer.json()["hasErrors"], set(told))
    (leaf,) = salesforce.query(f"SELECT AccountId FROM Contact WHERE Id = '{told['c']}'")
    assert told["a"] == leaf["AccountId"]
    bad = {**root, "Name": salesforce.key("tree2"), "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "bad"}}]}}
    refused = salesforce.call("POST", "/composite/tree/Account", json={"records": [bad]})
    assert (400, True, ["bad"]) == (
        refused.status_code,
        refused.json()["hasErrors"],
        [each["referenceId"] for each in refused.json()["results"]],
    )
    assert 0 == there(salesforce, "tree2")


def parts(salesforce: Salesforce, last_name: str) -> list[dict[str, Any]]:
    """Write requests that build on each other: an account, its contact, a query for it."""
    return [
        {"method": "POST", "url": f"{BASE}/sobjects/Account", "referenceId": "one", "body": {"Name": salesforce.key("dependent")}},
        {
            "method": "POST",
            "url": f"{BASE}/sobjects/Contact",
            "referenceId": "two",
            "body": {"LastName": last_name, "AccountId": "@{one.id}"},
        },
        {"method": "GET", "url": f"{BASE}/query?q=SELECT+Id,+AccountId+FROM+Contact+WHERE+Id='@{{two.id}}'", "referenceId": "three"},
        {"method": "GET", "url": f"{BASE}/sobjects/Account/@{{three.records[0].AccountId}}", "referenceId": "four"},
    ]


@pytest.mark.known
def test_7_6_later_requests_use_what_earlier_ones_gave(salesforce: Salesforce) -> None:
    """By reference, also into lists."""
    body = {"allOrNone": True, "compositeRequest": parts(salesforce, salesforce.key("dependent"))}
    told = salesforce.call("POST", "/composite", json=body).json()["compositeResponse"]
    assert [201, 201, 200, 200] == [each["httpStatusCode"] for each in told]
    assert told[0]["body"]["id"] == told[2]["body"]["records"][0]["AccountId"] == told[3]["body"]["Id"]
    assert told[0]["httpHeaders"]["Location"].endswith(told[0]["body"]["id"])


@pytest.mark.known
@pytest.mark.parametrize(("all_or_none", "statuses", "left"), [(True, [400, 400, 400, 400], 0), (False, [201, 400, 400, 400], 1)])
def test_7_6_a_failed_request_stops_those_that_need_it(salesforce: Salesforce, all_or_none: bool, statuses: list[int], left: int) -> None:
    """With allOrNone everything is taken back."""
    name = f"halted-{left}"
    requests = parts(salesforce, "")
    requests[0]["body"]["Name"] = salesforce.key(name)
    told = salesforce.call("POST", "/composite", json={"allOrNone": all_or_none, "compositeRequest": requests}).json()["compositeResponse"]
    assert (statuses, left) == ([each["httpStatusCode"] for each in told], there(salesforce, name))
    assert "PROCESSING_HALTED" == told[2]["body"][0]["errorCode"]


@pytest.mark.known
def test_7_6_a_query_in_a_composite_request_goes_on_outside(salesforce: Salesforce) -> None:
    """Its next page has an address of its own."""
    name = salesforce.key("paged")
    salesforce.run("Name\n" + f"{name}\n" * 2001)
    query = {"method": "GET", "url": f"{BASE}/query?q=SELECT+Id+FROM+Account+WHERE+Name='{name}'", "referenceId": "q"}
    (told,) = salesforce.call("POST", "/composite", json={"compositeRequest": [query]}).json()["compositeResponse"]
    more = salesforce.call("GET", told["body"]["nextRecordsUrl"]).json()
    assert (False, 2000, True, 1) == (told["body"]["done"], len(told["body"]["records"]), more["done"], len(more["records"]))


@pytest.mark.known
def test_7_6_a_batch_of_requests(salesforce: Salesforce) -> None:
    """Each with its own status."""
    wanted = [{"method": "GET", "url": "v66.0/sobjects/Account/describe"}, {"method": "GET", "url": "v66.0/sobjects/Nope/describe"}]
    told = salesforce.call("POST", "/composite/batch", json={"batchRequests": wanted}).json()
    assert (True, [200, 404]) == (told["hasErrors"], [each["statusCode"] for each in told["results"]])


@pytest.mark.doc
def test_7_6_an_upsert_tells_what_it_did_since_version_46(salesforce: Salesforce) -> None:
    """Before, a change was 204 without a word."""
    path = f"sobjects/Account/External_Id__c/{salesforce.key('told')}"
    answers = [
        salesforce.call("PATCH", f"/services/data/v{version}.0/{path}", json={"Name": salesforce.key("told")}) for version in (45, 45, 46)
    ]
    assert [201, 204, 200] == [each.status_code for each in answers]
    assert (b"", False) == (answers[1].content, answers[2].json()["created"])


@pytest.mark.known
def test_7_6_a_parent_can_be_named_by_its_key(salesforce: Salesforce) -> None:
    """As an object inside the record."""
    parent = salesforce.account("named")
    body = {"LastName": salesforce.key("named"), "Account": {"External_Id__c": salesforce.key("named")}}
    sf_id = salesforce.call("POST", "/sobjects/Contact", json=body).json()["id"]
    assert parent == salesforce.call("GET", f"/sobjects/Contact/{sf_id}?fields=AccountId").json()["AccountId"]


ABOUT = {"attributes": {"type": "Account"}}


@pytest.mark.inferred
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/composite", {"compositeRequest": [5]}),
        ("/composite/batch", {"batchRequests": [None]}),
        ("/composite/tree/Account", {"records": [{"Name": "x", "Contacts": {"records": [5]}}]}),
        ("/composite/sobjects", {"records": [{"attributes": 5, "Name": "x"}]}),
        ("/composite/sobjects", {"records": [{**ABOUT, "Name": ["x"]}]}),
        ("/composite/sobjects", {"records": [{**ABOUT, "Name": {"x": 1}}]}),
        ("/composite/sobjects", {"records": [{**ABOUT, "Name": "x", "AnnualRevenue": "much"}]}),
        ("/sobjects/Account", {"Name": "x", "NumberOfEmployees": 1.5}),
        ("/sobjects/Opportunity", {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-02-30"}),
        ("/sobjects/Organization", {"Name": "x"}),
    ],
)
def test_7_6_what_cant_be_read_is_refused_whole(salesforce: Salesforce, path: str, body: dict[str, Any]) -> None:
    """400, with an array."""
    answer = salesforce.call("POST", path, json=body)
    assert (400, True) == (answer.status_code, isinstance(answer.json(), list))


@pytest.mark.inferred
def test_7_6_a_malformed_id_in_a_field_is_the_records_error(salesforce: Salesforce) -> None:
    """400, not 404, and it names the field."""
    answer = salesforce.call("POST", "/sobjects/Contact", json={"LastName": "x", "AccountId": "001"})
    assert (400, "MALFORMED_ID", ["AccountId"]) == (answer.status_code, answer.json()[0]["errorCode"], answer.json()[0]["fields"])


@pytest.mark.known
def test_7_6_an_upsert_by_no_key_is_404(salesforce: Salesforce) -> None:
    """Of one record and of several."""
    record = {"Name": salesforce.key("no-key")}
    several = salesforce.call("PATCH", "/composite/sobjects/Account/Phone", json={"records": [{**ABOUT, **record}]})
    assert [404, 404] == [several.status_code, salesforce.call("PATCH", "/sobjects/Account/Phone/1", json=record).status_code]
