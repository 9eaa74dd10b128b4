"""What a plan says of a field → what is sent of each row, or why it isn't."""

from __future__ import annotations

from typing import Any

import pytest

from tests.include.bulkload.intake import given

TEXT = given.field("F__c", length=10)
FLAG = given.field("F__c", "boolean", nillable=False, defaultedOnCreate=True)
RECORD_TYPES = [
    {"developerName": "Partner", "recordTypeId": "012000000000001AAA", "active": True, "available": True, "master": False},
    {"developerName": "Old", "recordTypeId": "012000000000002AAA", "active": False, "available": True, "master": False},
    {"developerName": "Theirs", "recordTypeId": "012000000000003AAA", "active": True, "available": False, "master": False},
    {"developerName": "Master", "recordTypeId": "012000000000000AAA", "active": True, "available": True, "master": True},
]


def staged(fields: dict[str, Any], describes: list[dict[str, Any]], rows: given.Rows, **own: Any) -> given.Rows:
    """Stage rows of one object; `own`: keys of the object, `plan_nulls` of the plan."""
    more = {"nulls": own.pop("plan_nulls")} if "plan_nulls" in own else {}
    each = {"sobject": "Any__c", "operation": "insert", "fields": fields, **own}
    return given.staged(given.checked({"Any__c": each}, **more), {"Any__c": describes}, {"Any__c": rows})["Any__c"]


def test_a_field_may_have_another_name_or_the_same_text_in_every_row() -> None:
    """Rename and constant; a constant is held to its type like any other text."""
    fields = {"F__c": "deep name", "Flag__c": {"constant": " TRUE "}, "Note__c": {"constant": "a'b"}}
    describes = [TEXT, given.field("Flag__c", "boolean"), given.field("Note__c")]
    (row,) = staged(fields, describes, [{"deep name": "x"}])
    assert ("x", "true", "a'b", None) == (row["F__c"], row["Flag__c"], row["Note__c"], row["reason"])


@pytest.mark.parametrize(("text", "sent"), [("x", "x"), ("", "none"), (" \t", "none"), (None, "none")])
def test_a_default_is_sent_where_nothing_stands(text: str | None, sent: str) -> None:
    """Absent, blank, and null where nulls aren't to clear."""
    assert [(sent, None)] == given.one(TEXT, [text], {"default": "none"})


@pytest.mark.parametrize(
    ("text", "sent"),
    [("y", "true"), (" n ", "false"), ("true", "true"), ("", None), ("maybe", "rejected: it is none of true, false, 1 and 0")],
)
def test_values_are_mapped_before_they_are_read(text: str, sent: str | None) -> None:
    """Others go on as they are, and must be fine by themselves."""
    assert sent == given.sent(FLAG, text, {"values": {"y": "1", "n": "0"}})


@pytest.mark.parametrize(
    ("text", "sent"), [("a ", "A"), ("b", "rejected: it is none of the `values` of the plan"), ("", None), ("-", None)]
)
def test_only_mapped_values_where_the_plan_says_so(text: str, sent: str | None) -> None:
    """Blank is no value; one may be mapped to nothing."""
    assert sent == given.sent(TEXT, text, {"values": {"a": "A", "-": ""}, "only_values": True})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Partner", ("012000000000001AAA", None)),
        (" partner", ("012000000000001AAA", None)),
        *(
            (name, (name, "bad value: RecordTypeId: it is the name of no record type that this user may give"))
            for name in ("Old", "Theirs", "Master")
        ),
        ("", (None, None)),
    ],
)
def test_a_record_type_is_sent_by_its_id(name: str, expected: tuple[Any, Any]) -> None:
    """Only those that are active and open to this user; the master record type is none."""
    each = {"sobject": "Any__c", "operation": "insert", "fields": {"RecordTypeId": {"from": "type", "record_type": True}}}
    describe = {"fields": [given.field("RecordTypeId", "reference")], "recordTypeInfos": RECORD_TYPES}
    (row,) = given.staged(given.checked({"Any__c": each}), {"Any__c": describe}, {"Any__c": [{"type": name}]})["Any__c"]
    assert expected == (row["RecordTypeId"], row["reason"])


NULLS = [{"source": None}, {}, {"source": " "}, {"source": "x"}]


@pytest.mark.parametrize(
    ("where", "policy", "sent"),
    [
        ("plan", "leave", [None, None, None, "x"]),
        ("plan", "clear", ["#N/A", None, None, "x"]),
        ("object", "clear", ["#N/A", None, None, "x"]),
        ("field", "clear", ["#N/A", None, None, "x"]),
    ],
)
def test_only_a_null_clears_and_only_where_the_plan_says_so(where: str, policy: str, sent: list[str | None]) -> None:
    """Per row; what is absent or blank is left."""
    fields = {"F__c": {"from": "source"} | ({"nulls": policy} if where == "field" else {})}
    own = {"plan": {"plan_nulls": policy}, "object": {"nulls": policy}, "field": {}}[where]
    rows = staged(fields, [TEXT], NULLS, **own)
    assert (sent, [None] * 4) == (given.column(rows, "F__c"), given.column(rows, "reason"))


@pytest.mark.parametrize("order", [NULLS, NULLS[::-1]])
def test_no_row_decides_for_another(order: given.Rows) -> None:
    """The first row is a row like all others; a default doesn't stand for a null that clears."""
    expected = [
        {None: "#N/A", "x": "x"}.get(row.get("source"), "d") if row.get("source", "") is None or row.get("source") == "x" else "d"
        for row in order
    ]
    rows = staged({"F__c": {"from": "source", "nulls": "clear", "default": "d"}}, [TEXT], order)
    assert expected == given.column(rows, "F__c")


@pytest.mark.parametrize("kind", ["int", "boolean", "datetime", "date", "picklist", "reference"])
def test_fields_of_every_type_are_cleared(kind: str) -> None:
    """The null mark is no value of theirs."""
    rows = staged({"F__c": {"from": "source", "nulls": "clear"}}, [given.field("F__c", kind)], [{"source": None}])
    assert ["#N/A"] == given.column(rows, "F__c")


def test_what_cannot_be_cleared_rejects_its_row() -> None:
    """A required field, and the key; an absent key is missing too."""
    fields = {"Key__c": "key", "F__c": "source"}
    describes = [given.key("Key__c"), given.field("F__c", nillable=False)]
    rows = [{"key": "K", "source": None}, {"key": None, "source": "x"}, {"source": "x"}, {"key": "L"}]
    found = staged(fields, describes, rows, operation="upsert", external_id="Key__c", nulls="clear")
    assert ["bad value: F__c: null would empty it, and it is required", "missing key", "missing key", None] == given.column(found, "reason")


@pytest.mark.parametrize(
    ("operation", "own", "rejected"),
    [("insert", {}, True), ("upsert", {}, False), ("upsert", {"update_only": True}, False), ("update", {}, False)],
)
def test_a_new_record_needs_its_required_fields(operation: str, own: dict[str, Any], rejected: bool) -> None:
    """Of an insert that is known; of an upsert only Salesforce knows whether it creates; an update leaves it."""
    key = {"external_id": "Key__c"} if operation != "insert" else {}
    describes = [given.key("Key__c"), given.field("F__c", nillable=False), FLAG | {"name": "Flag__c"}]
    fields = {"Key__c": "key", "F__c": "source", "Flag__c": "flag"}
    rows = [{"key": "K", "source": " \t"}, {"key": "L", "source": "x"}]
    found = staged(fields, describes, rows, operation=operation, **key, **own)
    assert ["missing value: F__c" if rejected else None, None] == given.column(found, "reason")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0123456789", None),
        ("  0123456789\t", None),
        ("éééééééééé", None),
        ("a\r\nb\r\nc\r\nde", None),
        ("01234567890", "more than 10 characters"),
        ("#N/A", "the text #N/A would empty the field"),
        (" #N/A\n", "the text #N/A would empty the field"),
        ("#N/A!", None),
        ("a\0", "it holds a NUL character"),
    ],
)
def test_text_has_room_or_is_rejected(text: str, reason: str | None) -> None:
    """Characters are counted, not bytes, as they are stored."""
    assert reason == given.reason(TEXT, text)


@pytest.mark.parametrize("own", [{"htmlFormatted": True}, {"length": 0}])
def test_what_describe_cannot_decide_passes(own: dict[str, Any]) -> None:
    """Rich text may shrink when it is stored; no length is no limit."""
    assert given.reason({**TEXT, **own}, "x" * 100) is None
