"""Plans with `verify` → each row that succeeded is there once, on its own parent; what somebody tampered with is told."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from include.bulkload.intake import plan
from include.bulkload.steps import ids, summarize
from tests.include.bulkload.steps import replays
from tests.running import loads, org

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SCHEMA = Path(__file__).parents[4] / "docs" / "summary.schema.json"
FAMILY = {
    "accounts": [{"name": f" a{n} ", "sourceId": f"K{n}", "contacts": [{"lastName": f"c{n}", "email": "A@B.cd"}]} for n in range(3)],
}


def settled(load: Load, payload: dict[str, Any] | None = None, **account: Any) -> None:
    """Load all but the summary."""
    load.more = {"verify": True}
    load.mapping["Account"] |= account
    load.payload = json.dumps(payload or FAMILY).encode()
    load.stage()
    for name in plan.plan_from(load.document).order():
        load.sent(name, load.cut(name))
        ids.learn(load.run, name)


def closed(load: Load, name: str) -> tuple[bool, dict[str, Any]]:
    """The summary: whether the run is green, what was verified of an object, without the list's URI."""
    found = summarize.close(load.run, [])
    jsonschema.validate(found["summary"], json.loads(SCHEMA.read_text("utf-8")))
    told = found["summary"]["objects"][name]["verified"]
    return found["clean"], {key: value for key, value in told.items() if key != "file"}


def listed(load: Load, name: str) -> list[tuple[str, ...]]:
    """The lines of the list."""
    told = load.run.folder.read("summary.json")["objects"][name]["verified"]
    return [tuple(row[key] for key in ("row_id", "problem", "field", "expected", "now")) for row in load.listed(told["file"])]


def account(load: Load, key: str) -> str:
    """The Id of an account."""
    return str(load.org.query(f"SELECT Id FROM Account WHERE External_Id__c = '{key}'")[0]["Id"])


def contact(load: Load, name: str) -> dict[str, Any]:
    """The Id of a contact and its account's."""
    return load.org.query(f"SELECT Id, AccountId FROM Contact WHERE LastName = '{name}'")[0]


def test_all_is_there_once(load: Load) -> None:
    """Trimmed text and e-mail in lower case are no differences."""
    settled(load)
    assert (True, {"rows": 3}) == closed(load, "Account")
    assert (True, {"rows": 3}) == closed(load, "Contact")


@pytest.mark.parametrize("carry", ["id", "relationship"])
def test_a_tampered_link_is_found(load: Load, carry: str) -> None:
    """The child hangs on another parent: listed with both, and the run is red; its fate stays."""
    load.mapping["Contact"]["parents"]["AccountId"]["carry"] = carry
    settled(load)
    child = contact(load, "c1")
    load.org.change("Contact", child["Id"], AccountId=account(load, "K2"))
    assert (False, {"rows": 3, "otherParent": 1}) == closed(load, "Contact")
    both = (child["AccountId"], account(load, "K2")) if carry == "id" else ("K1", "K2")
    assert [("Contact-0-2", "otherParent", "AccountId", *both)] == listed(load, "Contact")
    summary = load.run.folder.read("summary.json")
    assert (3, "COMPLETED_WITH_ERRORS") == (summary["objects"]["Contact"]["succeeded"], summary["status"])


def test_records_that_are_gone_are_missing(load: Load) -> None:
    """By key, and by Id where rows have no key."""
    settled(load)
    load.org.remove("Contact", contact(load, "c1")["Id"])
    load.org.remove("Account", account(load, "K2"))
    assert (False, {"rows": 3, "missing": 1}) == closed(load, "Account")
    assert (False, {"rows": 3, "missing": 2}) == closed(load, "Contact")
    assert [("Account-0-3", "missing", "External_Id__c", "k2", "")] == listed(load, "Account")


def test_a_key_that_two_records_have_is_told(load: Load) -> None:
    """Somebody made another one with the same key, which its field allows."""
    fields = {"Name": "name", "Loose_Key__c": "sourceId"}
    settled(load, external_id="Loose_Key__c", fields=fields)
    load.org.insert("Account", {"Name": "by hand", "Loose_Key__c": "K1"})
    assert (False, {"rows": 3, "twice": 1}) == closed(load, "Account")
    assert [("Account-0-2", "twice", "", "1", "2")] == listed(load, "Account")


def test_fields_that_automation_changed_are_listed_and_nobody_is_alarmed(load: Load) -> None:
    """Even the key: the record is found by its Id."""
    settled(load)
    load.org.change("Account", account(load, "K1"), Name="by a flow")
    load.org.change("Account", account(load, "K2"), External_Id__c="other")
    assert (True, {"rows": 3, "changed": 2}) == closed(load, "Account")
    assert [
        ("Account-0-2", "changed", "Name", " a1 ", "by a flow"),
        ("Account-0-3", "changed", "External_Id__c", "K2", "other"),
    ] == listed(load, "Account")


def test_links_of_a_second_pass_are_verified_too(load: Load) -> None:
    """Accounts that are each other's parents."""
    rows = [{"name": key, "sourceId": key, "parent": parent} for key, parent in (("a", "b"), ("b", "a"), ("c", "a"))]
    parents = {"ParentId": {"object": "Account", "from": "parent"}}
    settled(load, {"accounts": rows}, parents=parents)
    load.org.change("Account", account(load, "b"), ParentId=account(load, "c"))
    assert (False, {"rows": 3, "otherParent": 1}) == closed(load, "Account")


def test_records_that_were_deleted_must_be_gone(load: Load) -> None:
    """A delete that didn't happen is told."""
    load.org.insert("Account", {"Name": "goes", "External_Id__c": "K1"})
    del load.mapping["Contact"]
    settled(load, {"accounts": [{"sourceId": "K1"}]}, operation="delete", fields={"External_Id__c": "sourceId"})
    assert (True, {"rows": 1}) == closed(load, "Account")


def test_a_cleared_summary_asks_nothing_again(load: Load) -> None:
    """What was verified then is what the summary says; the records may change later."""
    settled(load)
    first = closed(load, "Account")
    load.org.remove("Account", account(load, "K2"))
    assert first == closed(load, "Account")


def test_an_org_that_doesnt_answer_is_a_trouble_of_the_run(load: Load) -> None:
    """Nobody must think that all was found."""
    settled(load)
    load.org.behave(http_faults=[{"kind": "status", "status": 400, "path": "/jobs/query$", "method": "POST", "every": 1}])
    found = summarize.close(load.run, [])
    assert (False, True) == (found["clean"], "couldn't be verified" in found["why"][0])
    load.org.behave(http_faults=[])
    assert (True, {"rows": 3}) == closed(load, "Account")


def test_what_a_later_object_of_the_run_wrote_is_its_own_to_verify(load: Load) -> None:
    """It moved a record to another parent on purpose: no night is red for it."""
    people = {"sobject": "Contact", "operation": "upsert", "external_id": "External_Id__c"}
    people |= {"fields": {"LastName": "name", "External_Id__c": "key"}, "parents": {"AccountId": {"object": "Account", "from": "account"}}}
    load.mapping = {"Account": load.mapping["Account"]} | {name: people | {"records": f"{name.lower()}[]"} for name in ("First", "Second")}
    rows = [{"name": "Ann", "key": "P", "account": "K0"}, {"name": "Bob", "key": "Q", "account": "K0"}]
    accounts = [{"name": "a", "sourceId": f"K{n}"} for n in range(2)]
    settled(load, {"accounts": accounts, "first": rows, "second": [rows[0] | {"account": "K1"}]})
    assert [(True, {"rows": 1, "superseded": 1}), (True, {"rows": 1})] == [closed(load, name) for name in ("First", "Second")]


def test_an_org_that_isnt_the_runs_is_never_asked(load: Load, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its answer would stand for ever: as missing where the records are, or as there where they aren't."""
    settled(load)
    with org.running(tmp_path_factory.mktemp("other"), "--org-number", "2") as started:
        elsewhere = dataclasses.replace(load.run, salesforce=loads.LocalOrg(started).client())
        found = summarize.close(elsewhere, [])
    assert (False, True) == (found["clean"], "Account couldn't be verified: this run began in org" in " ".join(found["why"]))
    load.org.remove("Account", account(load, "K2"))
    assert (False, {"rows": 3, "missing": 1}) == closed(load, "Account")


def test_after_a_replay_what_a_later_run_wrote_is_left_out(load: Load) -> None:
    """It moved a child and renamed a parent on purpose: neither is told. What nobody else wrote is looked at as ever."""
    load.mapping["Contact"] |= {"operation": "upsert", "external_id": "External_Id__c"}
    load.mapping["Contact"]["fields"]["External_Id__c"] = "email"
    load.more = {"verify": True}
    load.org.behave(row_faults=[{"object": "Contact", "field": "LastName", "value": "bad", "error": "SOME_RULE:no:--"}])
    children = [{"lastName": "moved", "email": "m@x.de"}, {"lastName": "bad", "email": "b@x.de"}, {"lastName": "own", "email": "o@x.de"}]
    load.payload = json.dumps({"accounts": [{"sourceId": "A", "name": "a", "contacts": children}, {"sourceId": "B", "name": "b"}]}).encode()
    load.whole()
    load.org.behave(row_faults=[])
    later = dataclasses.replace(load, run_name="later", name="later.json")
    later.payload = json.dumps({"accounts": [{"sourceId": "B", "name": "newer", "contacts": children[:1]}]}).encode()
    assert later.whole()["clean"]
    load.clock = later.clock
    load.org.change("Contact", contact(load, "own")["Id"], AccountId=account(load, "B"))
    replays.replayed(load)
    told = {name: part["verified"] for name, part in replays.whole(load)["objects"].items()}
    assert ["o@x.de"] == [each["key"] for each in load.listed(told["Contact"].pop("file"))]
    assert ({"rows": 1, "superseded": 1}, {"rows": 2, "superseded": 1, "otherParent": 1}) == (told["Account"], told["Contact"])


def test_a_run_that_is_summed_up_late_leaves_out_what_a_later_run_wrote(load: Load) -> None:
    """Its contact was moved to another account on purpose, by the next night: nobody is alarmed."""
    keyed = {"operation": "upsert", "external_id": "External_Id__c", "parents": {"AccountId": {"object": "Account", "from": "account"}}}
    load.mapping["Contact"] |= keyed | {"records": "people[]", "fields": {"LastName": "name", "External_Id__c": "key"}}
    world: dict[str, Any] = {"accounts": [{"name": "a", "sourceId": f"K{n}"} for n in range(2)]}
    settled(load, world | {"people": [{"name": "Ann", "key": "P", "account": "K0"}, {"name": "Bob", "key": "Q", "account": "K0"}]})
    later = dataclasses.replace(
        load, run_name="later", payload=json.dumps(world | {"people": [{"name": "Ann", "key": "P", "account": "K1"}]}).encode()
    )
    later.clock += 100
    later.whole()
    load.clock = later.clock + 100
    assert (True, {"rows": 1, "superseded": 1}) == closed(load, "Contact")
