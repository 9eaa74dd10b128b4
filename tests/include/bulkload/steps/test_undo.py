"""Runs that are undone → the org as it was before, record by record; what others did since stays and is listed."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from tests.include.bulkload.steps.undoings import HIERARCHY, WORLD, account, acted, counts, family, hierarchy, planned, undone, world

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def test_the_org_is_as_it_was(load: Load) -> None:
    """Hierarchies, masters with details, a cycle, records that were there: all as before, and the first run's summary says so."""
    before = hierarchy(load)
    assert before != world(load)
    dry = planned(load)["summary"]["objects"]
    assert [(5, 1, 0), (3, 0, 0), (6, 0, 0)] == [
        (dry[name]["delete"], dry[name]["restore"], dry[name]["changedSince"]) for name in HIERARCHY
    ]
    found = undone(load)
    assert before == world(load)
    assert [(5, 1, 0, 0, 0), (3, 0, 0, 0, 0), (6, 0, 0, 0, 0)] == [counts(found, name) for name in HIERARCHY]
    assert ("COMPLETED", 14, 1) == tuple(
        load.run.folder.read("summary.json")["undone"].get(key, found["status"]) for key in ("x", "deleted", "restored")
    )


def test_a_dry_run_touches_nothing(load: Load) -> None:
    """And tells people which records, with what they hold."""
    hierarchy(load)
    before, jobs = world(load), len(load.org.jobs())
    part = planned(load)["summary"]["objects"]["Account"]
    assert (before, jobs) == (world(load), len(load.org.jobs()))
    assert ["top", "mid", "low", "one", "two"] == [row["Name"] for row in load.listed(part["files"]["delete"])]
    fields = [(row["field"], row["now"], row["was"]) for row in load.listed(part["files"]["restore"])]
    assert [("BillingCity", "", "Rome"), ("Name", "New name", "Old name"), ("NumberOfEmployees", "7", "#N/A")] == [
        each for each in fields if each[0] not in {"External_Id__c", "ParentId"}
    ]


def test_a_record_that_somebody_edited_stays(load: Load) -> None:
    """Listed with who and when; its parent stays too, all others go."""
    family(load)
    edited = load.org.query("SELECT Id, AccountId FROM Contact WHERE LastName = 'c10'")[0]
    load.org.change("Contact", edited["Id"], FirstName="by hand")
    found = undone(load)
    assert [edited["Id"], edited["AccountId"]] == sorted((each["Id"] for each in world(load)), reverse=True)
    assert ((2, 0, 0, 1, 0), (5, 0, 0, 1, 0)) == (counts(found, "Account"), counts(found, "Contact"))
    (row,) = load.listed(found["objects"]["Contact"]["files"]["changedSince"])
    assert (edited["Id"], "c10", True) == (row["sf_id"], row["LastName"], "last edited by 005" in row["why"])
    (row,) = load.listed(found["objects"]["Account"]["files"]["changedSince"])
    assert (edited["AccountId"], f"Contact {edited['Id'][:15]} hangs on it by AccountId and stays") == (row["sf_id"], row["why"])


@pytest.mark.parametrize(
    ("sobject", "fields"),
    [
        ("Contact", {"LastName": "by hand"}),
        ("Case", {"Subject": "help"}),
        ("Opportunity", {"Name": "o", "StageName": "New", "CloseDate": "2026-01-01"}),
    ],
)
def test_a_record_that_somebody_hung_something_on_stays(load: Load, sobject: str, fields: dict[str, str]) -> None:
    """Of whatever object; what the run itself hung on it goes all the same."""
    family(load)
    parent = account(load, "K1")
    child = load.org.insert(sobject, {**fields, "AccountId": parent})
    found = undone(load)
    assert ((2, 0, 0, 1, 0), (6, 0, 0, 0, 0)) == (counts(found, "Account"), counts(found, "Contact"))
    assert [parent] == [each["Id"] for each in load.org.query("SELECT Id FROM Account")]
    assert [parent] == [each["AccountId"] for each in load.org.query(f"SELECT AccountId FROM {sobject} WHERE Id = '{child}'")]
    (row,) = load.listed(found["objects"]["Account"]["files"]["changedSince"])
    assert row["why"].startswith(f"{sobject} {child[:15]} hangs on it by AccountId; this run didn't create it")


def test_what_somebody_deleted_is_done(load: Load) -> None:
    """Before the dry run, and between it and the act: gone both, nothing failed."""
    family(load)
    first, second = (each["Id"] for each in load.org.query("SELECT Id FROM Contact WHERE LastName IN ('c00', 'c01')"))
    load.org.remove("Contact", first)
    number = planned(load)["number"]
    load.org.remove("Contact", second)
    found = acted(load, number)
    assert ([], (4, 0, 2, 0, 0), True) == (world(load), counts(found["summary"], "Contact"), found["clean"])


def test_a_delete_that_comes_too_late_is_done(load: Load) -> None:
    """Salesforce says ENTITY_IS_DELETED: somebody was quicker between the last look and the job."""
    family(load)
    load.org.behave(
        row_faults=[{"object": "Contact", "operation": "delete", "share": 1.0, "error": "ENTITY_IS_DELETED:entity is deleted:--"}]
    )
    found = acted(load, planned(load)["number"])
    assert ((0, 0, 6, 0, 0), True) == (counts(found["summary"], "Contact"), found["clean"])


def test_only_what_the_dry_run_listed_is_touched(load: Load) -> None:
    """What had changed when people agreed stays, even if that is over."""
    family(load)
    child = load.org.insert("Contact", {"LastName": "by hand", "AccountId": account(load, "K1")})
    number = planned(load)["number"]
    load.org.remove("Contact", child)
    assert (2, 0, 0, 1, 0) == counts(acted(load, number)["summary"], "Account")
    assert (1, 0, 2, 0, 0) == counts(undone(load), "Account")


def test_what_changed_after_the_dry_run_stays(load: Load) -> None:
    """It is looked at again right before it goes."""
    family(load)
    number = planned(load)["number"]
    edited = load.org.query("SELECT Id FROM Contact WHERE LastName = 'c10'")[0]["Id"]
    load.org.change("Contact", edited, FirstName="by hand")
    assert (5, 0, 0, 1, 0) == counts(acted(load, number)["summary"], "Contact")


def test_a_second_undo_finds_nothing_left(load: Load) -> None:
    """No job, no record touched; deleted ones are gone, restored ones are as they were."""
    before = hierarchy(load)
    undone(load)
    jobs = len(load.org.jobs())
    dry = planned(load)
    assert (True, jobs) == (dry["nothing"], len(load.org.jobs()))
    assert (0, 0, 5, 0, 0) == counts(acted(load, dry["number"])["summary"], "Account")
    assert (before, jobs, 14) == (world(load), len(load.org.jobs()), load.run.folder.read("summary.json")["undone"]["deleted"])


def test_an_act_that_is_called_again_does_nothing_more(load: Load) -> None:
    """A cleared task reads what stands."""
    family(load)
    number = planned(load)["number"]
    assert (acted(load, number), len(load.org.jobs())) == (acted(load, number), len(load.org.jobs()))


def test_only_fields_that_hold_what_the_run_wrote_are_restored(load: Load) -> None:
    """Another one that somebody changed since stays, and is listed when nothing else of its record goes back."""
    hierarchy(load)
    load.org.change("Account", account(load, "old"), Name="by hand")
    number = planned(load)["number"]
    acted(load, number)
    (found,) = load.org.query("SELECT Name, BillingCity, NumberOfEmployees, ParentId FROM Account WHERE External_Id__c = 'old'")
    assert ("by hand", "Rome", None, None) == tuple(found[key] for key in ("Name", "BillingCity", "NumberOfEmployees", "ParentId"))
    (row,) = load.listed(planned(load)["summary"]["objects"]["Account"]["files"]["changedSince"])
    assert "Name: its value isn't what this run wrote" == row["why"]


def test_a_kept_text_goes_back_whatever_its_line_ends_are(load: Load) -> None:
    """People type CRLF in Salesforce, a job takes LF alone: all is restored, and then reads as it was."""
    for n, street in enumerate(["Street 1\r\nBackyard", "plain"]):
        load.org.insert("Account", {"Name": "old", "External_Id__c": f"K{n}", "BillingStreet": street})
    fields = {"Name": "name", "BillingStreet": "street", "External_Id__c": "key"}
    load.mapping = {"Account": {**HIERARCHY["Account"], "fields": fields, "parents": {}}}
    load.payload = json.dumps({"accounts": [{"key": f"K{n}", "name": "new", "street": "wrong"} for n in range(2)]}).encode()
    load.whole()
    assert (0, 2, 0, 0, 0) == counts(undone(load), "Account")
    assert ["Street 1\nBackyard", "plain"] == [each["BillingStreet"] for each in load.org.query("SELECT BillingStreet FROM Account")]
    assert (0, 2) == tuple(planned(load)["summary"]["objects"]["Account"][key] for key in ("changedSince", "asItWas"))


def test_a_record_that_two_objects_wrote_goes_back_to_before_both(load: Load) -> None:
    """Its fields are restored once, whoever wrote or kept them; `changed_only` forgets it for both, so that a later run loads it again."""
    load.org.insert("Account", {"Name": "before", "BillingCity": "Rome", "Industry": "Energy", "External_Id__c": "K"})
    each = {**HIERARCHY["Account"], "parents": {}, "changed_only": True}
    load.mapping = {
        "First": {**each, "records": "first[]", "fields": {"Name": "name", "BillingCity": "city", "External_Id__c": "key"}},
        "Second": {
            **each,
            "records": "second[]",
            "keep_before": False,
            "fields": {"Name": "name", "Industry": "industry", "External_Id__c": "key"},
        },
    }
    first, second = {"key": "K", "name": "one", "city": "Oslo"}, {"key": "k", "name": "two", "industry": "Banking"}
    new = {"key": "N", "name": "created by the first"}
    load.payload = json.dumps({"first": [first, new], "second": [second, new]}).encode()
    assert load.whole()["clean"]
    found = undone(load)
    assert [(1, 0, 0, 0, 0), (0, 1, 0, 0, 0)] == [counts(found, name) for name in load.mapping]
    assert [None, None] == [found["objects"][name].get("notKept") for name in load.mapping]
    assert ("before", "Rome", "Energy") == tuple(
        load.org.query("SELECT Name, BillingCity, Industry FROM Account")[0][field] for field in ("Name", "BillingCity", "Industry")
    )
    told = dataclasses.replace(load, run_name="second", clock=load.clock + 1_000).whole()["summary"]["objects"]
    assert [(1, 0), (2, 0)] == [(told[name]["updated"], told[name]["unchanged"]) for name in load.mapping]


def test_without_keep_before_changed_records_stay_as_the_run_left_them(load: Load) -> None:
    """Counted, so that nobody thinks they were restored; and what they hang on stays with them."""
    load.org.insert("Account", {"Name": "Old name", "External_Id__c": "old"})
    load.mapping = {"Account": {**HIERARCHY["Account"], "keep_before": False}}
    load.payload = json.dumps({"accounts": WORLD["accounts"][:3]}).encode()
    load.whole()
    found = undone(load)
    assert ((1, 0, 0, 1, 0), 1) == (counts(found, "Account"), found["objects"]["Account"]["notKept"])
    assert ["New name", "top"] == [each["Name"] for each in load.org.query("SELECT Name FROM Account ORDER BY Name")]
