"""Rows of one key → one row that stands for all, or a reason why none can."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.basics import errors
from tests.include.bulkload.intake import given


def accounts(rows: list[tuple[str, str]], key: dict[str, Any] | None = None, **own: Any) -> given.Rows:
    """Stage accounts given as key and name."""
    fields = {"External_Id__c": "id", "Name": "name"}
    each = {"sobject": "Account", "operation": "upsert", "external_id": "External_Id__c", "fields": fields, **own}
    describes = {"Account": [key or given.key(), given.field("Name")]}
    told = [{"id": sf_id, "name": name} for sf_id, name in rows]
    return given.staged(given.checked({"Account": each}), describes, {"Account": told})["Account"]


TWICE = [("K", "a"), ("L", "b"), ("K", "c"), ("K", "a")]


@pytest.mark.parametrize(
    ("policy", "reasons", "merged"),
    [
        ("reject", ["conflicting duplicate", None, "conflicting duplicate", "conflicting duplicate"], [None] * 4),
        ("first", [None] * 4, [None, None, 1, 1]),
        ("last", [None] * 4, [4, None, 4, None]),
    ],
)
def test_the_plan_says_what_happens_to_rows_that_differ(policy: str, reasons: list[Any], merged: list[Any]) -> None:
    """None is sent, or the first, or the last; the others share its record."""
    found = accounts(TWICE, duplicates=policy)
    assert (reasons, merged) == (given.column(found, "reason"), given.column(found, "merged_into"))


def test_the_plan_can_stop_at_rows_that_differ() -> None:
    """It says how many keys, and one of them."""
    with pytest.raises(errors.SourceError, match=r"objects\.Account: 1 keys stand in rows that differ, 'k' for example"):
        accounts(TWICE, duplicates="fail")


@pytest.mark.parametrize("policy", ["reject", "fail", "first"])
def test_equal_rows_are_one_record_whatever_the_plan_says(policy: str) -> None:
    """The first stands for both."""
    found = accounts([("K", "a"), (" K", "a")], duplicates=policy)
    assert ([None, None], [None, 1]) == (given.column(found, "reason"), given.column(found, "merged_into"))


@pytest.mark.parametrize(
    ("key", "one", "other", "same"),
    [
        (given.key(), "K", "k", False),
        (given.key(kind="email"), "a@b.c", "A@b.c", True),
        (given.key(kind="double", precision=18), "15", "1.5e1", True),
        (given.field("External_Id__c", "id"), "001000000000001", "001000000000001AAA", True),
    ],
)
def test_two_spellings_of_a_key_are_equal_if_the_org_stores_them_alike(key: dict[str, Any], one: str, other: str, same: bool) -> None:
    """Text keeps its case, though it may not tell records apart."""
    assert same == (given.column(accounts([(one, "a"), (other, "a")], key), "merged_into") == [None, 1])


def test_rejected_and_filtered_rows_are_nobodys_duplicates() -> None:
    """A row that isn't sent can't contradict one that is."""
    rows = [{"id": "K", "name": "#N/A"}, {"id": "K", "name": "x", "filtered": True}, {"id": "K", "name": "y"}]
    each = {"sobject": "Account", "operation": "upsert", "external_id": "External_Id__c"}
    mapping = given.checked({"Account": {**each, "fields": {"External_Id__c": "id", "Name": "name"}}})
    found = given.staged(mapping, {"Account": [given.key(), given.field("Name")]}, {"Account": rows})["Account"]
    assert [False, True, True] == [reason is None for reason in given.column(found, "reason")]
