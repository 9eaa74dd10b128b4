"""Records that a later run wrote → an undo of an earlier one leaves them, and says whose they are."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.include.bulkload.steps.undoings import counts, undone

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

UPSERT: dict[str, Any] = {
    "sobject": "Account",
    "records": "accounts[]",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "canary_rows": 0,
    "keep_before": True,
    "fields": {"Name": "name", "BillingCity": "city", "External_Id__c": "key"},
}
UPDATE = {**UPSERT, "operation": "update", "external_id": "Id", "fields": {"Id": "id", "Name": "name"}}
NAMES = "SELECT Name FROM Account ORDER BY Name"


def payload(name: str, keys: list[str], **more: str) -> bytes:
    """Accounts."""
    return json.dumps({"accounts": [{"name": f"{name}{nth}", "key": each, "id": each, **more} for nth, each in enumerate(keys)]}).encode()


def second(load: Load, **changed: Any) -> Load:
    """The plan's next run."""
    return dataclasses.replace(load, run_name="second", clock=load.clock + 10, **changed)


@pytest.mark.parametrize("by_id", [False, True])
def test_what_a_later_run_wrote_right_after_an_abort_stays(load: Load, *, by_id: bool) -> None:
    """Within the minute in which a chunk of the aborted job may be committed; known by another key, the time alone tells."""
    keys = [f"k{n}" for n in range(6)]
    load.mapping, load.payload = {"Account": UPSERT}, payload("old", keys)
    load.org.behave(job_ends=[{"object": "Account", "job": 1, "state": "Aborted", "at": 0.5}])
    load.whole()
    load.org.behave(job_ends=[], clock_skew_seconds=30)
    ids = [each["Id"] for each in load.org.query("SELECT Id FROM Account ORDER BY Name")]
    known = {"mapping": {"Account": UPDATE}} if by_id else {}
    later = second(load, payload=payload("new", ids if by_id else keys), **known)
    assert later.whole()["clean"]
    there = load.org.query(NAMES)
    load.clock = later.clock + 10
    found = undone(load)
    assert ((0, 0, 0, 3, 0), there) == (counts(found, "Account"), load.org.query(NAMES))
    told = {row["why"] for row in load.listed(found["objects"]["Account"]["files"]["changedSince"])}
    assert by_id or {"the run second has written it since"} == told


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_value_that_a_later_run_wrote_again_stays_until_that_run_is_undone(load: Load, name: str) -> None:
    """It is that run's by then, though it is the same, or all that it wrote is; undone from the last to the first, all is as it was."""
    load.org.insert("Account", {"Name": "before", "BillingCity": "Rome", "External_Id__c": "k"})
    load.mapping, load.payload = {"Account": UPSERT}, payload("one", ["k"], city="Oslo")
    load.whole()
    later = second(load, payload=payload(name, ["k"], city="Oslo"))
    later.whole()
    load.clock = later.clock + 10
    cities = "SELECT Name, BillingCity FROM Account"
    there = load.org.query(cities)
    assert ((0, 0, 0, 1, 0), there) == (counts(undone(load), "Account"), load.org.query(cities))
    later.clock = load.clock + 10
    assert (0, name != "one", 0, 0, 0) == counts(undone(later), "Account")
    load.clock = later.clock + 10
    assert (0, 1, 0, 0, 0) == counts(undone(load), "Account")
    assert ("before", "Rome") == tuple(load.org.query(cities)[0][field] for field in ("Name", "BillingCity"))
