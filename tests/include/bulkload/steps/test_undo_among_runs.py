"""An undo among runs → loads that broke off, rounds, refusals, memories, replays: what follows from it and what doesn't."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from include.bulkload.ledger import undos
from include.bulkload.steps import journal, replay, submit, summarize, undo
from tests.include.bulkload.steps import replays, undoings
from tests.include.bulkload.steps.test_submit import Overtaken
from tests.include.bulkload.steps.undoings import FAMILY, HIERARCHY, account, acted, by, counts, family, planned, undone, world

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def test_deletes_of_the_run_itself_cant_be_undone(load: Load) -> None:
    """The dry run says so."""
    for key in ("K1", "K2"):
        load.org.insert("Account", {"Name": key, "External_Id__c": key})
    fields = {"External_Id__c": "key"}
    each = {"sobject": "Account", "records": "accounts[]", "operation": "delete", "external_id": "External_Id__c", "fields": fields}
    load.mapping, load.payload = {"Account": each}, b'{"accounts": [{"key": "K1"}]}'
    load.whole()
    dry = planned(load)
    part = dry["summary"]["objects"]["Account"]
    assert (True, 1, True) == (dry["nothing"], part["deletedByRun"], "can't be undone" in part["note"])


def test_half_a_load_is_undone_and_goes_no_further(load: Load) -> None:
    """Cancelled after its parents: they go, and a task of the load that is cleared later sends nothing more."""
    load.payload = json.dumps(FAMILY).encode()
    chunks = load.split()
    jobs = [submit.chunk(load.run, "Account", number) for number in chunks]
    load.waited(jobs)
    assert (3, 0, 0, 0, 0) == counts(undone(load), "Account")
    assert [] == world(load)
    load.settled("Account")
    load.ids()
    with pytest.raises(errors.RunUndone, match="load its source by a new run"):
        [submit.chunk(load.run, "Contact", number) for number in load.cut("Contact")]


def test_what_a_load_sends_after_the_dry_run_stops_the_undo(load: Load) -> None:
    """Nobody agreed to take that back: nothing is touched, the load stays free to go on, and another dry run lists it all."""
    load.payload = json.dumps(FAMILY).encode()
    load.sent("Account", load.split())
    number = planned(load)["number"]
    load.ids()
    load.sent("Contact", load.cut("Contact"))
    before = world(load)
    with pytest.raises(errors.DryRunOutdated, match="the run run has sent more since this dry run looked at it"):
        undo.act(by(load), "run", number)
    assert (before, None) == (world(load), load.run.folder.read(undos.BEGUN))
    found = undone(load)
    assert ([], (3, 0, 0, 0, 0), (6, 0, 0, 0, 0)) == (world(load), counts(found, "Account"), counts(found, "Contact"))


def test_an_upload_that_outlasts_the_begin_of_the_undo_is_given_up(load: Load) -> None:
    """It had looked before the undo began; the undo looked before the job was there, and stops too."""
    load.payload = json.dumps(FAMILY).encode()
    load.sent("Account", load.split())
    number = planned(load)["number"]
    load.ids()
    (chunk,) = load.cut("Contact")
    run = load.run

    def begin() -> None:
        with pytest.raises(errors.DryRunOutdated):
            undo.act(by(load), "run", number)
        journal.note(load.run, undos.begun(number, "t"))

    slow = dataclasses.replace(run, salesforce=Overtaken(run.salesforce, "upload", begin))
    with pytest.raises(errors.RunUndone):
        submit.chunk(slow, "Contact", chunk)
    assert ["Aborted"] == [each["state"] for each in load.org.jobs() if each["object"] == "Contact"]
    assert ((3, 0, 0, 0, 0), []) == (counts(acted(load, number)["summary"], "Account"), world(load))


def test_an_undo_whose_upload_outlasts_a_later_run_looks_again(load: Load) -> None:
    """Its own run was over meanwhile, and that one wrote what was to be deleted: it stays."""
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key} for key in "ab"]}).encode()
    load.whole()
    number, run = planned(load)["number"], by(load)

    def loaded() -> None:
        load.clock += 100
        later = dataclasses.replace(load, run_name="later", payload=b'{"accounts": [{"name": "newer", "sourceId": "a"}]}')
        assert later.whole()["clean"]

    slow = dataclasses.replace(run, salesforce=Overtaken(run.salesforce, "upload", loaded))
    with pytest.raises(errors.JobTakenOver, match="written by others while it was uploaded"):
        undo.act(slow, "run", number)
    assert ((1, 0, 0, 1, 0), ["newer"]) == (counts(acted(load, number)["summary"], "Account"), [each["Name"] for each in world(load)])


def test_a_run_whose_job_still_runs_isnt_undone_yet(load: Load) -> None:
    """What it writes later would stay."""
    load.org.behave(looks=1_000)
    load.payload = json.dumps(FAMILY).encode()
    submit.chunk(load.run, "Account", load.split()[0])
    with pytest.raises(errors.JobStillRunning, match="undo it when it has ended"):
        planned(load)


def test_a_run_that_never_staged_anything_has_nothing_to_undo(load: Load) -> None:
    """It began, and its source couldn't be read."""
    load.payload = b"no JSON"
    with pytest.raises(errors.MustStop):
        load.stage()
    assert (True, {}) == (planned(load)["nothing"], planned(load)["summary"]["objects"])


def test_records_that_lose_a_lock_go_in_a_round(load: Load) -> None:
    """Later, and only those."""
    family(load)
    load.org.behave(row_faults=[{"object": "Contact", "operation": "delete", "share": 0.5, "lock": True, "job": 2}])
    found = undone(load)
    assert ([], (6, 0, 0, 0, 0)) == (world(load), counts(found, "Contact"))
    assert 2 == len(found["objects"]["Contact"]["jobs"])


def test_records_that_are_refused_are_listed_and_their_parents_stay(load: Load) -> None:
    """The undo is red: what could go didn't."""
    family(load)
    load.org.behave(row_faults=[{"object": "Contact", "operation": "delete", "share": 1.0, "error": "SOME_RULE:no:--"}])
    found = acted(load, planned(load)["number"])
    assert ((0, 0, 0, 3, 0), (0, 0, 0, 0, 6), False) == (
        counts(found["summary"], "Account"),
        counts(found["summary"], "Contact"),
        found["clean"],
    )
    assert ["SOME_RULE:no:--"] * 6 == [row["why"] for row in load.listed(found["summary"]["objects"]["Contact"]["files"]["failed"])]
    assert 9 == len(world(load))


def test_a_payload_that_was_undone_may_be_inserted_again(load: Load) -> None:
    """Once nothing of it is there any more."""
    load.more, load.payload = {"name": "again"}, json.dumps(FAMILY).encode()
    assert load.whole()["clean"]
    load.run_name = "second"
    with pytest.raises(errors.PlanError, match="again: true"):
        load.stage()
    load.run_name = "run"
    undone(load)
    load.run_name = "third"
    assert (True, 9) == (load.whole()["clean"], len(world(load)))


def test_a_payload_of_which_something_stays_may_not(load: Load) -> None:
    """It would be there twice."""
    family(load)
    load.org.change("Contact", load.org.query("SELECT Id FROM Contact")[0]["Id"], FirstName="by hand")
    undone(load)
    load.run_name = "second"
    with pytest.raises(errors.PlanError, match="again: true"):
        load.stage()


def keyless(load: Load) -> None:
    """Contacts alone, in two jobs."""
    load.mapping = {"Contact": {"sobject": "Contact", "records": "people[]", "operation": "insert", "fields": {"LastName": "name"}}}
    load.payload, load.more = json.dumps({"people": [{"name": f"{n}".zfill(70)} for n in range(14)]}).encode(), {"job_bytes": 1_000}


def test_a_payload_of_which_something_is_in_doubt_may_not_either(load: Load) -> None:
    """A job is gone, what it inserted stays: the undo is red and says so, and the payload isn't taken for one that nobody loaded."""
    keyless(load)
    load.stage()
    jobs = [submit.chunk(load.run, "Contact", number) for number in load.cut("Contact")]
    load.waited(jobs)
    load.run.salesforce.delete(jobs[0])
    load.settled("Contact")
    doubts = summarize.close(load.run, [])["summary"]["objects"]["Contact"]["in_doubt"]
    found = acted(load, planned(load)["number"])
    assert (False, doubts, True) == (
        found["clean"],
        found["summary"]["objects"]["Contact"]["inDoubt"],
        jobs[0] in str(found["summary"]["notKnown"]),
    )
    assert doubts == len(load.org.query("SELECT Id FROM Contact"))
    with pytest.raises(errors.PlanError, match="has the same content"):
        dataclasses.replace(load, run_name="two").stage()


def test_what_another_run_inserted_again_stays_inserted(load: Load) -> None:
    """Undoing the first leaves the second's records, so a third isn't free to insert them once more."""
    keyless(load)
    load.whole()
    dataclasses.replace(load, run_name="two", more=load.more | {"again": True}).whole()
    load.clock += 1_000
    undone(load)
    with pytest.raises(errors.PlanError, match="has the same content"):
        dataclasses.replace(load, run_name="three").stage()


def test_later_runs_send_again_what_was_undone(load: Load) -> None:
    """The memory of `changed_only` forgets what was deleted and what was restored; what somebody edited stays his."""
    load.org.insert("Account", {"Name": "Old name", "External_Id__c": "K0"})
    each = {**HIERARCHY["Account"], "changed_only": True, "parents": {}}
    load.mapping = {"Account": each}
    load.payload = json.dumps({"accounts": [{"key": f"K{n}", "name": f"a{n}"} for n in range(3)]}).encode()
    load.whole()
    load.org.change("Account", account(load, "K2"), Name="by hand")
    found = undone(load)
    assert (1, 1, 0, 1, 0) == counts(found, "Account")
    load.run_name = "second"
    told = load.whole()["summary"]["objects"]["Account"]
    assert (1, 1, 1) == tuple(told[key] for key in ("created", "updated", "unchanged"))


def test_the_summary_of_a_cleared_run_still_says_that_it_was_undone(load: Load) -> None:
    """And leaves no mark that would keep its payload from being inserted again."""
    family(load)
    undone(load)
    assert {"deleted": 9, "restored": 0, "changedSince": 0, "failed": 0} == {
        key: value for key, value in load.whole()["summary"]["undone"].items() if key != "at"
    }
    load.run_name = "second"
    assert load.whole()["clean"]


def test_another_org_is_refused(load: Load) -> None:
    """A run is undone where it was done."""
    family(load)
    begun = json.loads((path := next(load.root.rglob("begun.json"))).read_text())
    path.write_text(json.dumps(begun | {"org_id": "00D000000000000AAA"}))
    with pytest.raises(errors.WrongOrg):
        planned(load)


def test_a_run_that_isnt_over_isnt_undone(load: Load) -> None:
    """It would write behind our back; nor is one that is being replayed."""
    family(load)
    with pytest.raises(errors.AnotherRun, match="the run run isn't over"):
        undo.plan(undoings.by(load, "undoing", "run"), "run")
    number = planned(load)["number"]
    with pytest.raises(errors.AnotherRun, match="the run run isn't over"):
        undo.act(undoings.by(load, "undoing", "run"), "run", number)
    replay.begin(replays.again(load, "replaying"), "run", None, load)
    with pytest.raises(errors.AnotherRun, match="the run replaying isn't over"):
        undo.plan(undoings.by(load, "undoing", "replaying"), "run")


def test_what_a_replay_loaded_is_undone_too(load: Load) -> None:
    """A refused account and its children come by a replay: all go, and a second replay is refused."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "a1", "error": "SOME_RULE:no:--", "job": 1}])
    family(load)
    assert 6 == len(world(load))
    replays.replayed(load)
    assert 9 == len(world(load))
    found = undone(load)
    assert ((3, 0, 0, 0, 0), (6, 0, 0, 0, 0), []) == (counts(found, "Account"), counts(found, "Contact"), world(load))


def test_a_replay_after_an_undo_sends_nothing(load: Load) -> None:
    """What is undone stays undone."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "a1", "error": "SOME_RULE:no:--", "job": 1}])
    family(load)
    undone(load)
    with pytest.raises(errors.RunUndone, match="the run run is being undone, or was"):
        replays.replayed(load)
    assert ([], []) == (world(load), load.run.folder.names("ledger/replays/"))
