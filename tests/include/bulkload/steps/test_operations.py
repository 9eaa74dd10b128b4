"""Operations other than a plain upsert or insert → what the org holds afterwards, record by record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

FIELDS = {"Name": "name", "External_Id__c": "sourceId"}


def played(load: Load, rows: list[dict[str, Any]], **account: Any) -> dict[str, Any]:
    """Run a plan of one object over some rows; its part of the summary."""
    whole = {"sobject": "Account", "records": "accounts[]", "external_id": "External_Id__c", "fields": FIELDS, **account}
    load.mapping = {"Account": {name: value for name, value in whole.items() if value is not None}}
    load.payload = json.dumps({"accounts": rows}).encode()
    found: dict[str, Any] = load.whole()["summary"]["objects"]["Account"]
    return found


def accounts(load: Load) -> dict[str, str]:
    """The org's accounts: key → name."""
    return {each["External_Id__c"]: each["Name"] for each in load.org.query("SELECT Name, External_Id__c FROM Account")}


def given(load: Load, **names: str) -> None:
    """Put accounts into the org, past the loader."""
    for key, name in names.items():
        load.org.insert("Account", {"Name": name, "External_Id__c": key})


@pytest.mark.parametrize("how", [{"operation": "update"}, {"operation": "upsert", "update_only": True}])
def test_what_must_not_create_changes_only_what_is_there(load: Load, how: dict[str, Any]) -> None:
    """A key that the org doesn't have is rejected, never created."""
    given(load, K1="old", K2="stays")
    found = played(load, [{"name": "new", "sourceId": "k1 "}, {"name": "typo", "sourceId": "K11"}], **how)
    assert {"K1": "new", "K2": "stays"} == accounts(load)
    assert (1, 1, 0, 1) == tuple(found[each] for each in ("succeeded", "updated", "created", "rejected"))
    (row,) = load.listed(found["files"]["rejected"])
    assert ("K11", "key not found in the org") == (row["External_Id__c"], row["error"])


@pytest.mark.parametrize("operation", ["delete", "hardDelete"])
def test_deletes_by_key_take_just_those_records(load: Load, operation: str) -> None:
    """The Ids are asked of the org first."""
    given(load, K1="goes", K2="stays")
    found = played(load, [{"sourceId": "K1"}, {"sourceId": "K9"}], operation=operation, fields={"External_Id__c": "sourceId"})
    assert {"K2": "stays"} == accounts(load)
    assert (1, 1) == (found["succeeded"], found["rejected"])


def test_an_update_by_id_needs_no_question(load: Load) -> None:
    """The source knows the Ids, in either length."""
    given(load, K1="old", K2="old")
    ids = {each["External_Id__c"]: each["Id"] for each in load.org.query("SELECT Id, External_Id__c FROM Account")}
    rows = [{"name": "one", "id": ids["K1"]}, {"name": "two", "id": ids["K2"][:15]}]
    found = played(load, rows, operation="update", external_id="Id", fields={"Id": "id", "Name": "name"})
    assert ({"K1": "one", "K2": "two"}, 2) == (accounts(load), found["succeeded"])


def test_inserts_with_a_row_key_are_told_apart(load: Load) -> None:
    """Two equal rows become two records, each with a key of its own that names run and row; the refused one is known exactly."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "refused", "error": "SOME_RULE:no:--"}])
    rows = [{"name": "same"}, {"name": "same"}, {"name": "refused"}]
    found = played(load, rows, operation="insert", external_id=None, fields={"Name": "name"}, row_key_field="External_Id__c")
    keys = sorted(each["External_Id__c"] for each in load.org.query("SELECT External_Id__c FROM Account WHERE Name = 'same'"))
    assert (2, 1, 2) == (found["succeeded"], found["failed"], len(set(keys)))
    assert [key.rpartition("-")[2] for key in keys] == ["1", "2"]
    (row,) = load.listed(found["files"]["failed"])
    assert ("Account-0-3", "refused") == (row["row_id"], row["Name"])


def test_row_keys_differ_between_objects_of_one_sobject(load: Load) -> None:
    """Two objects of the plan make contacts: no key is made twice, the org's unique field refuses none."""
    kind = {"sobject": "Contact", "operation": "insert", "row_key_field": "External_Id__c", "fields": {"LastName": "name"}}
    load.mapping = {"Staff": {**kind, "records": "staff[]"}, "Guests": {**kind, "records": "guests[]"}}
    load.payload = json.dumps({"staff": [{"name": "s"}], "guests": [{"name": "g"}]}).encode()
    assert load.whole()["clean"]
    assert 2 == len({each["External_Id__c"] for each in load.org.query("SELECT External_Id__c FROM Contact")})


def test_a_number_key_is_compared_as_a_number(load: Load) -> None:
    """Results echo 9.12260031E8; the row is found all the same, and a second run updates it."""
    fields = {"Name": "name", "Number_Key__c": "number"}
    for name in ("first", "second"):
        found = played(load, [{"name": name, "number": 912260031}], operation="upsert", external_id="Number_Key__c", fields=fields)
        load.run_name += "x"
        assert 1 == found["succeeded"]
    assert ["second"] == [each["Name"] for each in load.org.query("SELECT Name FROM Account")]
