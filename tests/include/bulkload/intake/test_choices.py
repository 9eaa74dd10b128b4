"""Booleans, picklists, Ids → the same choice, or a reason."""

from __future__ import annotations

import pytest

from tests.include.bulkload.intake import given

VALUES = [{"value": "hot", "label": "Hot stuff", "active": True}, {"value": "old", "label": "Old", "active": False}]
RESTRICTED = {"restrictedPicklist": True, "picklistValues": VALUES}


@pytest.mark.parametrize(("texts", "sent"), [(["true", "TRUE", " True ", "1"], "true"), (["false", "False", "0"], "false")])
def test_a_boolean_has_two_spellings_and_any_case(texts: list[str], sent: str) -> None:
    """They are sent as the words."""
    assert [(sent, None)] * len(texts) == given.one(given.field("F__c", "boolean"), texts)


@pytest.mark.parametrize("text", ["yes", "y", "on", "t", "2", "-1", "null"])
def test_other_words_are_no_boolean(text: str) -> None:
    """Nothing is guessed; `values` of the plan may say what they mean."""
    assert "it is none of true, false, 1 and 0" == given.reason(given.field("F__c", "boolean"), text)


@pytest.mark.parametrize(
    ("kind", "text", "wrong"),
    [
        ("picklist", "hot", None),
        ("picklist", " HOT", None),
        ("picklist", "hot stuff", None),
        ("picklist", "old", "it is no active value of the picklist"),
        ("picklist", "cold", "it is no active value of the picklist"),
        ("picklist", "#N/A", "it is no active value of the picklist"),
        ("multipicklist", "hot;Hot", None),
        ("multipicklist", "hot;cold", "one of them is no active value of the picklist"),
    ],
)
def test_a_restricted_picklist_takes_its_active_values(kind: str, text: str, wrong: str | None) -> None:
    """By value or label, in any case: where the org may be stricter, it says so itself."""
    assert wrong == given.reason(given.field("F__c", kind, **RESTRICTED), text)


@pytest.mark.parametrize("kind", ["picklist", "multipicklist"])
def test_any_other_picklist_takes_any_text(kind: str) -> None:
    """It adds what it doesn't know (contract 4.4); one that is restricted but has no values can't be judged."""
    for own in ({"picklistValues": VALUES}, {"restrictedPicklist": True}):
        assert given.reason(given.field("F__c", kind, **own), "cold") is None


@pytest.mark.parametrize(
    ("text", "fine"), [("001000000000001", True), (" 001000000000001AAA", True), ("001000000000001AAB", False), ("x", False)]
)
def test_an_id_in_a_field_is_looked_at(text: str, fine: bool) -> None:
    """Its checksum tells whether it was damaged."""
    assert (None if fine else "it is no Id of 15 or 18 characters") == given.reason(given.field("F__c", "reference"), text)
