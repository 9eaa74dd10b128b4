"""Values of a source, through the whole load → what the org stores; nothing changed on the way, nothing emptied unasked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include import transforms

if TYPE_CHECKING:
    import pandas as pd

    from tests.include.bulkload.steps.conftest import Load

OPPORTUNITY: dict[str, Any] = {
    "sobject": "Opportunity",
    "records": "deals[]",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "fields": {
        "External_Id__c": "id",
        "Name": "name",
        "StageName": {"from": "stage", "values": {"1": "Prospecting"}, "default": "Qualification"},
        "CloseDate": "close",
        "Amount": "amount",
        "Probability": "chance",
        "RecordTypeId": {"from": "kind", "record_type": True},
        "NextStep": {"from": "next", "nulls": "clear"},
        "LeadSource": {"constant": "Web"},
    },
}
EVENT: dict[str, Any] = {
    "sobject": "Event",
    "records": "deals[].visits[]",
    "operation": "insert",
    "fields": {"Subject": "subject", "StartDateTime": "start", "DurationInMinutes": "minutes", "IsAllDayEvent": "all_day"},
    "parents": {"WhatId": {"object": "Opportunity"}},
}


@transforms.transform
def without_lost_deals(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop what is lost; write the rest in capitals."""
    kept = frame[frame["stage"] != "lost"]
    return kept.assign(name=kept["name"].str.upper())


def loaded(load: Load, deals: list[dict[str, Any]], mapping: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Load deals with their visits in a run of their own; the summary's objects."""
    load.mapping, load.more, load.payload = mapping, more, json.dumps({"deals": deals}).encode()
    load.run_name = f"run-{load.clock}"
    return dict(load.whole()["summary"]["objects"])


def test_typed_values_are_stored_as_the_source_meant_them(load: Load) -> None:
    """Numbers, dates, moments, booleans, record types; a bad one rejects its row before anything is sent."""
    visits = [
        {"subject": "Call", "start": "2024-07-01 12:00", "minutes": "30.0", "all_day": "FALSE"},
        {"subject": "Never", "start": "2024-03-31 02:30", "minutes": 30, "all_day": 0},
    ]
    deal = {"name": "Hotel", "stage": 1, "close": "2024-12-31T00:00:00", "amount": 1234.0, "chance": "1e1", "kind": "renewal"}
    deals = [{"id": "D-1", **deal, "visits": visits}, {"id": "D-2", **deal, "amount": "1,234"}, {"id": "D-3", **deal, "stage": " "}]
    found = loaded(load, deals, {"Opportunity": OPPORTUNITY, "Event": EVENT}, time_zone="Europe/Berlin")
    assert [(2, 1), (1, 1)] == [(found[name]["succeeded"], found[name]["rejected"]) for name in ("Opportunity", "Event")]
    fields = "External_Id__c, StageName, CloseDate, Amount, Probability, RecordType.DeveloperName, LeadSource"
    stored = load.org.query(f"SELECT {fields} FROM Opportunity ORDER BY External_Id__c")
    told = [[each["StageName"], each["CloseDate"], each["Amount"], each["Probability"], each["LeadSource"]] for each in stored]
    assert [["Prospecting", "2024-12-31", 1234, 10, "Web"], ["Qualification", "2024-12-31", 1234, 10, "Web"]] == told
    assert ["Renewal", "Renewal"] == [each["RecordType"]["DeveloperName"] for each in stored]
    (event,) = load.org.query("SELECT StartDateTime, DurationInMinutes, IsAllDayEvent FROM Event")
    assert ("2024-07-01T10:00:00.000+0000", 30, False) == (event["StartDateTime"], event["DurationInMinutes"], event["IsAllDayEvent"])


def test_only_nulls_empty_a_field(load: Load) -> None:
    """What is absent or blank stays as it was."""
    deal = {"name": "n", "close": "2024-12-31"}
    keys = ["null", "absent", "blank"]
    loaded(load, [{"id": key, **deal, "next": "call"} for key in keys], {"Opportunity": OPPORTUNITY})
    again = [{"id": "null", **deal, "next": None}, {"id": "absent", **deal}, {"id": "blank", **deal, "next": " "}]
    loaded(load, again, {"Opportunity": OPPORTUNITY})
    stored = {each["External_Id__c"]: each["NextStep"] for each in load.org.query("SELECT External_Id__c, NextStep FROM Opportunity")}
    assert {"null": None, "absent": "call", "blank": "call"} == stored


def test_a_trial_of_transformed_rows(load: Load) -> None:
    """The first two that the function keeps, with their visits; all others are filtered."""
    stages = ["open", "lost", "open", "open"]
    visits = [{"subject": "Call", "start": "2024-07-01T12:00:00Z", "minutes": 5}]
    deals = [{"id": f"D-{n}", "name": "hotel", "stage": stage, "close": "2024-12-31", "visits": visits} for n, stage in enumerate(stages)]
    mapping = {"Opportunity": {**OPPORTUNITY, "transform": {"function": "without_lost_deals"}}, "Event": EVENT}
    found = loaded(load, deals, mapping, only_first=2)
    assert [(2, 2), (2, 2)] == [(found[name]["succeeded"], found[name]["filtered"]) for name in ("Opportunity", "Event")]
    stored = load.org.query("SELECT External_Id__c, Name FROM Opportunity ORDER BY External_Id__c")
    assert [("D-0", "HOTEL"), ("D-2", "HOTEL")] == [(each["External_Id__c"], each["Name"]) for each in stored]
