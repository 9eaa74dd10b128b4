"""Objects of a plan → which of them may write the same records."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.intake import plan, same_records

KEY = "Key__c"


def made(**objects: dict[str, Any]) -> plan.Plan:
    """A plan of upserts of accounts by one key, each as it says otherwise."""
    document = {name: {"sobject": "Account", "operation": "upsert", "external_id": KEY, **each} for name, each in objects.items()}
    for each in document.values():
        each.setdefault("fields", {"Name": "name", str(each["external_id"]): "key"})
    return plan.plan_from({"name": "p", "source": {"uri": "file:///p.json"}, "objects": document})


def deleting(by: str = KEY) -> dict[str, Any]:
    """A delete by a field."""
    return {"operation": "delete", "external_id": by, "fields": {by: "key"}}


def known_by(field: str) -> dict[str, Any]:
    """An upsert by a field."""
    return {"external_id": field}


@pytest.mark.parametrize(
    ("second", "writes_over", "in_turn"),
    [
        ({}, True, True),
        ({"sobject": "account", "fields": {"NAME": "text", KEY: "key"}}, True, True),
        ({"fields": {"Phone": "phone", KEY: "key"}}, False, False),
        ({"sobject": "Contact"}, False, False),
        (known_by("Other__c"), False, False),
        (deleting(), True, True),
        (deleting("Id"), False, True),
    ],
)
def test_objects_write_over_each_other_by_one_key_and_field(second: dict[str, Any], writes_over: bool, in_turn: bool) -> None:
    """Of one sobject, whatever their case; a delete takes all fields, and goes beside nobody, by whatever field it knows its records."""
    found = made(First={}, Second=second)
    names = [["Second"] * writes_over, ["First"] * writes_over, ["Second"] * in_turn, ["First"] * in_turn]
    told = [same_records.after(found, "First"), same_records.before(found, "Second")]
    assert names == [*told, same_records.in_turn(found, "First"), same_records.in_turn(found, "Second")]
    assert ([], []) == (same_records.before(found, "First"), same_records.after(found, "Second"))


def test_a_lookup_is_written_over_by_who_fills_it() -> None:
    """A second pass sets lookups alone: who shares another field has no say in them."""
    link = {"parents": {"ParentId": {"object": "First", "from": "parent"}}}
    found = made(First=link, Named={}, Linked=link, Gone=deleting())
    assert ["Named", "Linked", "Gone"] == same_records.after(found, "First")
    assert ["Linked", "Gone"] == same_records.after(found, "First", links=True)


@pytest.mark.parametrize(
    ("operation", "other", "known"),
    [
        ("delete", {}, True),
        ("delete", known_by("Other__c"), False),
        ("delete", {"operation": "insert", "external_id": None, "fields": {"Name": "name"}}, False),
        ("delete", known_by("Other__c") | {"sobject": "Contact"}, True),
        ("delete", deleting("Id"), True),
        ("upsert", known_by("Other__c"), True),
    ],
)
def test_deletes_are_known_to_newer_sources_by_one_field_alone(operation: str, other: dict[str, Any], known: bool) -> None:
    """A record that another object has brought back since is known by that one's field, if by any."""
    found = made(Gone=deleting() | {"operation": operation}, Other=other)
    assert (known, other.get("external_id", KEY) is not None) == (
        same_records.is_known(found, "Gone"),
        same_records.is_known(found, "Other"),
    )


@pytest.mark.parametrize(("other", "known"), [({}, True), (known_by("Other__c"), False), (deleting("Id"), True)])
def test_nor_are_they_where_a_newer_plan_has_such_an_object(other: dict[str, Any], *, known: bool) -> None:
    """As it stands in that run's folder."""
    newer = made(Newer=other).model_dump(mode="json", by_alias=True)["objects"]
    assert known == same_records.is_known(made(Gone=deleting()), "Gone", newer.values())
