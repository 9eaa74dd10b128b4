"""Rows that failed for a passing reason → sent again in rounds, before their children are declared orphans."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import journal, settle, submit, summarize
from tests.include.bulkload.steps import replays, test_unlinked, test_waves
from tests.running import loads

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

FAMILY = {"accounts": [{"name": f"a{n}", "sourceId": f"K{n}", "contacts": [{"lastName": f"c{n}"}]} for n in range(10)]}
COUNTED = ("source", "succeeded", "failed", "unprocessed", "orphaned")


def counts(found: dict[str, Any], name: str) -> tuple[int, ...]:
    """An object's rows by fate."""
    return tuple(found["summary"]["objects"][name][fate] for fate in COUNTED)


def under(load: Load, **faults: Any) -> dict[str, Any]:
    """Run the family while the org plays faults."""
    load.org.behave(**faults)
    load.payload = json.dumps(FAMILY).encode()
    return load.whole()


def test_rows_that_lost_a_lock_go_again(load: Load) -> None:
    """A lock in the first job: all are there after one round, each once, and no child was orphaned."""
    found = under(load, row_faults=[{"object": "Account", "field": "Name", "value": "a3", "lock": True, "job": 1}])
    assert ((10, 10, 0, 0, 0), (10, 10, 0, 0, 0)) == (counts(found, "Account"), counts(found, "Contact"))
    assert [1] * 10 == [each["n"] for each in load.org.query("SELECT External_Id__c, COUNT(Id) n FROM Account GROUP BY External_Id__c")]
    assert (2, True) == (len(found["summary"]["parentJob"]), found["clean"])


def test_a_rounds_job_whose_try_died_before_the_close_is_closed_by_the_next(load: Load) -> None:
    """Nobody else would: it would stay Open, and be waited for for ever."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "a3", "lock": True, "job": 1}])
    load.payload = json.dumps(FAMILY).encode()
    load.waited([submit.chunk(load.run, "Account", number) for number in load.split()])
    assert settle.advance(load.run, "Account")["not_before"]
    load.clock += loads.HOUR
    dying = dataclasses.replace(load.run, folder=replays.Dying(load.run.folder, "/decision.json", after=True))
    with pytest.raises(replays.KilledError):
        settle.advance(dying, "Account")
    settle.advance(load.run, "Account")
    assert "Open" not in {each["state"] for each in load.org.jobs()}
    assert 10 == load.settled("Account")["succeeded"]


def test_a_lock_that_another_error_wraps_is_one_too(load: Load) -> None:
    """A trigger puts its own words around it."""
    wrapped = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Guard: execution of AfterInsert\n\ncaused by: UNABLE_TO_LOCK_ROW, unable to obtain:--"
    found = under(load, row_faults=[{"object": "Contact", "field": "LastName", "value": "c3", "error": wrapped, "job": 1}])
    assert (10, 10, 0, 0, 0) == counts(found, "Contact")
    assert 10 == len(load.org.query("SELECT Id FROM Contact"))


def test_rows_that_never_make_it_tell_each_attempt(load: Load) -> None:
    """Three rounds, then it is failed, with four errors; its child is an orphan."""
    found = under(load, row_faults=[{"object": "Account", "field": "Name", "value": "a3", "lock": True}])
    assert ((10, 9, 1, 0, 0), (10, 9, 0, 0, 1)) == (counts(found, "Account"), counts(found, "Contact"))
    assert 4 == len(found["summary"]["parentJob"])
    (listed,) = load.listed(found["summary"]["objects"]["Account"]["files"]["failed"])
    assert 4 == listed["error"].count("UNABLE_TO_LOCK_ROW")


def test_what_a_failing_job_left_goes_again(load: Load) -> None:
    """The server gave up midway: the rest is sent in a round."""
    found = under(load, job_ends=[{"object": "Account", "state": "Failed", "at": 0.5, "message": "InternalServerError : later", "job": 1}])
    assert ((10, 10, 0, 0, 0), (10, 10, 0, 0, 0), True) == (counts(found, "Account"), counts(found, "Contact"), found["clean"])


def test_what_a_failing_job_left_and_no_round_got_through_is_red(load: Load) -> None:
    """The server gave up before the row, and the round had it refused for good: red whatever `max_failed` allows."""
    load.mapping["Account"]["max_failed"] = load.mapping["Contact"]["max_failed"] = "50%"
    ended = {"object": "Account", "state": "Failed", "at": 0.5, "message": "InternalServerError : later", "job": 1}
    found = under(load, job_ends=[ended], row_faults=[{"object": "Account", "field": "Name", "value": "a9", "error": "SOME_RULE:no:--"}])
    assert ((10, 9, 1, 0, 0), False) == (counts(found, "Account"), found["clean"])
    assert ["Failed", 1] == [found["summary"]["objects"]["Account"]["jobs"][0][each] for each in ("state", "notThrough")]


def test_what_a_failing_job_refused_for_good_is_a_failure_like_any_other(load: Load) -> None:
    """It was tried and wrong; all that the job had left got through in the round. `max_failed` allows it."""
    load.mapping["Account"]["max_failed"] = load.mapping["Contact"]["max_failed"] = "50%"
    ended = {"object": "Account", "state": "Failed", "at": 0.5, "message": "InternalServerError : later", "job": 1}
    found = under(load, job_ends=[ended], row_faults=[{"object": "Account", "field": "Name", "value": "a1", "error": "SOME_RULE:no:--"}])
    assert ((10, 9, 1, 0, 0), True) == (counts(found, "Account"), found["clean"])


@pytest.mark.parametrize(
    "ended",
    [
        {"state": "Aborted", "message": ""},
        {"state": "Failed", "message": "ExceededQuota : daily batches"},
    ],
)
def test_a_decision_or_a_limit_is_not_asked_again(load: Load, ended: dict[str, str]) -> None:
    """Somebody aborted, or the day's limit is reached: no round, for a row that lost a lock in that job neither, and the run is red."""
    lock = {"object": "Account", "field": "Name", "value": "a1", "lock": True, "job": 1}
    found = under(load, job_ends=[{"object": "Account", "at": 0.5, "job": 1, **ended}], row_faults=[lock])
    assert ((10, 4, 1, 5, 0), False, 1) == (counts(found, "Account"), found["clean"], len(found["summary"]["objects"]["Account"]["jobs"]))


def test_permanent_errors_are_not_sent_again(load: Load) -> None:
    """A refused row stays refused."""
    found = under(load, row_faults=[{"object": "Account", "field": "Name", "value": "a3", "error": "SOME_RULE:no:--"}])
    assert ((10, 9, 1, 0, 0), 1) == (counts(found, "Account"), len([found["summary"]["parentJob"]]))
    assert isinstance(found["summary"]["parentJob"], str)


def test_a_cleared_run_sends_no_round_twice(load: Load) -> None:
    """All steps again: the same waves, the same jobs, the same summary."""
    first = under(load, row_faults=[{"object": "Account", "field": "Name", "value": "a3", "lock": True, "job": 1}])
    jobs = len(load.org.jobs())
    assert (first, jobs) == (load.whole(), len(load.org.jobs()))


def test_rows_of_a_task_that_is_cleared_late_have_rounds_of_their_own(load: Load) -> None:
    """A round and a second pass of the other rows stand already when its job loses a lock, twice."""
    late = {"object": "Account", "field": "Name", "value": f"{test_unlinked.LONG}5", "lock": True}
    faults = [{"object": "Account", "field": "Name", "value": "p", "lock": True, "job": 1}, *({**late, "job": nth} for nth in (4, 5))]
    load.org.behave(row_faults=faults)
    load.mapping = {"Account": {**test_waves.ACCOUNT, "parents": test_unlinked.LATER}}
    load.more = {"job_bytes": 1000}
    rows = [("p", None), *[(f"{test_unlinked.LONG}{n}", "p") for n in range(6)]]
    load.payload = test_unlinked.accounts(*rows)
    load.stage()
    chunks = load.cut("Account")
    load.sent("Account", chunks[:-1])
    assert ["first", "round", "links"] == kinds(load)
    load.sent("Account", chunks)
    assert (True, dict(rows)) == (summarize.close(load.run, [])["clean"], test_waves.parents(load))
    assert ["first", "round", "links", "round", "round", "links"] == kinds(load)


def kinds(load: Load) -> list[str]:
    """The waves of the accounts."""
    return [str(wave.kind) for wave in journal.waves_of(load.run, "Account")]
