"""A chunk in flight at an abort, committed long after it → its rows are found before any of them is sent by another job."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import entities, errors
from include.bulkload.steps import journal, leftovers, replay, settle, submit, summarize
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.ledger import resume

NAMES = ["c0", "c1", "c2"]
ALL = [(name, "a") for name in NAMES]


@dataclass
class Flight:
    """What the org does with one job: it closes and aborts it, `landed`: its chunk is committed; until then nobody sees it.

    `hidden`: nor are its rows handed back.
    """

    job_id: str = ""
    landed: bool = False
    hidden: bool = False
    sent: dict[str, str] = field(default_factory=dict)


class InFlight:
    """A client of an org in which a job's only chunk is in flight when it is aborted."""

    def __init__(self, real: Any, flight: Flight) -> None:
        self._real, self._flight = real, flight

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def upload(self, job_id: str, path: Path) -> None:
        """Keep what was sent: it is what the org hands back as unprocessed."""
        self._flight.sent[job_id] = path.read_text("utf-8")
        self._real.upload(job_id, path)

    def abort(self, job_id: str) -> dict[str, Any]:
        """Abort a job right after somebody closed it, if nobody had."""
        self._flight.job_id = job_id
        if self._real.job(job_id)["state"] == "Open":
            self._real.close(job_id)
        while self._real.job(job_id)["state"] != "JobComplete":
            pass
        return self.job(job_id)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job, nothing of it processed until its chunk has landed."""
        seen: dict[str, Any] = self._real.job(job_id)
        if job_id != self._flight.job_id:
            return seen
        return seen | {"state": "Aborted"} | ({} if self._flight.landed else {"numberRecordsProcessed": 0})

    def fetch_result(self, job_id: str, kind: str, path: Path) -> int:
        """All rows are unprocessed until then, or in none of the files."""
        if job_id != self._flight.job_id or self._flight.landed:
            return int(self._real.fetch_result(job_id, kind, path))
        header = self._flight.sent[job_id].partition("\n")[0]
        told = {"successfulResults": f'"sf__Id","sf__Created",{header}\n', "failedResults": f'"sf__Id","sf__Error",{header}\n'}
        return path.write_text(told.get(kind, f"{header}\n" if self._flight.hidden else self._flight.sent[job_id]), "utf-8")


class LateOrg(loads.LocalOrg):
    """An org whose clients see it so."""

    flight: Flight

    def client(self) -> Any:
        """A client of its."""
        return InFlight(super().client(), self.flight)


def contacts_cut(folder: Path, local_org: loads.LocalOrg, row_key_field: str | None = None, **more: list[str]) -> Load:
    """An account is loaded, and `more`; its contacts, which have no key but that of `row_key_field`, are cut."""
    org = LateOrg(local_org.started)
    org.flight = Flight()
    load = Load(folder, org)
    load.mapping["Contact"]["row_key_field"] = row_key_field
    load.payload = replays.family(a=NAMES, **more)
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    return load


@pytest.fixture
def late(tmp_path: Path, local_org: loads.LocalOrg) -> Load:
    """The contacts' job hasn't begun."""
    return contacts_cut(tmp_path, local_org)


def land(load: Load) -> None:
    """The chunk is committed at last."""
    assert isinstance(load.org, LateOrg)
    load.org.flight.landed = True


def collected(load: Load) -> str:
    """The contacts' job is aborted by an admin, and collected while its chunk is in flight; its id."""
    job_id = submit.chunk(load.run, "Contact", 0)
    load.run.salesforce.abort(job_id)
    assert {"unprocessed": 3} == settle.advance(load.run, "Contact")["tally"]
    return job_id


def test_a_replay_finds_what_was_committed_late(late: Load) -> None:
    """It looks at the aborted job again before it chooses: the rows are written, nothing is sent, the first run's account says so."""
    collected(late)
    summarize.close(late.run, [])
    land(late)
    found = replays.replayed(late)
    assert (0, ALL) == (found["chosen"]["Contact"]["send"], replays.kin(late))
    assert (3, 0) == tuple(replays.whole(late)["objects"]["Contact"][fate] for fate in ("succeeded", "unprocessed"))


def test_what_was_committed_between_choice_and_sending_is_not_sent(late: Load) -> None:
    """It looks once more when the turn comes."""
    collected(late)
    summarize.close(late.run, [])
    begun = replays.begun(late)
    land(late)
    for name in ("Account", "Contact"):
        replays.advanced(late, "again", begun["replay"], name)
    closed = replay.close(replays.again(late), begun["replay"], [], replays.home(late, "again"))
    assert (3, ALL, 3) == (begun["objects"]["Contact"]["send"], replays.kin(late), closed["summary"]["objects"]["Contact"]["succeeded"])


def test_a_duplicate_of_what_was_committed_late_is_no_failure(tmp_path: Path, local_org: loads.LocalOrg) -> None:
    """Where rows have a key of their own: what the replay's insert is refused for is there with that key, so it is the row's."""
    late = contacts_cut(tmp_path, local_org, row_key_field="External_Id__c")
    collected(late)
    found = replays.replayed(late)
    assert (True, 3, ALL) == (found["clean"], found["summary"]["objects"]["Contact"]["created"], replays.kin(late))
    land(late)
    told = summarize.close(late.run, [])["summary"]["objects"]["Contact"]
    assert (3, 0) == (told["created"], told.get("storedTwice", 0))
    assert {"send": 0, "links": 0} == {how: replays.replayed(late, "another")["chosen"]["Contact"][how] for how in ("send", "links")}


def test_a_clear_finds_it_too(late: Load) -> None:
    """The summary looks again as well; its numbers and the org's are the same."""
    collected(late)
    before = summarize.close(late.run, [])["summary"]["objects"]["Contact"]
    land(late)
    after = [summarize.close(late.run, [])["summary"]["objects"]["Contact"] for _ in range(2)]
    assert [(0, 3), (3, 0), (3, 0)] == [(each["succeeded"], each["unprocessed"]) for each in (before, *after)]


def test_an_aborted_job_that_wrote_nothing_goes_by_the_replay(late: Load) -> None:
    """Its chunk never lands: the rows go, once."""
    job_id = collected(late)
    summarize.close(late.run, [])
    assert 3 == replays.replayed(late)["chosen"]["Contact"]["send"]
    stored = [each for each in late.org.jobs() if each["object"] == "Contact" and each["id"] != job_id]
    assert 1 == len(stored)


def test_one_that_is_gone_stays_as_it_was_collected(late: Load) -> None:
    """Nobody can look at it any more."""
    job_id = collected(late)
    late.run.salesforce.delete(job_id)
    assert 3 == replays.replayed(late)["chosen"]["Contact"]["send"]


def test_one_that_can_not_be_looked_at_again_stops_the_replay(late: Load) -> None:
    """Its rows may be written by now."""
    job_id = collected(late)

    class Closed:
        """An org that doesn't show this job."""

        def __getattr__(self, name: str) -> Any:
            return getattr(late.run.salesforce, name)

        def job(self, asked: str) -> dict[str, Any]:
            if asked == job_id:
                raise errors.RequestRefused("no right", 403, "INSUFFICIENT_ACCESS")
            return dict(late.run.salesforce.job(asked))

    with pytest.raises(errors.RequestRefused, match="no right"):
        replay.begin(dataclasses.replace(replays.again(late), salesforce=Closed()), "run", None, late)


@pytest.mark.parametrize("lands", [True, False])
def test_rows_that_are_in_none_of_its_files_are_in_doubt_until_they_are(late: Load, *, lands: bool) -> None:
    """No replay sends them before; the next one finds that their chunk was committed, or that they were handed back."""
    assert isinstance(late.org, LateOrg)
    late.org.flight.hidden = True
    late.run.salesforce.abort(submit.chunk(late.run, "Contact", 0))
    assert {"in_doubt": 3} == settle.advance(late.run, "Contact")["tally"]
    first = replays.replayed(late, "first")["chosen"]["Contact"]["send"]
    assert (0, 3) == (first, replays.whole(late)["objects"]["Contact"]["in_doubt"])
    late.org.flight.landed, late.org.flight.hidden = lands, False
    found = replays.replayed(late, "second")
    assert (0 if lands else 3, True) == (found["chosen"]["Contact"]["send"], found["clean"])
    assert 3 == replays.whole(late)["objects"]["Contact"]["succeeded"]


def test_a_payload_whose_only_job_was_aborted_is_not_inserted_by_another_run(late: Load) -> None:
    """Nothing of it is known to be stored, but its chunk may land still: the run is to be replayed, and so it stands once."""
    collected(late)
    summarize.close(late.run, [])
    another = dataclasses.replace(late, run_name="another", clock=late.clock + 10)
    with pytest.raises(errors.PlanError, match=r"objects\.Contact: .* part of it from .* on, or may have; replay that run"):
        another.stage()
    land(late)
    replays.replayed(late)
    assert ALL == replays.kin(late)


class DiedError(Exception):
    """The worker is lost, or so slow that it is taken for lost."""


def left_open(load: Load, call: str) -> None:
    """A try submits the contacts and gets as far as this call."""

    class Slow:
        """A client that doesn't come to it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(load.run.salesforce, name)

    def dies(*_: Any) -> None:
        raise DiedError

    slow = Slow()
    setattr(slow, call, dies)
    with pytest.raises(DiedError):
        submit.chunk(dataclasses.replace(load.run, salesforce=slow), "Contact", 0)  # type: ignore[arg-type]


def facts(load: Load) -> resume.JobFacts:
    """What the ledger says of the contacts' one job."""
    (found,) = journal.jobs(load.run, "Contact")
    return found


def test_a_job_that_a_slow_try_closes_while_it_is_given_up_counts(late: Load) -> None:
    """It was to be closed, read Open, and was closed before the abort came: what its chunk wrote late is found, nothing is doubled."""
    left_open(late, "close")
    found = summarize.close(late.run, ["child_job"])["summary"]["objects"]["Contact"]
    assert (True, 3, "Aborted") == (facts(late).counts, found["unprocessed"], found["jobs"][0]["state"])
    land(late)
    assert (0, ALL) == (replays.replayed(late)["chosen"]["Contact"]["send"], replays.kin(late))


def test_the_sweep_leaves_its_account_to_others(late: Load) -> None:
    """It aborts the job, and proves nothing."""
    left_open(late, "close")
    assert (True, False) == (leftovers.given_up(late.run, facts(late)), facts(late).has("aborted"))


def test_a_job_that_others_closed_and_aborted_is_looked_at_until_it_is_still(late: Load) -> None:
    """Nobody of ours closed it; its chunk lands between two looks at its numbers: it counts."""
    left_open(late, "upload")
    job_id = facts(late).place.job_id
    late.run.salesforce.upload(job_id, _planned(late))
    late.run.salesforce.abort(job_id)
    run = dataclasses.replace(late.run, pause=lambda _: land(late))
    assert submit.decide(run, facts(late).place, entities.Decision.ABANDON) is entities.Decision.ABANDON
    assert (False, True) == (submit.give_up(run, facts(late).place), facts(late).counts)


def _planned(load: Load) -> Path:
    """The contacts' upload."""
    run = load.run
    return journal.bring(run, journal.wave_of(run, "Contact", 0).chunk(0)["csv"])
