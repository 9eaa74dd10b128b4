"""A nightly run that sends what earlier nights lost: by itself only what has a key that no later source had."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import plan
from include.bulkload.steps import earlier_runs, ports, replay, summarize, sweep, undo
from tests.include.bulkload.steps import replays, test_sweep, undoings

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SCHEMA = Path(__file__).parents[4] / "docs" / "summary.schema.json"
DAY = 86_400
B_FAILS = [{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}]


def night(load: Load, run_name: str, payload: bytes, *going_on: str) -> dict[str, Any]:
    """One night as the DAG has it: its load, what it sends of earlier ones, then its summary."""
    load.run_name, load.payload, load.more = run_name, payload, {"replay_leftovers": True, "again": True}
    load.loaded()
    tonight = dataclasses.replace(load.run, is_over=lambda name: name.run_id not in going_on)
    for of in earlier_runs.due(tonight):
        earlier_runs.tell(load.run, of, replayed(load, tonight, of))
    document: dict[str, Any] = summarize.close(load.run, [])["summary"]
    jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
    return document


def replayed(load: Load, tonight: ports.Run, of: str) -> dict[str, Any]:
    """The replay of one earlier run, if there is anything to take."""
    earlier = dataclasses.replace(tonight, folder=replays.home(load, of))
    found = earlier_runs.begin(earlier, of, load)
    for name in plan.plan_from(load.document).order() if earlier_runs.takes(found) else ():
        while (step := replay.advance(earlier, found["replay"], name))["waiting"]:
            load.waited(step["waiting"])
    return earlier_runs.account(earlier, found)


def undone(load: Load, of: str) -> None:
    """Somebody undoes an earlier night."""
    by_hand = dataclasses.replace(undoings.by(load), folder=replays.home(load, of))
    number = undo.plan(by_hand, of)["number"]
    while (found := undo.act(by_hand, of, number))["summary"] is None:
        load.waited(found["waiting"])


@pytest.fixture
def first(load: Load) -> Load:
    """A first night that lost a row."""
    return lost(load)


def lost(load: Load) -> Load:
    """A first night that lost the account b, and its contact; the rule is mended."""
    load.org.behave(row_faults=B_FAILS)
    night(load, "one", replays.family(a=["a1"], b=["b1"]))
    load.org.behave(row_faults=[])
    return load


def keys(load: Load) -> dict[str, str]:
    """The accounts of the org: key → name."""
    return {each["External_Id__c"]: each["Name"] for each in load.org.query("SELECT External_Id__c, Name FROM Account")}


def test_what_an_earlier_night_lost_comes_by_itself(first: Load) -> None:
    """The row with a key; its contact, which has none, waits for somebody who asks. Both summaries tell it."""
    told = night(first, "two", replays.family(c=["c1"]))
    assert {"one": {"Account": {"taken": 1, "succeeded": 1, "left": {}}}} == told["leftovers"]
    assert ({"A", "B", "C"}, [("a1", "a"), ("c1", "c")]) == ({*map(str.upper, keys(first))}, replays.kin(first))
    whole = replays.home(first, "one").read("summary.json") or {}
    assert ((2, 2, 0, 0, 0, 0, 0), (2, 1, 0, 0, 1, 0, 0)) == (replays.account(whole, "Account"), replays.account(whole, "Contact"))
    by_hand = dataclasses.replace(first, run_name="one")
    by_hand.clock = first.clock
    replays.replayed(by_hand, "by hand", of="one")
    assert [("a1", "a"), ("b1", "b"), ("c1", "c")] == replays.kin(first)


def test_a_cleared_night_sends_nothing_again(first: Load) -> None:
    """It told what came of it."""
    payload = replays.family(c=["c1"])
    told = night(first, "two", payload)
    jobs = len(first.org.jobs())
    assert (told, jobs) == (night(first, "two", payload), len(first.org.jobs()))


def test_what_a_later_source_has_is_left_to_it(first: Load) -> None:
    """The newer row was refused; the older one must not come in its place, tonight or later."""
    first.org.behave(row_faults=B_FAILS)
    second = night(first, "two", replays.family(b=[]))
    first.org.behave(row_faults=[])
    assert (None, {"A"}) == (second.get("leftovers"), {*map(str.upper, keys(first))})
    third = night(first, "three", replays.family(c=[]))
    assert ({"two"}, {"A", "B", "C"}) == ({*third["leftovers"]}, {*map(str.upper, keys(first))})


def test_children_of_a_parent_that_a_later_night_wrote_hang_on_its_record(load: Load) -> None:
    """They have keys, so they go by themselves; a parent that the later night couldn't write leaves them orphans."""
    load.mapping["Contact"] |= {"operation": "upsert", "external_id": "External_Id__c"}
    load.mapping["Contact"]["fields"]["External_Id__c"] = "lastName"
    c_fails = [{"object": "Account", "field": "Name", "value": "c", "error": "SOME_RULE:no:--"}]
    load.org.behave(row_faults=[*B_FAILS, *c_fails])
    night(load, "one", replays.family(b=["b1"], c=["c1"]))
    load.org.behave(row_faults=c_fails)
    told = night(load, "two", replays.family(b=[], c=[]))
    assert {"one": {"Contact": {"taken": 2, "succeeded": 1, "left": {"orphaned": 1}}}} == told["leftovers"]
    assert [("b1", "b")] == replays.kin(load)


def test_a_run_that_was_swept_is_passed_over(first: Load) -> None:
    """Its rows are gone."""
    replays.home(first, "one").create("ledger/swept.json", {"at": "2026-02-01"})
    assert None is night(first, "two", replays.family(c=[])).get("leftovers")


def test_a_run_that_is_refused_every_night_grows_old(first: Load) -> None:
    """Nights that send it again don't make it younger: it is swept before the later ones, and then nobody looks for its rows."""
    first.org.behave(row_faults=B_FAILS)
    for day, run_name in ((1, "two"), (20, "three")):
        first.clock = day * DAY
        assert {"one"} == {*night(first, run_name, replays.family(**{run_name: []}))["leftovers"]}
    found = sweep.files(test_sweep.Sweeping(first).ground(32))
    assert ["one", "two"] == [each["run"].rpartition("/")[2] for each in found["done"]]
    first.clock = 32 * DAY
    assert None is night(first, "four", replays.family(d=[])).get("leftovers")


def test_a_run_of_which_a_later_one_was_swept_is_passed_over_and_told(first: Load) -> None:
    """Which of its rows are older can't be told any more: by itself nothing goes, and who asks for it is told why not."""
    first.org.behave(row_faults=B_FAILS)
    night(first, "two", replays.family(c=["c1"]))
    first.org.behave(row_faults=[])
    swept = replays.home(first, "two")
    swept.create("ledger/swept.json", {"at": "2026-02-01"})
    shutil.rmtree(Path(urlsplit(swept.uri("")).path) / "Account")
    told = night(first, "three", replays.family(d=[]))
    assert ({"one": "laterSwept"}, None) == (told["passedOver"], told.get("leftovers"))
    with pytest.raises(errors.LedgerDamaged, match="the files of the run two of this plan were swept at 2026-02-01"):
        replays.begun(dataclasses.replace(first, run_name="one"), of="one")


def begun(load: Load) -> ports.Run:
    """A second night that has loaded its own rows, and died before it sent what the first one lost."""
    load.run_name, load.payload, load.more = "two", replays.family(c=[]), {"replay_leftovers": True, "again": True}
    load.whole()
    assert ["one"] == earlier_runs.due(load.run)
    return load.run


def test_a_run_that_was_undone_meanwhile_is_passed_over_and_told(first: Load) -> None:
    """The night that is cleared has nothing to send of it, and isn't red for it again and again."""
    tonight = begun(first)
    undone(first, "one")
    assert ([], []) == (earlier_runs.due(tonight), earlier_runs.due(tonight))
    told = summarize.close(first.run, [])["summary"]
    jsonschema.validate(told, json.loads(SCHEMA.read_text("utf-8")))
    assert ({"one": "undone"}, None) == (told["passedOver"], told.get("leftovers"))


@pytest.mark.parametrize("why", ["swept", "gone"])
def test_a_run_that_was_swept_meanwhile_is_passed_over_and_told(first: Load, why: str) -> None:
    """Its files, or its whole folder."""
    tonight = begun(first)
    folder = replays.home(first, "one")
    if why == "swept":
        folder.create("ledger/swept.json", {"at": "2026-02-01"})
    else:
        shutil.rmtree(urlsplit(folder.uri("")).path)
    assert ([], {"one": why}) == (earlier_runs.due(tonight), summarize.close(first.run, [])["summary"]["passedOver"])


def test_runs_that_go_on_or_were_undone_are_passed_over(first: Load) -> None:
    """The one sends its rows itself, of the other nothing is sent any more."""
    assert None is night(first, "two", replays.family(c=[]), "one").get("leftovers")
    undone(first, "one")
    assert None is night(first, "three", replays.family(d=[])).get("leftovers")


def test_a_night_that_finds_nothing_to_take_says_nothing(first: Load) -> None:
    """Only the contact is left, which never goes by itself."""
    night(first, "two", replays.family(c=[]))
    jobs = len(first.org.jobs())
    assert (None, jobs + 1) == (night(first, "three", replays.family(d=[])).get("leftovers"), len(first.org.jobs()))


def test_a_plan_without_keys_cant_ask_for_it(load: Load) -> None:
    """It would never do anything."""
    contact = {"sobject": "Contact", "records": "[]", "operation": "insert", "fields": {"LastName": "n"}}
    with pytest.raises(errors.PlanError, match="replay_leftovers: no object has an external_id"):
        plan.plan_from({**load.document, "objects": {"Contact": contact}, "replay_leftovers": True})


def test_what_a_person_mended_is_not_overwritten_by_a_later_night_s_row(load: Load) -> None:
    """Two nights lost the key; the first one's row is edited last, and stored: the second one's isn't newer until edited once more."""
    load.mapping.pop("Contact")
    refused = [B_FAILS[0] | {"value": name} for name in ("bad", "worse", "worst", "newest")]
    load.org.behave(row_faults=refused)
    for name, value in (("one", b"bad"), ("two", b"worse")):
        night(load, name, replays.family(b=[]).replace(b'"name": "b"', b'"name": "' + value + b'"'))
    edited(load, "two", "worst")
    edited(load, "one", "mended")
    assert "leftovers" not in night(load, "three", replays.family(c=[]))
    assert ((0, 1), {"b": "mended", "c": "c"}) == (sent_last(load), keys(load))
    edited(load, "two", "newest")
    assert ((1, 0), "mended") == (sent_last(load), keys(load)["b"])
    load.org.behave(row_faults=[])
    night(load, "four", replays.family(d=[]))
    assert "newest" == keys(load)["b"]


def edited(load: Load, of: str, value: str) -> None:
    """Somebody gives the row that a night lost another name, later than all before."""
    load.run_name, load.clock = of, load.clock + 100
    copy = replays.copied(load, load.listed(replays.whole(load)["objects"]["Account"]["files"]["failed"]), Name=value)
    replays.replayed(load, f"{of} {value}", copy, of=of)


def sent_last(load: Load) -> tuple[int, int]:
    """The second night is replayed by hand, as it was sent last: how many rows go, how many stay."""
    load.run_name, load.clock = "two", load.clock + 100
    found = replays.replayed(load, f"by hand at {load.clock}", of="two")["chosen"]["Account"]
    return found["send"], found["superseded"]


def test_a_night_that_sends_leftovers_remembers_its_own_load(load: Load) -> None:
    """One row is refused every night and goes by itself: the others stay unchanged, and what somebody edits of them stays theirs."""
    load.mapping = {"Account": load.mapping["Account"] | {"changed_only": True}}
    load.org.behave(row_faults=B_FAILS)
    night(load, "one", replays.family(b=[]))
    names = replays.family(c=[], d=[])
    load.clock += DAY
    night(load, "two", names)
    (record,) = load.org.query("SELECT Id FROM Account WHERE Name = 'c'")
    load.org.behave(clock_skew_seconds=3_600)
    load.org.change("Account", record["Id"], Name="edited")
    for name in ("three", "four"):
        load.clock += DAY
        assert 2 == night(load, name, names)["objects"]["Account"]["unchanged"]
    assert ["d", "edited"] == sorted(keys(load).values())


def test_a_run_behind_edits_that_were_swept_is_passed_over_and_told(first: Load) -> None:
    """Somebody edited the first night's row after the second was read: once that is swept, which row is newer can't be told any more."""
    first.org.behave(row_faults=B_FAILS)
    night(first, "two", replays.family(b=["b2"]))
    first.run_name = "one"
    copy = replays.copied(first, first.listed(replays.whole(first)["objects"]["Account"]["files"]["failed"]), Name="mended")
    replays.replayed(first, "by hand", copy, of="one")
    first.org.behave(row_faults=[])
    swept = replays.home(first, "one")
    swept.create("ledger/swept.json", {"at": "2026-02-01"})
    shutil.rmtree(Path(urlsplit(swept.uri("")).path) / "Account")
    told = night(first, "three", replays.family(d=[]))
    assert ({"two": "editsSwept"}, None) == (told["passedOver"], told.get("leftovers"))
    with pytest.raises(errors.LedgerDamaged, match="the files of the run one of this plan were swept at 2026-02-01"):
        replays.begun(dataclasses.replace(first, run_name="two"), of="two")


def test_what_another_object_brought_is_neither_taken_away_nor_left_without_its_children(load: Load) -> None:
    """A delete by the Id of what tonight's source names by its key; and children whose parent a later object of their run wrote."""
    account, contact = load.mapping["Account"], load.mapping["Contact"]
    contact |= {"operation": "upsert", "external_id": "External_Id__c", "fields": {"LastName": "lastName", "External_Id__c": "lastName"}}
    detail = {**account, "records": "details[]", "fields": {"Name": "name", "External_Id__c": "sourceId"}}
    gone = {"sobject": "Account", "records": "gone[]", "operation": "delete", "external_id": "Id", "fields": {"Id": "id"}}
    load.mapping = {"Gone": gone, "Account": account, "Contact": contact, "Detail": detail}
    old = load.org.insert("Account", {"Name": "old", "External_Id__c": "K"})
    refused = {"object": "Account", "error": "SOME_RULE:no:--"}
    load.org.behave(row_faults=[refused | {"operation": "delete", "share": 1.0}, B_FAILS[0]])
    family = json.loads(replays.family(b=["b1"]))
    lost = night(load, "one", json.dumps(family | {"details": [{"name": "final", "sourceId": "b"}], "gone": [{"id": old}]}).encode())
    assert (1, 1, 1) == tuple(
        lost["objects"][name][fate] for name, fate in (("Gone", "failed"), ("Account", "failed"), ("Contact", "orphaned"))
    )
    load.org.behave(row_faults=[])
    again = night(load, "two", json.dumps({"accounts": [{"name": "back again", "sourceId": "K"}], "details": [], "gone": []}).encode())
    assert {"one": {"Contact": {"taken": 1, "succeeded": 1, "left": {}}}} == again["leftovers"]
    assert ({"K": "back again", "b": "final"}, [("b1", "b")]) == (keys(load), replays.kin(load))
