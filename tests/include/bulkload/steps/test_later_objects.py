"""Two objects of a plan that write the same records → what the later one did stays, whenever the first one's rows come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import settle, submit, summarize
from tests.include.bulkload.steps import replays, test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

ACCOUNT: dict[str, Any] = {**test_waves.ACCOUNT, "parents": {}, "canary_rows": 0}
GONE: dict[str, Any] = {**ACCOUNT, "records": "gone[]", "operation": "delete", "fields": {"External_Id__c": "sourceId"}}
LATER = r"or later objects of this run, .* replay this run"


def stored(load: Load) -> list[tuple[str, str]]:
    """Key and name of all accounts of the org."""
    return sorted((each["External_Id__c"], each["Name"]) for each in load.org.query("SELECT External_Id__c, Name FROM Account"))


def whole(load: Load, name: str) -> None:
    """All tasks of one object."""
    load.sent(name, load.cut(name))
    load.learned(name)


def staged(load: Load, **mapping: dict[str, Any]) -> None:
    """A run whose source deletes K1 and K2, and has K1 again; the org has both."""
    load.mapping = mapping
    for key in ("K1", "K2"):
        load.org.insert("Account", {"Name": "old", "External_Id__c": key})
    gone = [{"sourceId": "K1"}, {"sourceId": "K2"}]
    load.payload = json.dumps({"gone": gone, "accounts": [{"name": "today", "sourceId": "K1"}]}).encode()
    load.stage()


def test_who_is_cleared_late_deletes_nothing_that_was_written_since(load: Load) -> None:
    """Its submitting task was marked success, and the later object went on: the rest of its rows is a replay's."""
    staged(load, Gone=GONE, Account=ACCOUNT)
    (chunk,) = load.cut("Gone")
    load.sent("Gone", [])
    load.learned("Gone")
    whole(load, "Account")
    assert not summarize.close(load.run, ["Gone_job-0"])["clean"]
    with pytest.raises(errors.ChunkVoid, match=f"wrote 1 of its 2 rows, {LATER}"):
        submit.chunk(load.run, "Gone", chunk)
    assert [] == load.cut("Gone")
    found = replays.replayed(load)["chosen"]["Gone"]
    assert (1, 1, [("K1", "today")]) == (found["send"], found["superseded"], stored(load))


def test_nor_does_a_round(load: Load) -> None:
    """Its rows were locked, and came to be sent again when the later object had had them."""
    staged(load, Gone=GONE, Account=ACCOUNT)
    load.org.behave(row_faults=[{"object": "Account", "operation": "delete", "share": 1.0, "lock": True}])
    jobs = [submit.chunk(load.run, "Gone", number) for number in load.cut("Gone")]
    load.waited(jobs)
    assert settle.advance(load.run, "Gone")["not_before"]
    load.org.behave(row_faults=[])
    whole(load, "Account")
    load.clock += 3_600
    with pytest.raises(errors.ChunkVoid, match=LATER):
        load.settled("Gone")
    load.settled("Gone")
    assert (False, [("K1", "today"), ("K2", "old")]) == (summarize.close(load.run, [])["clean"], stored(load))


def test_a_second_pass_leaves_the_lookups_of_later_objects(load: Load) -> None:
    """Those that were set when it is planned; it sets all others, be they of records of later objects that left the lookup blank."""
    first = {**test_waves.ACCOUNT, "parents": {"ParentId": {"object": "Account", "from": "parent", "cut": True}}}
    in_org = {"sobject": "Account", "by": "external_id", "external_id": "External_Id__c", "from": "parent"}
    later = {**first, "records": "details[]", "parents": {"ParentId": in_org}}
    load.mapping = {"Account": first, "Detail": later}
    above = {"T": "", "U": "", "K1": "T", "K2": "T", "K3": "T"}
    rows = [{"name": key, "sourceId": key, "parent": parent} for key, parent in above.items()]
    details = [{"name": key, "sourceId": key, "parent": parent} for key, parent in (("K1", "U"), ("K3", ""))]
    load.payload = json.dumps({"accounts": rows, "details": details}).encode()
    load.stage()
    load.waited([submit.chunk(load.run, "Account", number) for number in load.cut("Account")])
    whole(load, "Detail")
    load.settled("Account")
    assert {"T": None, "U": None, "K1": "U", "K2": "T", "K3": "T"} == test_waves.parents(load)
    assert summarize.close(load.run, [])["clean"]


def test_a_replay_sets_a_link_that_no_later_object_wrote(load: Load) -> None:
    """What came later wrote the name alone: that is left, and the lookup that the second pass owes is set."""
    cut = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}
    load.mapping = {"Account": {**ACCOUNT, "parents": cut}, "Detail": {**ACCOUNT, "records": "details[]"}}
    rows = [{"name": "raw", "sourceId": "K1", "parent": "T"}, {"name": "top", "sourceId": "T"}]
    load.payload = json.dumps({"accounts": rows, "details": [{"name": "final", "sourceId": "K1"}]}).encode()
    top = load.org.insert("Account", {"Name": "top", "External_Id__c": "T"})
    load.org.behave(row_faults=[{"object": "Account", "field": "ParentId", "value": top, "error": "SOME_RULE:no:--"}])
    assert not load.whole()["clean"]
    load.org.behave(row_faults=[])
    found = replays.replayed(load)["chosen"]["Account"]
    assert (0, 1, 0) == (found["send"], found["links"], found["superseded"])
    assert ({"K1": "T", "T": None}, [("K1", "final"), ("T", "top")]) == (test_waves.parents(load), stored(load))
