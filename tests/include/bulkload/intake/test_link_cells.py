"""Source values that name parents → cells that join the parents' keys, or the reason why they can't."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.basics import errors
from tests.include.bulkload.intake import given

LONG, SHORT = "001000000000001AAA", "001000000000001"
ACCOUNT = {
    "sobject": "Account",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "fields": {"External_Id__c": "sourceId"},
}


def tasks(rows: given.Rows, parents: dict[str, Any], **own: Any) -> given.Rows:
    """Stage tasks with these parents; `own`: describes of the keys by object."""
    objects = {
        "Account": ACCOUNT,
        "Task": {"sobject": "Task", "operation": "insert", "fields": {"Subject": "subject"}, "parents": parents},
    }
    describes = {
        "Account": [own.get("Account", given.key())],
        "Contact": [given.key("Key__c", **own.get("Contact", {}))],
        "Task": [given.field("Subject")],
    }
    return given.staged(given.checked(objects), describes, {"Task": rows})["Task"]


BY_KEY = {"WhatId": {"object": "Account", "from": "account"}}
BY_ID = {"WhatId": {"sobject": "Account", "from": "account"}}
EITHER = {"WhoId": [{"sobject": "Contact", "external_id": "Key__c", "from": "contact"}, {"sobject": "Lead", "from": "lead"}]}


@pytest.mark.parametrize(
    ("key", "cell", "to", "sent"),
    [
        (given.key(), " Ab\t", "ab", "Ab"),
        (given.key(caseSensitive=True), " Ab\t", "Ab", "Ab"),
        (given.key(kind="double", precision=18), "1.50", "1.5", "1.50"),
        (given.key(), " \t", None, None),
        (given.key(), "a\r\nb", "a\nb", "a\nb"),
    ],
)
def test_a_cell_joins_the_parents_key(key: dict[str, Any], cell: str, to: str | None, sent: str | None) -> None:
    """It is folded as the parent's key field says; its text stays as it would be sent; blank is no parent."""
    (row,) = tasks([{"subject": "x", "account": cell}], BY_KEY, Account=key)
    assert (to, sent, None) == (row["to0"], row["as0"], row["reason"])


@pytest.mark.parametrize("cell", [LONG, SHORT, f" {LONG} "])
def test_an_id_is_known_by_its_first_15_characters(cell: str) -> None:
    """Both of its forms name one record."""
    (row,) = tasks([{"subject": "x", "account": cell}], BY_ID)
    assert (SHORT, cell.strip(), None) == (row["to0"], row["as0"], row["reason"])


@pytest.mark.parametrize("cell", ["001", "001000000000001AAB", "00100000000000!", "001000000000001AA", "001000000000001aaa", LONG + "A"])
def test_what_is_no_id_rejects_its_row(cell: str) -> None:
    """Length, signs and checksum are looked at (contract 7.7)."""
    (row,) = tasks([{"subject": "x", "account": cell}], BY_ID)
    assert "bad value: WhatId: it is no Id of 15 or 18 characters" == row["reason"]


def test_each_link_has_its_number() -> None:
    """Fields in the plan's order, in each its links in theirs."""
    parents = BY_KEY | EITHER
    rows = tasks([{"contact": "C"}, {"lead": SHORT, "account": "A"}, {}], parents)
    assert [[None, "a", None], ["c", None, None], [None, SHORT, None]] == [given.column(rows, f"to{number}") for number in range(3)]


def test_more_than_one_parent_rejects_the_row() -> None:
    """Nobody can say which of them is meant; a blank cell names none."""
    rows = tasks([{"contact": "C", "lead": SHORT}, {"contact": "C", "lead": " "}], EITHER)
    assert ["more than one parent: WhoId", None] == given.column(rows, "reason")


def test_a_nested_link_has_a_number_but_no_cell() -> None:
    """Its parent is the record it stood in."""
    child = {"sobject": "Contact", "records": "accounts[].contacts[]", "operation": "insert", "fields": {"LastName": "name"}}
    parents = {"AccountId": {"object": "Account"}, "OwnerId": {"sobject": "User", "from": "owner"}}
    mapping = given.checked({"Account": {**ACCOUNT, "records": "accounts[]"}, "Contact": {**child, "parents": parents}})
    describes = {"Account": [given.key()], "Contact": [given.field("LastName")]}
    owner = "005000000000001"
    rows = given.staged(mapping, describes, {"Contact": [{"parent": 1, "name": "x", "owner": owner}]})["Contact"]
    assert ([owner], {"to1", "as1"}) == (given.column(rows, "to1"), {name for name in rows[0] if name[:2] in {"to", "as"}})


@pytest.mark.parametrize(("cell", "wrong"), [("#N/A", "the text #N/A would empty the field"), ("a\0", "it holds a NUL character")])
def test_what_no_field_takes_no_link_takes(cell: str, wrong: str) -> None:
    """It would be sent where the key carries the link."""
    (row,) = tasks([{"account": cell}], BY_KEY)
    assert f"bad value: WhatId: {wrong}" == row["reason"]


def test_rows_of_different_parents_are_different_rows() -> None:
    """Two rows of one key are equal only if they hang on the same parent."""
    mapping = given.checked({"Account": {**ACCOUNT, "parents": {"OwnerId": {"sobject": "User", "from": "owner"}}}})
    same, other = "005000000000001", "005000000000002"
    ids = [(same, "K"), (same + "AAA", "K"), (same, "L"), (other, "L")]
    rows = given.staged(mapping, {"Account": [given.key()]}, {"Account": [{"sourceId": key, "owner": owner} for owner, key in ids]})
    assert [None, None, "conflicting duplicate", "conflicting duplicate"] == given.column(rows["Account"], "reason")
    assert [None, 1, None, None] == given.column(rows["Account"], "merged_into")


def test_a_key_field_that_is_not_there_is_a_mistake_of_the_plan() -> None:
    """It says which."""
    with pytest.raises(errors.PlanError, match="Account has no field External_Id__c; mend its name"):
        tasks([], BY_KEY, Account=given.key("Other__c"))


def test_people_see_the_cells_of_rejected_rows() -> None:
    """By the lookup's name; of several parents each by its own."""
    link = {"object": "Account", "from": "account"}
    objects = {
        "Account": ACCOUNT,
        "Task": {"sobject": "Task", "operation": "insert", "fields": {"Subject": "subject"}, "parents": {"WhatId": link, **EITHER}},
    }
    describes = {"Account": [given.key()], "Contact": [given.key("Key__c")], "Task": [given.field("Subject")]}
    rows = [{"subject": "#N/A", "account": " A ", "contact": "C"}]
    header, (row_id, place, *_, cell, whose, person, lead) = given.whole(given.checked(objects), describes, {"Task": rows})["Task"].rejected
    assert ["row_id", "place", "error", "job_id", "sf_id", "Subject", "WhatId", "WhoId: Contact", "WhoId: Lead"] == header
    assert ["Task-0-1", "row 1", "#N/A", "A", "C", ""] == [row_id, place, cell, whose, person, lead]
