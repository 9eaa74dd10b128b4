"""What later runs wrote and read: by the same field of the same sobject, whatever it was called, however it compares keys."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from include.bulkload.basics import tables
from include.bulkload.steps import journal, later_runs, summarize
from tests.include.bulkload.steps import replays, test_doubt, test_earlier_runs, test_gone
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads, org

if TYPE_CHECKING:
    from include.bulkload.match import newer

B_FAILS = [{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}]
ACCOUNTS = Path(org.__file__).parents[2] / "include" / "local_org" / "schema" / "objects" / "Account.json"


def first(load: Load, key: str = "External_Id__c") -> None:
    """A night that lost the account b; the rule is mended."""
    load.mapping = {"Account": account(key)}
    load.payload = json.dumps({"accounts": [{"name": "a", "sourceId": "a"}, {"name": "b", "sourceId": "b"}]}).encode()
    load.org.behave(row_faults=B_FAILS)
    load.whole()
    load.org.behave(row_faults=[])


def account(key: str) -> dict[str, object]:
    """The object, known by a field."""
    fields = {"Name": "name", key: "sourceId"}
    return {"sobject": "Account", "records": "accounts[]", "operation": "upsert", "external_id": key, "fields": fields}


def night(load: Load, name: str, **mapping: dict[str, object]) -> None:
    """A later night, whose source has a newer B."""
    later = dataclasses.replace(load, name=f"{name}.json", run_name=name, mapping=mapping)
    later.payload = json.dumps({"accounts": [{"name": f"newer, {name}", "sourceId": "B"}], "firms": []}).encode()
    later.whole()
    load.clock = later.clock


def known(load: Load) -> list[list[str]]:
    """The keys that later runs wrote, and those that they read."""
    opened = journal.opened(load.run)
    return [read(found(load.run, opened)["Account"]) for found in (later_runs.written, later_runs.named)]


def chosen(load: Load) -> tuple[int, int]:
    """Replay the first night; how many accounts went, how many were superseded."""
    found = replays.replayed(load)["chosen"]["Account"]
    return found["send"], found["superseded"]


def read(files: list[newer.Keys]) -> list[str]:
    """All keys of these files."""
    with duckdb.connect(":memory:") as con:
        return [key for each in files for (key,) in con.execute(f"SELECT key FROM {tables.parquet(each.file)}").fetchall()]


def test_keys_of_another_field_say_nothing(load: Load) -> None:
    """The plan knows its accounts by another field since: the older row isn't superseded, nor named by that source; renamed it is."""
    first(load)
    night(load, "other", Account=account("Case_Key__c"))
    assert [[], []] == known(load)
    assert (1, 0) == chosen(load)
    assert ["a", "b", "newer, other"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))
    night(load, "renamed", Firms=account("External_Id__c"))
    assert [["b"], ["b"]] == known(load)


def test_a_field_that_tells_case_no_more_supersedes_in_any_case(tmp_path: Path) -> None:
    """What was another key is the same one now: sent, the older row would be written over the newer."""
    schema = tmp_path / "schema"
    schema.mkdir()
    described = json.loads(ACCOUNTS.read_text("utf-8"))
    for field in described["fields"]:
        field.update({"caseSensitive": False} if field["name"] == "Case_Key__c" else {})
    (schema / ACCOUNTS.name).write_text(json.dumps(described))
    with org.running(tmp_path, "--control") as started:
        load = Load(tmp_path, loads.LocalOrg(started))
        first(load, "Case_Key__c")
    with org.running(tmp_path, "--control", "--schema", str(schema)) as started:
        load.org = loads.LocalOrg(started)
        night(load, "later", Account=account("Case_Key__c"))
        assert (0, 1) == chosen(load)
        assert ["a", "newer, later"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


def test_several_objects_of_one_sobject_all_supersede(load: Load) -> None:
    """The later plan cut its accounts in two: both of its parts count, whatever they are called."""
    first(load)
    parts = {"Account": account("External_Id__c") | {"records": "firms[]"}, "Customers": account("External_Id__c")}
    night(load, "cut", **parts)
    assert [["b"], ["b"]] == known(load)
    assert (0, 1) == chosen(load)


def test_a_row_in_doubt_supersedes(load: Load) -> None:
    """It may be written: its result is in none of the three files, and the org has its key."""
    first(load)
    later = dataclasses.replace(load, run_name="later", name="later.json", clock=load.clock)
    test_doubt.played(later, test_doubt.Forgetful(load.org.client(), "K1", stored=True))
    assert ["k0", "k1", "k2", "k3", "k4"] == sorted(read(later_runs.written(load.run, journal.opened(load.run))["Account"]))


def lost_later(load: Load) -> Load:
    """A night that lost the account b, and a later one that had a newer B, whose job is gone."""
    first(load)
    later = dataclasses.replace(load, run_name="later", name="later.json", clock=load.clock)
    later.payload = json.dumps({"accounts": [{"name": "newer", "sourceId": "B"}]}).encode()
    later.stage()
    later.cut("Account")
    test_gone.lost(later)
    return later


@pytest.mark.parametrize("again", [False, True])
def test_rows_of_a_job_that_is_gone_supersede(load: Load, *, again: bool) -> None:
    """It may have written them; also when another job carried them again, and Salesforce refused one that time."""
    later = lost_later(load)
    if again:
        load.org.behave(row_faults=[B_FAILS[0] | {"value": "newer"}])
        later.settled("Account")
        load.org.behave(row_faults=[])
    part = summarize.close(later.run, [])["summary"]["objects"]["Account"]
    assert ((1, 0) if again else (0, 1)) == (part["failed"], part["in_doubt"])
    load.clock = later.clock
    assert (0, 1) == chosen(load)
    assert ["a", "newer"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


@pytest.mark.parametrize(("edited", "more"), [(False, []), (True, []), (False, ["Second"])])
def test_what_an_undo_brought_back_supersedes_nothing(load: Load, *, edited: bool, more: list[str]) -> None:
    """The later run (of `more` objects) was a mistake: the older row may go again. Where somebody edited another field, it may not."""
    mapped = account("External_Id__c") | {"keep_before": True}
    mapped["fields"] = {"Name": "name", "BillingCity": "city", "External_Id__c": "sourceId"}
    record = load.org.insert("Account", {"Name": "as it was", "BillingCity": "Rome", "External_Id__c": "b"})
    first(load)
    mapping = dict.fromkeys(["Account", *more], mapped)
    later = dataclasses.replace(load, run_name="later", name="later.json", clock=load.clock, mapping=mapping)
    later.payload = json.dumps({"accounts": [{"name": "mistake", "city": "Oslo", "sourceId": "b"}]}).encode()
    later.whole()
    if edited:
        load.org.change("Account", record, BillingCity="Bonn")
    test_earlier_runs.undone(later, "later")
    load.clock = later.clock
    assert ((0, 1) if edited else (1, 0)) == chosen(load)
    assert {"as it was" if edited else "b"} == {each["Name"] for each in load.org.query("SELECT Name FROM Account") if each["Name"] != "a"}


def test_a_key_that_was_written_counts_though_an_edited_copy_changed_it(load: Load) -> None:
    """The later run's job is gone, a person replayed its row by another key: what the job wrote stands, also when the run is undone."""
    later = lost_later(load)
    part = summarize.close(later.run, ["settle_Account"])["summary"]["objects"]["Account"]
    copy = replays.copied(later, later.listed(part["files"]["in_doubt"]), External_Id__c="z")
    replays.replayed(later, "mended", copy, of="later")
    load.clock = later.clock
    assert [["b", "z"], ["b", "z"]] == [sorted(keys) for keys in known(load)]
    test_earlier_runs.undone(later, "later")
    load.clock = later.clock
    assert ["b"] == known(load)[0]
    assert (0, 1) == chosen(load)
    assert ["a", "newer"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


@pytest.mark.parametrize("field", ["Name", "BillingCity"])
def test_a_later_object_of_the_run_supersedes_where_it_writes_the_same_field(load: Load, field: str) -> None:
    """Its values are to count last, and would be overwritten; a part of the record that is this object's alone comes by a replay."""
    load.mapping = {"Account": account("External_Id__c"), "Details": account("External_Id__c") | {"records": "details[]"}}
    load.mapping["Details"]["fields"] = {field: "value", "External_Id__c": "sourceId"}
    load.mapping["Details"]["parents"] = {"ParentId": {"object": "Account", "from": "top"}}
    details = [{"value": "final", "sourceId": "b", "top": "a"}]
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key} for key in "ab"], "details": details}).encode()
    load.org.behave(row_faults=B_FAILS)
    load.whole()
    load.org.behave(row_faults=[])
    assert ((0, 1) if field == "Name" else (1, 0)) == chosen(load)
    (record,) = load.org.query("SELECT Name, BillingCity FROM Account WHERE External_Id__c = 'b'")
    assert ("final", "final" if field == "Name" else "b") == (record[field], record["Name"])


@pytest.mark.parametrize("first", ["Gone", "Account"])
def test_a_delete_and_an_upsert_of_one_key_come_in_their_order(load: Load, first: str) -> None:
    """Whichever was refused first isn't replayed over what the other did after it: nothing is deleted or brought back against the plan."""
    gone = {"sobject": "Account", "records": "gone[]", "operation": "delete", "external_id": "External_Id__c"}
    both = {"Gone": gone | {"fields": {"External_Id__c": "sourceId"}}, "Account": account("External_Id__c")}
    load.mapping = {first: both.pop(first), **both}
    load.org.insert("Account", {"Name": "before", "External_Id__c": "b"})
    load.payload = json.dumps({"accounts": [{"name": "b", "sourceId": "b"}], "gone": [{"sourceId": "b"}]}).encode()
    load.stage()
    load.org.behave(row_faults=[{"object": "Account", "share": 1.0, "error": "SOME_RULE:no:--"}])
    load.sent(first, load.cut(first))
    load.org.behave(row_faults=[])
    load.learned(first)
    (second,) = both
    load.sent(second, load.cut(second))
    load.learned(second)
    summarize.close(load.run, [])
    assert 1 == replays.replayed(load)["chosen"][first]["superseded"]
    assert (["b"] if second == "Account" else []) == [each["Name"] for each in load.org.query("SELECT Name FROM Account")]
