"""Replays from an edited copy of a run's lists: rows known by row_id, cells as the copy has them, all else as it was."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_replay import B_FAILS, REFUSED, lost
from tests.include.bulkload.steps.test_waves import ACCOUNT, parents

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load


def listed(load: Load, name: str, fate: str) -> list[dict[str, str]]:
    """One of the lists that the run's summary names."""
    return load.listed(replays.whole(load)["objects"][name]["files"][fate])


def accounts(load: Load) -> dict[str, str]:
    """The accounts of the org: key → name."""
    return {each["External_Id__c"]: each["Name"] for each in load.org.query("SELECT External_Id__c, Name FROM Account")}


def test_an_edited_row_goes_with_its_children(load: Load) -> None:
    """The copy's cells are sent; only its rows and what hangs on them: another failed row stays."""
    lost(load, row_faults=[*B_FAILS, {"object": "Account", "field": "Name", "value": "c", **REFUSED}])
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": name, **REFUSED} for name in "bc"])
    rows = [row for row in listed(load, "Account", "failed") if row["External_Id__c"] == "b"]
    found = replays.replayed(load, file=replays.copied(load, rows, Name="better"))
    assert {"a": "a", "b": "better"} == accounts(load)
    assert [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")] == replays.kin(load)
    assert ((1, 1, 0, 0, 0, 0, 0), (2, 2, 0, 0, 0, 0, 0)) == tuple(
        replays.account(found["summary"], name) for name in ("Account", "Contact")
    )
    assert ((3, 2, 1, 0, 0, 0, 0), (5, 4, 0, 0, 1, 0, 0)) == tuple(
        replays.account(replays.whole(load), name) for name in ("Account", "Contact")
    )


def test_a_key_may_be_changed(load: Load) -> None:
    """The row is known by its row_id; its children stood in it and follow."""
    lost(load, row_faults=B_FAILS)
    found = replays.replayed(load, file=replays.copied(load, listed(load, "Account", "failed"), External_Id__c="b-new", Name="new"))
    assert ({"a": "a", "c": "c", "b-new": "new"}, True) == (accounts(load), found["clean"])
    assert [("a1", "a"), ("a2", "a"), ("b1", "b-new"), ("b2", "b-new"), ("c1", "c")] == replays.kin(load)
    again = replays.replayed(load, "once more")
    assert (0, 0, True) == (*(again["chosen"][name]["send"] for name in ("Account", "Contact")), again["clean"])


def test_orphans_of_a_rejected_row_come_when_it_is_mended(load: Load) -> None:
    """It had no key: the copy gives it one."""
    load.payload = replays.family(a=["a1"]).replace(b'"sourceId": "a"', b'"sourceId": " "')
    lost(load)
    assert ([], {}) == (replays.kin(load), accounts(load))
    nothing = replays.replayed(load, "as it was")
    assert (0, 1) == tuple(nothing["chosen"][name]["send"] for name in ("Account", "Contact"))
    found = replays.replayed(load, file=replays.copied(load, listed(load, "Account", "rejected"), External_Id__c="k"))
    assert ([("a1", "k")], {"k": "a"}, True) == (replays.kin(load), accounts(load), found["clean"])
    assert "COMPLETED" == replays.whole(load)["status"]


def test_orphans_by_key_find_a_parent_whose_key_was_mended(load: Load) -> None:
    """They named a key that no row had: the parent's key had a typing error."""
    load.mapping = {"Account": ACCOUNT}
    rows = [("a", None), ("b", "a"), ("c", "b-right"), ("d", "c")]
    load.payload = json.dumps({"accounts": [{"name": k, "sourceId": k, "parent": p} for k, p in rows]}).encode()
    lost(load, row_faults=B_FAILS)
    replays.replayed(load, file=replays.copied(load, listed(load, "Account", "failed"), External_Id__c="b-right"))
    assert {"a": None, "b-right": "a", "c": "b-right", "d": "c"} == parents(load)
    assert (4, 4, 0, 0, 0, 0, 0) == replays.account(replays.whole(load), "Account")


def test_a_link_may_be_edited(load: Load) -> None:
    """A column called like the lookup holds the parent's key."""
    load.mapping = {"Account": ACCOUNT}
    rows = [("a", None), ("b", "nowhere")]
    load.payload = json.dumps({"accounts": [{"name": k, "sourceId": k, "parent": p} for k, p in rows]}).encode()
    lost(load)
    replays.replayed(load, file=replays.copied(load, listed(load, "Account", "orphaned"), ParentId="a"))
    assert {"a": None, "b": "a"} == parents(load)


def test_an_edit_that_is_wrong_is_refused_and_changes_nothing(load: Load) -> None:
    """Its row is rejected with the reason; mended once more, it goes."""
    lost(load, row_faults=B_FAILS)
    rows = listed(load, "Account", "failed")
    first = replays.replayed(load, file=replays.copied(load, rows, External_Id__c="  "))
    assert ((1, 0, 0, 0, 0, 1, 0), False) == (replays.account(first["summary"], "Account"), first["clean"])
    (refused,) = listed(load, "Account", "rejected")
    assert ("Account-0-2", "b", True) == (refused["row_id"], refused["External_Id__c"], refused["error"].endswith("missing key"))
    second = replays.replayed(load, "second", file=replays.copied(load, rows, External_Id__c="a"))
    assert (1, {"a": "a", "c": "c"}) == (second["summary"]["objects"]["Account"]["rejected"], accounts(load))
    (refused,) = listed(load, "Account", "rejected")
    assert refused["error"].endswith("conflicting duplicate")
    assert (3, 2, 0, 0, 0, 1, 0) == replays.account(replays.whole(load), "Account")
    assert replays.replayed(load, "third", file=replays.copied(load, rows, External_Id__c="z"))["clean"] is True
    assert {"a", "c", "z"} == {*accounts(load)}


def test_what_is_written_already_is_skipped(load: Load) -> None:
    """A row of the copy that succeeded keeps its record as it is."""
    lost(load, row_faults=B_FAILS)
    (row,) = listed(load, "Account", "failed")
    path = replays.copied(load, [row, row | {"row_id": "Account-0-1", "Name": "no"}])
    found = replays.replayed(load, file=path)
    assert ({"a": "a", "b": "b", "c": "c"}, {"succeeded": 1}) == (accounts(load), found["chosen"]["Account"]["skipped"])


def edited(load: Load, text: str) -> Path:
    """A copy written by hand."""
    path = load.root / "edited.csv"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("row_id,Name\nAccount-0-2,x\n,y\n", "edited.csv, line 3: it has no row_id"),
        ("Name\nx\n", "no column row_id"),
        ("row_id,Name\nAccount-0-77,x\n", "line 2: the run has no row Account-0-77"),
        ("row_id,Name\nLead-0-1,x\n", "line 2: Lead-0-1 is no row_id of this plan"),
        ("row_id,Name\nAccount-0-2,x\nAccount-0-2,y\n", "line 3: Account-0-2 stands there a second time"),
        ("row_id,Nmae\nAccount-0-2,x\n", "Account has no column Nmae"),
        ("row_id,Name\nAccount-0-2,x\nContact-0-1,y\n", "line 3: a row of Contact among those of Account"),
        ("row_id,Name\nAccount-0-2,x,too\n", "line 2: 3 cells"),
    ],
)
def test_a_copy_that_is_wrong_stops_before_anything_is_sent(load: Load, text: str, told: str) -> None:
    """File and line are named; the same replay goes on with a mended copy."""
    lost(load, row_faults=B_FAILS)
    jobs = len(load.org.jobs())
    with pytest.raises(errors.PlanError, match=told):
        replays.begun(load, file=edited(load, text))
    assert jobs == len(load.org.jobs())
    assert replays.replayed(load, file=edited(load, "row_id,Name\nAccount-0-2,fine\n"))["clean"] is True
    assert "fine" == accounts(load)["b"]


def test_values_are_read_as_they_are_sent(load: Load) -> None:
    """Constants, maps and defaults were applied before; what isn't in the copy stays; the checks of the fields apply."""
    load.mapping["Account"]["fields"] |= {
        "Industry": {"from": "industry", "values": {"tech": "Technology"}, "default": "Other"},
        "Description": {"constant": "by plan"},
        "NumberOfEmployees": "staff",
        "BillingCity": {"from": "billingCity", "nulls": "clear"},
    }
    account: dict[str, Any] = {"name": "b", "sourceId": "b", "industry": "tech", "staff": 7, "billingCity": None}
    load.payload = json.dumps({"accounts": [account]}).encode()
    lost(load, row_faults=B_FAILS)
    (row,) = listed(load, "Account", "failed")
    assert ("Technology", "by plan", "7", "#N/A") == tuple(
        row[field] for field in ("Industry", "Description", "NumberOfEmployees", "BillingCity")
    )
    wrong = replays.replayed(load, file=replays.copied(load, [row], NumberOfEmployees="7.5"))
    assert 1 == wrong["summary"]["objects"]["Account"]["rejected"]
    del row["Description"]
    replays.replayed(load, "second", file=replays.copied(load, [row], Industry="Banking"))
    (found,) = load.org.query("SELECT Industry, Description, NumberOfEmployees, BillingCity FROM Account")
    assert ("Banking", "by plan", 7, None) == tuple(
        found[field] for field in ("Industry", "Description", "NumberOfEmployees", "BillingCity")
    )


def test_a_row_whose_record_stands_takes_its_link_from_the_copy(load: Load) -> None:
    """Its second pass named a parent that isn't there: the copy names another; the record's own cells aren't sent again."""
    load.mapping = {"Account": ACCOUNT}
    rows = [("a", "b"), ("b", "a"), ("c", None)]
    load.payload = json.dumps({"accounts": [{"name": k, "sourceId": k, "parent": p} for k, p in rows]}).encode()
    lost(load, row_faults=[{"object": "Account", "share": 1.0, "operation": "update", **REFUSED}])
    (row,) = listed(load, "Account", "failed")
    other = {"a": "b", "b": "a"}[row["External_Id__c"]]
    replays.replayed(load, file=replays.copied(load, [row], ParentId="c", Name="ignored"))
    assert {row["External_Id__c"]: "c", other: row["External_Id__c"], "c": None} == parents(load)
    assert {"a": "a", "b": "b", "c": "c"} == accounts(load)


def test_a_mended_row_that_is_superseded_brings_its_children(load: Load) -> None:
    """A later run wrote its key: the row is left alone, its children hang on the newer record."""
    load.mapping["Account"]["fields"]["NumberOfEmployees"] = "size"
    load.payload = replays.family(b=["b1"]).replace(b'"name": "b"', b'"name": "b", "size": "many"')
    lost(load)
    night = dataclasses.replace(load, name="later.json", run_name="later", payload=replays.family(B=[]))
    night.whole()
    load.clock = night.clock
    copy = replays.copied(load, listed(load, "Account", "rejected"), NumberOfEmployees="7")
    found = replays.replayed(load, file=copy)["chosen"]
    assert (0, 1) == (found["Account"]["send"], found["Account"]["superseded"])
    assert [("b1", "B")] == replays.kin(load)


def confused(load: Load, *newer: str) -> None:
    """A night in which two accounts shared a key by a typing error, and a later one that knows these keys."""
    load.payload = replays.family(one=["of one"], nine=["of nine"]).replace(b'"sourceId": "nine"', b'"sourceId": "one"')
    load.payload = load.payload[:-1] + b', "people": [{"lastName": "by key", "account": "one"}]}'
    lost(load)
    night = dataclasses.replace(load, name="later.json", run_name="later", mapping={"Account": load.mapping["Account"]})
    night.payload = replays.family(**{key: [] for key in newer})
    night.whole()
    load.clock = night.clock


@pytest.mark.parametrize("newer", [("one", "nine"), ("nine",)])
def test_children_follow_the_key_that_their_superseded_parent_was_given(load: Load, newer: tuple[str, ...]) -> None:
    """They hang on the record of that key, not on that of the wrong one; the list says why the row itself wasn't sent."""
    confused(load, *newer)
    (row,) = [row for row in listed(load, "Account", "rejected") if row["Name"] == "nine"]
    found = replays.replayed(load, file=replays.copied(load, [row], External_Id__c="nine"))
    assert (1, [("of nine", "nine")]) == (found["chosen"]["Account"]["superseded"], replays.kin(load))
    told = {row["Name"]: row["error"] for row in listed(load, "Account", "rejected")}
    assert {"one": "conflicting duplicate", "nine": "superseded: a later run wrote this key, or may have"} == told
    assert (2, 0, 0, 0, 0, 2, 0) == replays.account(replays.whole(load), "Account")


@pytest.mark.parametrize("edit", [None, {"External_Id__c": "nine", "NumberOfEmployees": "many"}])
def test_children_of_a_parent_whose_key_nobody_knows_wait(load: Load, edit: dict[str, str] | None) -> None:
    """Two rows share it, and the edit that told it was refused: a later run's record may be another one's. Who names that key finds it."""
    load.mapping["Account"]["fields"]["NumberOfEmployees"] = "size"
    load.mapping["People"] = load.mapping["Contact"] | {"records": "people[]"}
    load.mapping["People"]["parents"] = {"AccountId": {"object": "Account", "from": "account"}}
    confused(load, "one", "nine")
    (row,) = [row for row in listed(load, "Account", "rejected") if row["Name"] == "nine"]
    found = replays.replayed(load, file=replays.copied(load, [row], **edit) if edit else None)
    assert ((1, []) if edit else (0, [("by key", "one")])) == (found["chosen"]["Account"]["rejected"], replays.kin(load))
    assert (2, 0, 0, 0, 2, 0, 0) == replays.account(replays.whole(load), "Contact")


def test_a_refused_edit_keeps_the_children_of_its_row_from_the_old_key(load: Load) -> None:
    """Its key was wrong, says the copy: a later run's record of that key is another company."""
    load.mapping["Account"]["fields"]["NumberOfEmployees"] = "size"
    lost(load, row_faults=B_FAILS)
    night = dataclasses.replace(load, name="later.json", run_name="later", payload=replays.family(b=[]))
    night.whole()
    load.clock = night.clock
    before = replays.kin(load)
    copy = replays.copied(load, listed(load, "Account", "failed"), External_Id__c="nine", NumberOfEmployees="many")
    assert (1, before) == (replays.replayed(load, file=copy)["chosen"]["Account"]["rejected"], replays.kin(load))


def test_edits_of_a_replay_that_was_given_up_unsent_are_forgotten(load: Load) -> None:
    """It died before it sent anything, and its edits were a mistake: the next replay sends the rows as they were."""
    load.mapping.pop("Contact")
    lost(load, row_faults=B_FAILS)
    rows = listed(load, "Account", "failed")
    replays.begun(load, "dies", replays.copied(load, rows, External_Id__c="k", Name="by mistake"))
    found = replays.replayed(load, "plain")
    assert ({"a": "a", "b": "b", "c": "c"}, True) == (accounts(load), found["clean"])
    assert (3, 3, 0, 0, 0, 0, 0) == replays.account(replays.whole(load), "Account")


def test_edits_that_were_sent_before_a_replay_was_given_up_stay(load: Load) -> None:
    """Of two jobs the first was sent: its row stands in the org as edited, and its child follows; the other goes as it was."""
    load.more = {"job_bytes": 1_000}
    load.mapping["Account"]["fields"]["Description"] = "text"
    account = {key: {"name": key, "sourceId": key, "text": "x" * 700, "contacts": [{"lastName": f"{key}1"}]} for key in "abc"}
    load.payload = json.dumps({"accounts": [*account.values()]}).encode()
    lost(load, row_faults=[*B_FAILS, {"object": "Account", "field": "Name", "value": "c", **REFUSED}])
    dying = replays.Dying(load.run.folder, "chunk-00004/intent", after=False)
    path = replays.copied(load, listed(load, "Account", "failed"), Name="mended")
    with pytest.raises(replays.KilledError):
        replays.begun_and_sent(load, dataclasses.replace(replays.again(load), folder=dying), path)
    replays.replayed(load, "plain")
    assert {"a": "a", "b": "mended", "c": "c"} == accounts(load)
    assert [("a1", "a"), ("b1", "b"), ("c1", "c")] == replays.kin(load)


def test_edits_that_the_org_refused_are_what_goes_again(load: Load) -> None:
    """As it was is as the run's lists show it: as it was sent last."""
    load.mapping.pop("Contact")
    lost(load, row_faults=B_FAILS)
    rows = listed(load, "Account", "failed")
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "mended", **REFUSED}])
    replays.replayed(load, file=replays.copied(load, rows, Name="mended"))
    load.org.behave(row_faults=[])
    assert ["mended"] == [row["Name"] for row in listed(load, "Account", "failed")]
    replays.replayed(load, "plain")
    assert "mended" == accounts(load)["b"]
