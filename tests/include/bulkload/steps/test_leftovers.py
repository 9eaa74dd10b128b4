"""What the summary does with jobs that their tasks left: Open ones are aborted, closed ones only if a person said so."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import entities
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, settle, submit, summarize, wait
from tests.include.bulkload.steps import replays

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

ROWS = 3
PAYLOAD = {"accounts": [{"name": f"a{n}", "sourceId": f"K{n}"} for n in range(ROWS)]}


@pytest.fixture
def begun(load: Load) -> Load:
    """A run whose rows are staged and cut."""
    load.payload = json.dumps(PAYLOAD).encode()
    load.split()
    return load


def left_open(load: Load, *facts: str) -> str:
    """Create and upload a job as a task does that dies before it closes it; the ledger got so far."""
    run = load.run
    place = entries.JobPlace("Account", 0, run.salesforce.create_job("Account", "upsert", "External_Id__c"))
    journal.note(run, place.created(0, run.now()))
    planned = journal.wave_of(run, "Account", 0).chunk(0)["csv"]
    if "uploaded" in facts:
        run.salesforce.upload(place.job_id, journal.bring(run, planned))
        journal.note(run, place.uploaded(planned["sha256"], planned["bytes"]))
    for decision in entities.Decision:
        if decision in facts:
            journal.note(run, place.decided(decision, run.now()))
    return place.job_id


def states(load: Load) -> dict[str, str]:
    """What the org says of its jobs."""
    return {each["id"]: each["state"] for each in load.org.jobs()}


def account(load: Load) -> dict[str, Any]:
    """The task `summary`; the account of the accounts."""
    return dict(summarize.close(load.run, ["parent_job-0"])["summary"]["objects"]["Account"])


@pytest.mark.parametrize("facts", [(), ("uploaded",), ("uploaded", "abandon")])
def test_an_open_job_is_aborted(begun: Load, facts: tuple[str, ...]) -> None:
    """However far its task came, as long as it hadn't decided to close it; a clear then sends the rows by another job, once."""
    job_id = left_open(begun, *facts)
    account(begun)
    assert {job_id: "Aborted"} == states(begun)
    begun.whole()
    assert (["Aborted", "JobComplete"], ROWS) == (sorted(states(begun).values()), len(begun.org.query("SELECT Id FROM Account")))


def test_an_open_job_that_was_to_be_closed_is_aborted_and_counts(begun: Load) -> None:
    """Its task may be slow and close it even now: a clear sends nothing in its place, a replay looks at it once more first."""
    job_id = left_open(begun, "uploaded", "close")
    accounts = [account(begun)["unprocessed"], begun.whole()["summary"]["objects"]["Account"]["unprocessed"]]
    assert ([ROWS, ROWS], {job_id: "Aborted"}) == (accounts, states(begun))
    assert (ROWS, ROWS) == (replays.replayed(begun)["chosen"]["Account"]["send"], len(begun.org.query("SELECT Id FROM Account")))


def test_a_closed_job_goes_on(begun: Load) -> None:
    """Its wait merely timed out: it is named, and nothing is known of its rows yet."""
    begun.org.behave(looks=1_000)
    job_id = submit.chunk(begun.run, "Account", 0)
    found = account(begun)
    assert ([{"id": job_id, "state": "still running"}], ROWS) == (found["jobs"], found["in_doubt"])
    assert {job_id: "UploadComplete"} == states(begun)


def test_a_closed_job_is_aborted_if_a_person_said_so(begun: Load) -> None:
    """Its task wrote `cancel` and was killed before it could abort it."""
    begun.org.behave(looks=1_000)
    job_id = submit.chunk(begun.run, "Account", 0)
    place = entries.JobPlace("Account", 0, job_id)
    journal.note(begun.run, place.cancelled(begun.run.now()))
    found = account(begun)
    assert ({job_id: "Aborted"}, 0, ROWS) == (states(begun), found["succeeded"], found["unprocessed"])


def test_an_ended_job_is_collected_whatever_was_said(begun: Load) -> None:
    """Nobody waited for it any more, or a person's cancel came too late: what it wrote counts."""
    job_id = submit.chunk(begun.run, "Account", 0)
    begun.waited([job_id])
    wait.cancel(begun.run, "Account", job_id)
    assert (ROWS, {job_id: "JobComplete"}) == (account(begun)["succeeded"], states(begun))


def test_what_an_aborted_job_wrote_counts(begun: Load) -> None:
    """Its results tell which rows it wrote, and the org holds just those."""
    begun.org.behave(job_ends=[{"object": "Account", "state": "Aborted", "at": 0.4}])
    job_id = submit.chunk(begun.run, "Account", 0)
    begun.waited([job_id])
    found = account(begun)
    assert (ROWS, len(begun.org.query("SELECT Id FROM Account"))) == (found["succeeded"] + found["unprocessed"], found["succeeded"])
    assert 0 < found["succeeded"] < ROWS


def test_rows_that_were_committed_after_the_last_look_count(begun: Load) -> None:
    """An aborted job's numbers stood still, were written down, and moved once more: its results tell the truth."""
    begun.org.behave(job_ends=[{"object": "Account", "state": "Aborted", "at": 0.7}])
    job_id = submit.chunk(begun.run, "Account", 0)
    begun.waited([job_id])
    place, seen = entries.JobPlace("Account", 0, job_id), begun.run.salesforce.job(job_id)
    journal.note(begun.run, place.ended(seen | {"numberRecordsProcessed": seen["numberRecordsProcessed"] - 1}, begun.run.now()))
    found = account(begun)
    stored = len(begun.org.query("SELECT Id FROM Account"))
    assert (stored, ROWS - stored, stored) == (found["succeeded"], found["unprocessed"], found["jobs"][0]["processed"])
    assert 0 < stored < ROWS


@pytest.mark.parametrize("hidden", [1, 100])
def test_a_row_in_flight_is_waited_for(load: Load, hidden: int) -> None:
    """An aborted job's files don't have it yet: they are fetched again, some times, before rows without a key are in doubt."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "b"}, {"lastName": "c"}, {"lastName": "d"}]}]}'
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    load.org.behave(job_ends=[{"object": "Contact", "state": "Aborted", "at": 0.4}])
    load.waited([submit.chunk(load.run, "Contact", 0)])
    run, fetched = load.run, []

    class Late:
        """An org whose file of unprocessed rows lacks the last one at first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(run.salesforce, name)

        def fetch_result(self, job_id: str, kind: str, path: Path) -> int:
            found = run.salesforce.fetch_result(job_id, kind, path)
            if kind == entities.RESULT_KINDS[-1]:
                fetched.append(kind)
                lines = path.read_text("utf-8").splitlines(keepends=True)
                path.write_text("".join(lines[:-1] if len(fetched) <= hidden else lines), "utf-8")
            return found

    tally = settle.advance(dataclasses.replace(run, salesforce=Late()), "Contact")["tally"]
    stored = len(load.org.query("SELECT Id FROM Contact"))
    assert 0 < stored < ROWS
    expected = {"succeeded": stored, "unprocessed": ROWS - stored} if hidden == 1 else {"in_doubt": ROWS}
    assert (expected, min(hidden + 1, wait.LOOKS + 1)) == (tally, len(fetched))
