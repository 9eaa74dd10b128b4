"""Texts of the plan itself → found wrong before any row is read."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import constants
from tests.include.bulkload.intake import given, test_filled

DESCRIBE = {
    "fields": [
        given.field("Flag__c", "boolean"),
        given.field("Day__c", "date"),
        given.field("Moment__c", "datetime"),
        given.field("Name", length=3),
        given.field("RecordTypeId", "reference"),
    ],
    "recordTypeInfos": test_filled.RECORD_TYPES,
}


def mistakes(field: str, value: dict[str, Any]) -> list[str]:
    """What is wrong with one value."""
    each = {"sobject": "Any__c", "operation": "insert", "fields": {field: value}}
    return constants.mistakes(given.checked({"Any__c": each}), {"Any__c": DESCRIBE})


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("Flag__c", {"constant": "yes"}, "constant: 'yes' can't be sent, it is none of true, false, 1 and 0; mend it"),
        ("Day__c", {"from": "a", "default": "today"}, "default: 'today' can't be sent, it is no date like 2024-12-31; mend it"),
        ("Name", {"from": "a", "values": {"x": "long"}}, "values.x: 'long' can't be sent, more than 3 characters; mend it"),
        (
            "RecordTypeId",
            {"constant": "Partnr", "record_type": True},
            "constant: 'Partnr' can't be sent, it is the name of no record type that this user may give; it has Partner; mend it",
        ),
    ],
)
def test_a_text_that_no_row_could_send_is_a_mistake_of_the_plan(field: str, value: dict[str, Any], wrong: str) -> None:
    """It is named by its place, with what would do."""
    assert [f"objects.Any__c.fields.{field}.{wrong}"] == mistakes(field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Flag__c", {"constant": " True "}),
        ("Moment__c", {"from": "a", "default": "2024-01-01 12:00", "time_zone": "UTC"}),
        ("Name", {"from": "a", "values": {"x": ""}}),
        ("RecordTypeId", {"constant": "Partner", "record_type": True}),
        ("Nowhere__c", {"constant": "x"}),
    ],
)
def test_what_can_be_sent_is_fine(field: str, value: dict[str, Any]) -> None:
    """A field that isn't there is somebody else's finding."""
    assert [] == mistakes(field, value)


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        ({"from": "a", "values": {"none": "#N/A"}}, "the text #N/A would empty the field; for nulls of the source say `nulls: clear`"),
        ({"constant": "x", "default": "y"}, "constant: it is the same in every row; leave `default` and `values` out"),
    ],
)
def test_what_contradicts_itself_needs_no_org(value: dict[str, Any], finding: str) -> None:
    """It is found when the plan is read."""
    with pytest.raises(errors.PlanError, match=finding):
        given.checked({"Any__c": {"sobject": "Any__c", "operation": "insert", "fields": {"F__c": value}}})


def test_a_time_zone_must_be_known_to_the_table_engine() -> None:
    """`localtime` is one for Python, and another on each machine."""
    each = {"sobject": "Any__c", "operation": "insert", "fields": {"Moment__c": {"from": "a", "time_zone": "UTC"}}}
    mapping = given.checked({"Any__c": each}, time_zone="Europe/Berlin").model_copy(update={"time_zone": "localtime"})
    assert ["time_zone: the table engine knows no time zone localtime; name one like Europe/Berlin"] == constants.mistakes(
        mapping, {"Any__c": DESCRIBE}
    )
