"""Replays: what a run lost is sent again, once what stood in its way is mended; every record looked at."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import replay, submit, summarize, undo
from tests.include.bulkload.steps import replays, undoings
from tests.include.bulkload.steps.test_waves import ACCOUNT, parents

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SCHEMA = Path(__file__).parents[4] / "docs" / "summary.schema.json"
REFUSED = {"error": "SOME_RULE:no:--"}
B_FAILS = [{"object": "Account", "field": "Name", "value": "b", **REFUSED}]


def lost(load: Load, **faults: Any) -> dict[str, Any]:
    """Load three families while the org plays faults; then it plays no more."""
    load.payload = load.payload if load.payload != b'{"accounts": []}' else replays.family(a=["a1", "a2"], b=["b1", "b2"], c=["c1"])
    load.org.behave(**faults)
    found = load.whole()
    load.org.behave(row_faults=[], job_ends=[])
    return found


def test_a_parent_that_was_refused_is_loaded_with_its_children(load: Load) -> None:
    """The rule is mended: the parent and its own children come, under it; all others stay as they are."""
    lost(load, row_faults=B_FAILS)
    assert [("a1", "a"), ("a2", "a"), ("c1", "c")] == replays.kin(load)
    found = replays.replayed(load)
    assert [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")] == replays.kin(load)
    assert (1, 2, True) == (*(found["chosen"][name]["send"] for name in ("Account", "Contact")), found["clean"])
    assert ((1, 1, 0, 0, 0, 0, 0), (2, 2, 0, 0, 0, 0, 0)) == (
        replays.account(found["summary"], "Account"),
        replays.account(found["summary"], "Contact"),
    )


def test_the_first_run_tells_of_it(load: Load) -> None:
    """Its summary is the account of the last attempts: the sums close, nothing is lost any more, no list is left."""
    lost(load, row_faults=B_FAILS)
    replays.replayed(load)
    whole = replays.whole(load)
    assert ((3, 3, 0, 0, 0, 0, 0), (5, 5, 0, 0, 0, 0, 0)) == (replays.account(whole, "Account"), replays.account(whole, "Contact"))
    assert ("COMPLETED", {}, {}, 5, 5) == (
        whole["status"],
        *(whole["objects"][name]["files"] for name in ("Account", "Contact")),
        whole["objects"]["Contact"]["submitted"],
        whole["objects"]["Contact"]["created"],
    )


def test_a_second_replay_finds_nothing_left(load: Load) -> None:
    """No job more, no record more."""
    lost(load, row_faults=B_FAILS)
    replays.replayed(load)
    jobs, kin = len(load.org.jobs()), replays.kin(load)
    found = replays.replayed(load, "once more")
    assert (jobs, kin, 0, True) == (len(load.org.jobs()), replays.kin(load), found["chosen"]["Contact"]["send"], found["clean"])


def test_a_second_replay_takes_what_is_still_left(load: Load) -> None:
    """The first mended half of it."""
    lost(load, row_faults=[*B_FAILS, {"object": "Account", "field": "Name", "value": "c", **REFUSED}])
    load.org.behave(row_faults=B_FAILS)
    first = replays.replayed(load)
    load.org.behave(row_faults=[])
    second = replays.replayed(load, "once more")
    assert ((2, 1, 1, 0, 0, 0, 0), (1, 1, 0, 0, 0, 0, 0)) == (
        replays.account(first["summary"], "Account"),
        replays.account(second["summary"], "Account"),
    )
    assert [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")] == replays.kin(load)
    for found in (first, second):
        jsonschema.validate(found["summary"], json.loads(SCHEMA.read_text("utf-8")))
    assert {"failed": 1} == first["summary"]["objects"]["Account"]["left"]


def test_what_a_job_left_unprocessed_is_sent(load: Load) -> None:
    """Keyless children of which Salesforce handed back half, and those of accounts that a job didn't come to."""
    load.mapping["Account"]["retry_rounds"] = load.mapping["Contact"]["retry_rounds"] = 0
    ends = [{"object": name, "state": "Failed", "at": 0.5, "message": "Timeout : slow"} for name in ("Account", "Contact")]
    lost(load, job_ends=ends)
    found = replays.replayed(load)
    assert [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")] == replays.kin(load)
    assert "COMPLETED" == replays.whole(load)["status"] == found["summary"]["status"]


def test_rows_in_doubt_are_not_sent(load: Load) -> None:
    """A keyless job whose rows come back changed: nobody knows which were written, so none goes again."""
    load.payload = replays.family(a=["x"])
    load.org.behave(looks=1_000)
    load.stage()
    load.org.behave(looks=0)
    load.sent("Account", load.cut("Account"))
    load.ids()
    load.org.behave(looks=1_000)
    submit.chunk(load.run, "Contact", *load.cut("Contact"))
    assert 1 == summarize.close(load.run, [])["summary"]["objects"]["Contact"]["in_doubt"]
    found = replay.begin(replays.again(load), "run", None, load)
    assert (1, {}) == (len(found["waiting"]), found["objects"])
    load.org.behave(looks=0)
    done = replays.replayed(load)
    assert (0, [("x", "a")]) == (done["chosen"]["Contact"]["send"], replays.kin(load))
    assert "COMPLETED" == replays.whole(load)["status"]


def test_a_run_that_broke_off_is_finished(load: Load) -> None:
    """It sent the parents and died: a replay sends the children, which nobody had cut."""
    load.payload = replays.family(a=["a1"], b=["b1"])
    load.stage()
    load.sent("Account", load.cut("Account"))
    found = replays.replayed(load)
    assert ([("a1", "a"), ("b1", "b")], 0, 2) == (replays.kin(load), *(found["chosen"][name]["send"] for name in ("Account", "Contact")))
    jobs = len(load.org.jobs())
    assert ("COMPLETED", jobs) == (load.whole()["summary"]["status"], len(load.org.jobs()))


def test_chunks_that_were_never_sent_are_void(load: Load) -> None:
    """Their rows go by the replay; whoever clears the run's own task is told so, and nothing is sent twice."""
    load.payload = replays.family(a=["a1"], b=["b1"])
    load.stage()
    load.cut("Account")
    replays.replayed(load)
    with pytest.raises(errors.ChunkVoid, match="a replay of this run took its rows over"):
        submit.chunk(load.run, "Account", 0)
    jobs = len(load.org.jobs())
    assert ("COMPLETED", jobs) == (load.whole()["summary"]["status"], len(load.org.jobs()))
    assert [("a1", "a"), ("b1", "b")] == replays.kin(load)


def test_a_hierarchy_is_mended_from_the_row_that_failed(load: Load) -> None:
    """Its subtree waits for it, layer by layer."""
    load.mapping = {"Account": ACCOUNT}
    rows = [("a", None), ("b", "a"), ("c", "b"), ("d", "c"), ("x", "a")]
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    lost(load, row_faults=B_FAILS)
    assert {"a": None, "x": "a"} == parents(load)
    found = replays.replayed(load)
    assert (dict(rows), 3, True) == (parents(load), found["chosen"]["Account"]["send"], found["clean"])
    assert (5, 5, 0, 0, 0, 0, 0) == replays.account(replays.whole(load), "Account")


def test_a_cycle_whose_second_pass_failed_is_linked_without_a_new_record(load: Load) -> None:
    """The record stands: only its link is set again."""
    load.mapping = {"Account": ACCOUNT}
    load.payload = json.dumps({"accounts": [{"name": k, "sourceId": k, "parent": p} for k, p in (("a", "b"), ("b", "a"))]}).encode()
    lost(load, row_faults=[{"object": "Account", "share": 1.0, "operation": "update", **REFUSED}])
    found = replays.replayed(load)
    assert ({"a": "b", "b": "a"}, 0, 1) == (parents(load), *(found["chosen"]["Account"][how] for how in ("send", "links")))
    assert (2, 2, 0, 0, 0, 0, 0) == replays.account(replays.whole(load), "Account")


def test_a_cycle_of_which_one_row_failed_is_closed(load: Load) -> None:
    """The one is inserted, the other's link is set."""
    load.mapping = {"Account": ACCOUNT}
    load.payload = json.dumps({"accounts": [{"name": k, "sourceId": k, "parent": p} for k, p in (("a", "b"), ("b", "a"))]}).encode()
    lost(load, row_faults=B_FAILS)
    replays.replayed(load)
    assert {"a": "b", "b": "a"} == parents(load)
    assert (2, 2, 0, 0, 0, 0, 0) == replays.account(replays.whole(load), "Account")


@pytest.mark.parametrize(
    "entry", ["001.json", "-chosen", "Account/wave-001", "closed.json", "Account/settled-002", "Contact/wave-001", "matched"]
)
@pytest.mark.parametrize("after", [False, True])
def test_a_replay_that_is_killed_goes_on(load: Load, entry: str, *, after: bool) -> None:
    """Before or after any of its entries: the same replay, the same chosen rows; what was sent isn't sent again."""
    lost(load, row_faults=B_FAILS)
    dying = dataclasses.replace(replays.again(load), folder=replays.Dying(load.run.folder, entry, after=after))
    with pytest.raises(replays.KilledError):
        replays.begun_and_sent(load, dying)
    found = replays.replayed(load)
    assert [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")] == replays.kin(load)
    assert (1, True, "COMPLETED") == (found["summary"]["replay"]["number"], found["clean"], replays.whole(load)["status"])


def test_a_replay_that_isnt_done_with_an_object_is_red(load: Load) -> None:
    """Somebody marked its task success when the parents were sent: it says so, though `max_failed` allows what is left."""
    for each in load.mapping.values():
        each["max_failed"] = "100%"
    load.payload = replays.family(a=["c"], b=["d"])
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "X:no:--"}])
    assert load.whole()["clean"]
    load.org.behave(row_faults=[])
    number = replays.begun(load)["replay"]
    closed = []
    for name in ("Account", "Contact"):
        replays.advanced(load, "again", number, name)
        closed.append(replay.close(replays.again(load), number, [], replays.home(load, "again")))
    assert [([f"Contact: {replay.UNFINISHED}"], False), ([], True)] == [(each["why"], each["clean"]) for each in closed]


def test_two_replays_do_not_meet(load: Load) -> None:
    """The second waits while the first's run goes on, and takes over when it is over."""
    lost(load, row_faults=B_FAILS)
    first = replays.begun(load, "first")
    for going_on, told in (("first", "run 'first' of 'dag'"), ("run", "sends its rows itself")):
        with pytest.raises(errors.AnotherRun, match=told):
            replay.begin(replays.again(load, "second", going_on), "run", None, load)
    with pytest.raises(errors.AnotherRun, match="by first, isn't over"):
        replay.begin(dataclasses.replace(replays.again(load, "second", "first"), memory=None), "run", None, load)
    assert replays.replayed(load, "second")["clean"] is True
    with pytest.raises(errors.MustStop, match="given up for that of second"):
        replay.advance(replays.again(load, "first"), first["replay"], "Account")
    assert [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")] == replays.kin(load)


def test_a_replay_that_was_given_up_before_it_chose_makes_nothing_void(load: Load) -> None:
    """Cleared while the one that took over stands still, it stops at once; that one then sends what it has planned."""
    load.mapping.pop("Contact")
    lost(load, row_faults=B_FAILS)
    for by, entry in (("again", "-chosen"), ("second", "/intent")):
        dying = dataclasses.replace(replays.again(load, by), folder=replays.Dying(load.run.folder, entry, after=False))
        with pytest.raises(replays.KilledError):
            replays.begun_and_sent(load, dying)
    with pytest.raises(errors.MustStop, match="given up for that of second"):
        replays.begun(load)
    replays.advanced(load, "second", 2, "Account")
    assert 3 == len(load.org.query("SELECT Id FROM Account"))


def test_a_run_that_airflow_has_forgotten_is_replayed_once_nobody_has_the_lease(load: Load) -> None:
    """Its own lease was given back by its summary; that of a replay that was deleted in the middle wasn't, and the message says so."""
    lost(load, row_faults=B_FAILS)
    forgotten = [dataclasses.replace(replays.again(load, by), is_over=lambda _: None) for by in ("first", "second")]
    assert 1 == replay.begin(forgotten[0], "run", None, load)["objects"]["Account"]["send"]
    with pytest.raises(errors.AnotherRun, match=r"If Airflow doesn't know that run any more and its jobs have ended, remove"):
        replay.begin(forgotten[1], "run", None, load)


def test_a_cleared_run_after_its_replay_says_the_same(load: Load) -> None:
    """All its own steps again: no job, no record, the summary as the replay left it."""
    lost(load, row_faults=B_FAILS)
    replays.replayed(load)
    jobs, summary = len(load.org.jobs()), replays.whole(load)
    assert (summary, jobs) == (load.whole()["summary"], len(load.org.jobs()))


def test_what_a_later_run_wrote_is_left_alone(load: Load) -> None:
    """Its key stands in a later night's load: the older row is skipped, counted, and stays failed in its own run's account."""
    lost(load, row_faults=[*B_FAILS, {"object": "Account", "field": "Name", "value": "c", **REFUSED}])
    later = dataclasses.replace(load, root=load.root, name="later.json")
    later.payload = json.dumps({"accounts": [{"name": "newer", "sourceId": "B"}]}).encode()
    later.run_name = "later"
    later.whole()
    load.clock = later.clock
    found = replays.replayed(load)
    names = {each["External_Id__c"]: each["Name"] for each in load.org.query("SELECT External_Id__c, Name FROM Account")}
    assert {"a": "a", "B": "newer", "c": "c"} == names
    assert (1, 1) == tuple(found["chosen"]["Account"][count] for count in ("send", "superseded"))
    assert (3, 2, 1, 0, 0, 0, 0) == replays.account(replays.whole(load), "Account")


def test_what_an_undone_later_run_wrote_supersedes_nothing(load: Load) -> None:
    """Its records are deleted again: the older row is sent, or it would be in no run's account and not in the org."""
    load.mapping.pop("Contact")
    lost(load, row_faults=B_FAILS)
    later = dataclasses.replace(load, name="later.json", run_name="later")
    later.payload = json.dumps({"accounts": [{"name": "wrong", "sourceId": "b"}]}).encode()
    later.whole()
    by_hand = undoings.by(later)
    number = undo.plan(by_hand, "later")["number"]
    while (found := undo.act(by_hand, "later", number))["summary"] is None:
        later.waited(found["waiting"])
    load.clock = later.clock
    taken = replays.replayed(load)["chosen"]["Account"]
    assert (1, 0) == (taken["send"], taken["superseded"])
    assert ["b"] == [each["Name"] for each in load.org.query("SELECT Name FROM Account WHERE External_Id__c = 'b'")]
