"""Jobs that Salesforce doesn't know any more: what may be repeated goes again, an insert stays in doubt; never twice, never silent."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries
from include.bulkload.match import since
from include.bulkload.steps import collected, gone, journal, replay, settle, submit, summarize, undo_written, wait
from include.salesforce import client
from tests.include.bulkload.steps import replays, undoings
from tests.include.bulkload.steps.test_submit import Overtaken

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

KEYS = ("K1", "K2")
PAYLOAD = {"accounts": [{"name": f"new {key}", "sourceId": key, "contacts": [{"lastName": f"c{key}"}]} for key in KEYS]}
ROWS = len(KEYS)


def accounts(load: Load, operation: str) -> None:
    """A plan of accounts alone; what an update or delete needs is there."""
    load.mapping.pop("Contact")
    if operation in {"update", "delete", "hardDelete"}:
        for key in KEYS:
            load.org.insert("Account", {"Name": "old", "External_Id__c": key})
    if operation.lower().endswith("delete"):
        load.mapping["Account"]["fields"] = {"External_Id__c": "sourceId"}
    load.mapping["Account"]["operation"] = operation
    load.payload = json.dumps(PAYLOAD).encode()


def lost(load: Load, name: str = "Account", *, noted: bool = False) -> str:
    """Close the first job of an object, let it end, and have somebody delete it; `noted`: after its end was written down."""
    job_id = submit.chunk(load.run, name, 0)
    load.waited([job_id])
    if noted:
        wait.ended(load.run, name, [job_id])
    load.run.salesforce.delete(job_id)
    return job_id


def names(load: Load) -> list[str]:
    """The accounts that the org has."""
    return sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


@pytest.mark.parametrize("noted", [False, True])
@pytest.mark.parametrize(("operation", "left"), [("upsert", ["new K1", "new K2"]), ("update", ["new K1", "new K2"])])
def test_what_may_be_repeated_goes_again(load: Load, operation: str, left: list[str], *, noted: bool) -> None:
    """Its rows go by another job, which settling waits for; the records are there once, and the run is clean."""
    accounts(load, operation)
    load.split()
    job_id = lost(load, noted=noted)
    load.settled("Account")
    found = summarize.close(load.run, [])
    part = found["summary"]["objects"]["Account"]
    assert (left, ROWS, True) == (names(load), part["succeeded"], found["clean"])
    assert [(True, "gone"), (False, "JobComplete")] == [(each["id"] == job_id, each["state"]) for each in part["jobs"]]


def test_what_was_fetched_as_it_ended_is_not_lost_with_its_job(load: Load) -> None:
    """A short job is taken in while its sibling works; when Salesforce has forgotten it, nothing is sent again."""
    load.mapping.pop("Contact")
    load.more = {"job_bytes": 1_000}
    load.payload = json.dumps({"accounts": [{"name": "x" * 250, "sourceId": f"K{n}"} for n in range(ROWS * 2)]}).encode()
    jobs = [submit.chunk(load.run, "Account", number) for number in load.split()]
    load.waited(jobs)
    assert {jobs[0]: entities.JobState.JOB_COMPLETE} == collected.ended(load.run, "Account", jobs[:1])
    load.run.salesforce.delete(jobs[0])
    assert {entities.Fate.SUCCEEDED: ROWS * 2} == load.settled("Account")
    assert jobs[1:] == [each["id"] for each in load.org.jobs()]


def test_rows_of_a_delete_go_again_too(load: Load) -> None:
    """What the job that is gone has deleted is refused as deleted: no record is left."""
    accounts(load, "delete")
    load.split()
    lost(load)
    load.settled("Account")
    part = summarize.close(load.run, [])["summary"]["objects"]["Account"]
    assert ([], ROWS, [{"code": "ENTITY_IS_DELETED", "rows": ROWS}]) == (names(load), part["failed"], part["topErrors"])


def test_rows_of_an_insert_stay_in_doubt(load: Load) -> None:
    """Nobody can tell whether they were written: nothing is sent again, and the run is red and says so."""
    load.payload = json.dumps(PAYLOAD).encode()
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    job_id = lost(load, "Contact")
    load.settled("Contact")
    found = summarize.close(load.run, [])
    part = found["summary"]["objects"]["Contact"]
    assert (ROWS, [{"id": job_id, "state": "gone", "notThrough": ROWS}]) == (part["in_doubt"], part["jobs"])
    assert f"Contact: job {job_id} is gone from Salesforce, what became of 2 rows can't be told" in found["why"]
    assert [gone.WHY] * ROWS == [each["error"] for each in load.listed(part["files"]["in_doubt"])]
    load.whole()
    assert ROWS == len(load.org.query("SELECT Id FROM Contact"))


def without(*kinds: str) -> dict[str, Any]:
    """Requests for these result files, which Salesforce doesn't find."""
    body = json.dumps([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
    return {"kind": "status", "status": 404, "body": body, "path": "|".join(kinds), "method": "GET"}


def test_a_job_that_did_nothing_stands_though_salesforce_has_no_results_of_it(load: Load) -> None:
    """Its header was wrong: rows of an insert, too, are unprocessed, and go once that is mended."""
    accounts(load, "insert")
    del load.mapping["Account"]["external_id"]
    load.org.behave(
        job_ends=[{"object": "Account", "state": "Failed", "at": 0.0, "message": "InvalidBatch : Field name not found : Foo"}],
        http_faults=[without("successfulResults", "failedResults")],
    )
    part = load.whole()["summary"]["objects"]["Account"]
    assert (ROWS, ["Failed"]) == (part["unprocessed"], [each["state"] for each in part["jobs"]])
    load.org.behave(job_ends=[], http_faults=[])
    assert (True, ROWS) == (replays.replayed(load)["clean"], len(names(load)))


def test_a_job_that_did_something_is_asked_again_for_results_that_arent_found(load: Load) -> None:
    """It stands: neither is it gone, nor has it written nothing."""
    accounts(load, "upsert")
    load.split()
    job_id = submit.chunk(load.run, "Account", 0)
    load.waited([job_id])
    load.org.behave(http_faults=[without("failedResults")])
    with pytest.raises(errors.ResultsIncomplete, match="doesn't find its failedResults"):
        load.settled("Account")
    load.org.behave(http_faults=[])
    assert {"succeeded": ROWS} == load.settled("Account")


def test_until_they_are_sent_again_rows_are_in_doubt(load: Load) -> None:
    """The run was cancelled before it settled: its summary doesn't call them unprocessed; a clear sends them."""
    accounts(load, "upsert")
    load.split()
    lost(load)
    part = summarize.close(load.run, ["settle_account"])["summary"]["objects"]["Account"]
    assert (ROWS, "gone") == (part["in_doubt"], part["jobs"][0]["state"])
    found = load.whole()
    assert (ROWS, True) == (found["summary"]["objects"]["Account"]["succeeded"], found["clean"])


def test_a_replay_sends_them_too(load: Load) -> None:
    """It takes the rows over; the run itself doesn't send them any more."""
    accounts(load, "upsert")
    load.split()
    lost(load)
    found = replays.replayed(load)
    assert (ROWS, True, ["new K1", "new K2"]) == (found["chosen"]["Account"]["send"], found["clean"], names(load))
    with pytest.raises(errors.ChunkVoid):
        submit.chunk(load.run, "Account", 0)


def test_a_replay_leaves_an_inserts_rows_in_doubt(load: Load) -> None:
    """They aren't taken."""
    load.payload = json.dumps(PAYLOAD).encode()
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    lost(load, "Contact")
    assert 0 == replay.begin(replays.again(load), "run", None, load)["objects"]["Contact"]["send"]
    assert ROWS == summarize.close(load.run, [])["summary"]["objects"]["Contact"]["in_doubt"]


def test_jobs_that_are_lost_again_and_again_stop(load: Load) -> None:
    """Somebody deletes them one after the other: a person must look; a clear tries again."""
    accounts(load, "upsert")
    load.split()
    lost(load)
    for _ in range(gone.MOST - 1):
        (job_id,) = settle.advance(load.run, "Account")["waiting"]
        load.waited([job_id])
        load.run.salesforce.delete(job_id)
    with pytest.raises(errors.JobGone, match="its jobs are gone from Salesforce one after the other"):
        settle.advance(load.run, "Account")
    load.settled("Account")
    assert ["new K1", "new K2"] == names(load)


def test_a_wrong_api_version_makes_no_job_gone(load: Load) -> None:
    """Salesforce answers 404 there for everything: nothing is noted, nothing sent again."""
    accounts(load, "upsert")
    load.split()
    submit.chunk(load.run, "Account", 0)
    (facts,) = journal.jobs(load.run, "Account", 0)
    strange = dataclasses.replace(load.run, salesforce=client.BulkClient(load.org, version="12.0"))
    with pytest.raises(errors.RequestRefused):
        collected.one(strange, journal.opened(load.run), facts)
    assert None is load.run.folder.read(facts.place.entry_name("collected"))


def test_who_fetched_results_before_the_job_was_gone_counts(load: Load) -> None:
    """Another try collected them; this one is told that there is no such job, and reads what was kept."""
    accounts(load, "upsert")
    load.split()
    job_id = submit.chunk(load.run, "Account", 0)
    load.waited([job_id])

    def other() -> None:
        settle.advance(load.run, "Account")
        load.run.salesforce.delete(job_id)

    slow = dataclasses.replace(load.run, salesforce=Overtaken(load.run.salesforce, "fetch_result", other))
    assert {"succeeded": ROWS} == settle.advance(slow, "Account")["tally"]
    assert [job_id] == [facts.place.job_id for facts in journal.jobs(load.run, "Account")]


def test_a_slow_try_obeys_who_found_the_job_gone(load: Load) -> None:
    """Its own results came too late: the rows go by the other's job alone."""
    accounts(load, "upsert")
    load.split()
    job_id = submit.chunk(load.run, "Account", 0)
    load.waited([job_id])
    real, place = load.run.salesforce, entries.JobPlace("Account", 0, job_id)

    class Late:
        """A client of which the last result comes after another try noted that the job is gone."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def fetch_result(self, job_id: str, kind: str, path: Any) -> int:
            found = real.fetch_result(job_id, kind, path)
            if kind == entities.RESULT_KINDS[-1]:
                journal.note(load.run, place.gone("t", again=True))
            return found

    (facts,) = journal.jobs(load.run, "Account")
    assert None is collected.one(dataclasses.replace(load.run, salesforce=Late()), journal.opened(load.run), facts)
    load.settled("Account")
    assert ["new K1", "new K2"] == names(load)


@pytest.mark.parametrize(("noted", "stays"), [(True, ["K2"]), (False, ["K1", "K2"])])
def test_an_undo_lists_what_a_job_that_is_gone_may_have_created(load: Load, stays: list[str], *, noted: bool) -> None:
    """The job that sent the rows again found the records there: those that are older than the first were, which others can't be told."""
    load.org.insert("Account", {"Name": "old", "External_Id__c": "K1"})
    load.org.behave(clock_skew_seconds=3_600)
    accounts(load, "upsert")
    load.split()
    job_id = lost(load, noted=noted)
    load.settled("Account")
    dry = undoings.planned(load)
    part = dry["summary"]["objects"]["Account"]
    assert (0, len(stays), ROWS - len(stays), True) == (part["delete"], part["changedSince"], part["notKept"], dry["nothing"])
    listed = load.listed(part["files"]["changedSince"])
    assert (stays, {since.DOUBT}) == ([row["External_Id__c"] for row in listed], {row["why"] for row in listed})
    assert [f"job {job_id} of Account: {undo_written.GONE}"] == dry["summary"]["notKnown"]


def test_an_undo_knows_by_what_was_kept_which_records_were_there(load: Load) -> None:
    """With `keep_before` only the record that wasn't there right before is in doubt; the other gets back what it held."""
    load.org.insert("Account", {"Name": "old", "External_Id__c": "K1"})
    accounts(load, "upsert")
    load.mapping["Account"]["keep_before"] = True
    load.split()
    lost(load)
    load.settled("Account")
    assert (0, 1, 0, 1, 0) == undoings.counts(undoings.undone(load), "Account")
    assert ["new K2", "old"] == names(load)


def test_an_undo_restores_what_a_job_that_is_gone_wrote_over(load: Load) -> None:
    """A replay sent its rows again and found what that job had written; what was there before that goes back."""
    accounts(load, "update")
    load.mapping["Account"]["keep_before"] = True
    load.split()
    lost(load)
    summarize.close(load.run, ["settle_account"])
    assert replays.replayed(load)["clean"]
    assert ["new K1", "new K2"] == names(load)
    assert (0, ROWS, 0, 0, 0) == undoings.counts(undoings.undone(load), "Account")
    assert ["old", "old"] == names(load)
