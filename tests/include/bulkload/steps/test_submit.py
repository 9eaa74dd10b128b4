"""A chunk and whatever an earlier try left behind → one closed job: nothing stored twice, nothing lost."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, settle, submit, summarize, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.include.bulkload.steps.conftest import Load

TRIES = 60
INGEST = "/jobs/ingest"
FAMILY = {"accounts": [{"name": f"a{n}", "sourceId": f"K{n}", "contacts": [{"lastName": f"c{n}"}, {"lastName": "same"}]} for n in range(5)]}


def until_it_works(step: Callable[[], Any]) -> Any:
    """Call a step as Airflow retries a task: again after TryAgain, never after MustStop."""
    for _ in range(TRIES):
        try:
            return step()
        except errors.TryAgain:
            continue
    raise AssertionError(f"no success in {TRIES} tries")


def whole(load: Load) -> dict[str, Any]:
    """All tasks, each retried."""
    chunks = until_it_works(load.split)
    for name in ("Account", "Contact"):
        for number in chunks if name == "Account" else until_it_works(lambda: load.cut("Contact")):
            job_id = until_it_works(lambda name=name, number=number: submit.chunk(load.run, name, number))
            until_it_works(lambda name=name, job_id=job_id: wait.ended(load.run, name, [job_id]))
        until_it_works(lambda name=name: settle.advance(load.run, name))
        if name == "Account":
            until_it_works(load.ids)
    return dict(until_it_works(lambda: summarize.close(load.run, [])))


def stored(load: Load) -> list[tuple[str, str]]:
    """What the org holds: each contact with its account's key; accounts are counted too."""
    load.org.behave(http_faults=[])
    accounts = [("account", each["External_Id__c"]) for each in load.org.query("SELECT External_Id__c FROM Account")]
    contacts = load.org.query("SELECT LastName, Account.External_Id__c FROM Contact")
    return sorted(accounts + [(each["LastName"], each["Account"]["External_Id__c"]) for each in contacts])


EXPECTED = sorted([("account", f"K{n}") for n in range(5)] + [(f"c{n}", f"K{n}") for n in range(5)] + [("same", f"K{n}") for n in range(5)])


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status"])
@pytest.mark.parametrize(
    ("method", "path", "nth"),
    [
        ("POST", INGEST, [1]),
        ("POST", INGEST, [2]),
        ("PUT", "/batches", [1]),
        ("PUT", "/batches", [2]),
        ("PATCH", INGEST, [1]),
        ("PATCH", INGEST, [1, 2]),
        ("GET", INGEST, [1, 2, 3]),
        ("GET", "(successful|failed|unprocessed)", [1, 2, 4]),
    ],
)
def test_a_fault_at_any_call_ends_in_the_same_org(load: Load, kind: str, method: str, path: str, nth: list[int]) -> None:
    """Refused, broken off before the server acted, or after it: the records are those of an undisturbed run."""
    load.payload = json.dumps(FAMILY).encode()
    load.org.behave(http_faults=[{"method": method, "path": path, "nth": nth, "kind": kind, "status": 503}])
    found = whole(load)
    assert len(nth) == load.org.struck()
    assert EXPECTED == stored(load)
    assert ("COMPLETED", True) == (found["summary"]["status"], found["clean"])


@pytest.mark.parametrize("seed", range(3))
def test_nearly_half_of_all_answers_faulty_ends_in_the_same_org(load: Load, seed: int) -> None:
    """Every transport fault that the local org can do, at random."""
    load.payload = json.dumps(FAMILY).encode()
    kinds: list[dict[str, Any]] = [{"kind": kind, "share": 0.12} for kind in ("reset_before", "reset_after", "truncate")]
    kinds += [{"kind": "status", "status": 503, "html": True, "share": 0.12}]
    load.org.behave(seed=seed, http_faults=kinds)
    found = whole(load)
    assert load.org.struck() > 5
    assert EXPECTED == stored(load)
    assert found["clean"]


def begun(load: Load) -> entries.JobPlace:
    """A run whose first try died right after it had created and noted its job."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    load.split()
    place = entries.JobPlace("Account", 0, load.run.salesforce.create_job("Account", "upsert", "External_Id__c"))
    journal.note(load.run, place.created(0, "t"))
    return place


def test_an_undecided_open_job_is_given_up(load: Load) -> None:
    """What it uploaded may be half a file: it is aborted, and another job carries the chunk."""
    place = begun(load)
    carried = submit.chunk(load.run, "Account", 0)
    assert (False, "Aborted") == (carried == place.job_id, load.run.salesforce.job(place.job_id)["state"])


def test_an_undecided_job_that_salesforce_aborted_is_given_up_too(load: Load) -> None:
    """It stood Open for a day: nobody closed it, it wrote nothing, another job carries the chunk and no person stopped anything."""
    place = begun(load)
    load.run.salesforce.abort(place.job_id)
    assert place.job_id != submit.chunk(load.run, "Account", 0)
    assert {"succeeded": 1} == load.settled("Account")


def test_a_job_decided_to_be_closed_is_closed(load: Load) -> None:
    """The try died between decision and close: the next one finishes it, and uploads nothing."""
    place = begun(load)
    run = load.run
    run.salesforce.upload(place.job_id, journal.bring(run, journal.wave_of(run, "Account", 0).chunk(0)["csv"]))
    journal.note(run, place.decided(entities.Decision.CLOSE, "t"))
    assert place.job_id == submit.chunk(load.run, "Account", 0)
    assert 1 == len(load.org.jobs())


def test_a_slow_first_try_obeys_the_second(load: Load) -> None:
    """It finds `abandon` where it wanted to write `close`, and stops; the other's job stays the only one that counts."""
    place = begun(load)
    carried = submit.chunk(load.run, "Account", 0)
    assert entities.Decision.ABANDON is submit.decide(load.run, place, entities.Decision.CLOSE)
    assert carried == submit.chunk(load.run, "Account", 0)


class Overtaken:
    """The client of a slow try: another try runs whole right before one of its calls."""

    def __init__(self, of: Any, call: str, other: Callable[[], Any]) -> None:
        self._of, self._call, self._other = of, call, other

    def __getattr__(self, name: str) -> Any:
        """Let the other try run, once, when the call comes."""
        if name == self._call:
            self._call = ""
            self._other()
        return getattr(self._of, name)


@pytest.mark.parametrize("call", ["create_job", "upload", "close"])
def test_two_tries_at_once_close_one_job(load: Load, call: str) -> None:
    """Wherever the second overtakes the first, also where neither knew of the other's job when it began."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c"}]}]}'
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    run = load.run
    slow = dataclasses.replace(run, salesforce=Overtaken(run.salesforce, call, lambda: submit.chunk(load.run, "Contact", 0)))
    with contextlib.suppress(errors.JobTakenOver):
        submit.chunk(slow, "Contact", 0)
    carried = submit.chunk(load.run, "Contact", 0)
    load.waited([carried])
    assert 1 == len(load.org.query("SELECT Id FROM Contact"))


def test_a_job_that_somebody_closed_by_hand_counts(load: Load) -> None:
    """It isn't Open any more: its rows may be written, so its results tell."""
    place = begun(load)
    run = load.run
    run.salesforce.upload(place.job_id, journal.bring(run, journal.wave_of(run, "Account", 0).chunk(0)["csv"]))
    run.salesforce.close(place.job_id)
    assert place.job_id == submit.chunk(load.run, "Account", 0)


def test_an_insert_whose_job_is_gone_is_never_sent_again(load: Load) -> None:
    """Nobody can tell whether somebody closed it: it carries the chunk, whose rows are in doubt."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c"}]}]}'
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    journal.note(load.run, entries.JobPlace("Contact", 0, "750000000000999AAA").created(0, "t"))
    assert "750000000000999AAA" == submit.chunk(load.run, "Contact", 0)
    assert {"in_doubt": 1} == load.settled("Contact")


def test_a_job_that_can_not_be_aborted_yet_is_tried_again(load: Load) -> None:
    """It stays Open: nobody waits for its end, and the next try gives it up."""
    place, run = begun(load), load.run

    class Stubborn:
        """An org that refuses to abort."""

        def __getattr__(self, name: str) -> Any:
            return getattr(run.salesforce, name)

        def abort(self, _: str) -> Any:
            raise errors.RequestRefused("not now", 400, "API_ERROR")

    with pytest.raises(errors.JobStaysOpen, match=place.job_id):
        submit.chunk(dataclasses.replace(run, salesforce=Stubborn()), "Account", 0)
    assert place.job_id != submit.chunk(load.run, "Account", 0)
    assert "Aborted" == load.run.salesforce.job(place.job_id)["state"]


def test_an_upsert_whose_job_is_gone_is_sent_again(load: Load) -> None:
    """Sending the same key twice stores it once."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    load.split()
    journal.note(load.run, entries.JobPlace("Account", 0, "750000000000999AAA").created(0, "t"))
    assert "750000000000999AAA" != submit.chunk(load.run, "Account", 0)
