"""A chunk that was in flight when its job was aborted → an undo never leaves what it stored unsaid, nor lets it be stored again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.ledger import undos
from include.bulkload.steps import settle, submit, summarize, undo
from tests.include.bulkload.steps import replays, test_aborted
from tests.include.bulkload.steps.undoings import acted, by, counts, planned, world
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

HOUR = 3_600


@pytest.fixture
def late(tmp_path: Path, local_org: loads.LocalOrg) -> Load:
    """Two accounts are loaded; the job of the three contacts of one was aborted, and collected while its chunk was in flight."""
    load = test_aborted.contacts_cut(tmp_path, local_org, b=[])
    test_aborted.collected(load)
    summarize.close(load.run, ["wait_for_Contact"])
    return load


def again(load: Load, name: str) -> Load:
    """Another run of the same payload."""
    return dataclasses.replace(load, run_name=name)


def test_what_landed_after_the_dry_run_stops_the_act(late: Load) -> None:
    """It touches nothing, and another dry run lists it all; then nothing stands, and the payload may be inserted again."""
    number = planned(late)["number"]
    test_aborted.land(late)
    with pytest.raises(errors.DryRunOutdated, match="has stored more since this dry run looked at it"):
        undo.act(by(late), "run", number)
    assert (5, None) == (len(world(late)), late.run.folder.read(undos.BEGUN))
    found = acted(late, planned(late)["number"])
    assert ((3, 0, 0, 0, 0), [], True) == (counts(found["summary"], "Contact"), world(late), found["clean"])
    again(late, "two").stage()


def test_what_lands_while_an_undo_is_at_work_makes_it_red(late: Load) -> None:
    """It goes on with what it listed; that more stands is said, and the payload counts as inserted until another undo."""
    number = planned(late)["number"]
    late.waited(undo.act(by(late), "run", number)["waiting"])
    test_aborted.land(late)
    found = acted(late, number)
    assert ((1, 0, 0, 1, 0), False, 4) == (counts(found["summary"], "Account"), found["clean"], len(world(late)))
    assert "has stored rows since the dry run; they stay: undo the run once more" in found["why"][0]
    assert found["why"] == acted(late, number)["why"]
    assert ([], True) == (acted(late, planned(late)["number"])["why"], world(late) == [])


def test_a_payload_may_be_inserted_again_once_the_chunk_can_not_land_any_more(late: Load) -> None:
    """A replay stored the rows, the undo deletes them: for an hour the aborted job may still store them too, and the undo says so."""
    replays.replayed(late)
    found = acted(late, planned(late)["number"])
    assert "it may store rows that it left" in found["summary"]["notKnown"][0]
    with pytest.raises(errors.PlanError, match="same content as in the run"):
        again(late, "two").stage()
    late.clock += HOUR
    assert planned(late)["nothing"]
    again(late, "three").stage()


def test_a_payload_that_an_undo_lets_go_is_inserted_once(load: Load) -> None:
    """Nothing was stored: once that is sure, whoever inserts it first has it. A replay has; the new run, which was through, has not."""
    contact = {"sobject": "Contact", "records": "accounts[]", "operation": "insert", "canary_rows": 0, "fields": {"LastName": "name"}}
    load.mapping, load.payload = {"Contact": contact}, b'{"accounts": [{"name": "Ann"}]}'
    load.org.behave(job_ends=[{"object": "Contact", "state": "Aborted", "at": 0, "job": 1}])
    load.whole()
    load.org.behave(job_ends=[])
    seen = [(planned(load)["nothing"], load.run.folder.read(undos.BEGUN))]
    load.clock += HOUR
    assert [(True, None), True] == [*seen, planned(load)["nothing"]]
    two = again(load, "two")
    two.stage()
    replays.replayed(load)
    two.clock = load.clock + HOUR
    with pytest.raises(errors.ChunkVoid, match="has inserted"):
        two.sent("Contact", two.cut("Contact"))
    assert ["Ann"] == [each["LastName"] for each in load.org.query("SELECT LastName FROM Contact")]


def test_an_undo_that_finds_nothing_leaves_the_run_as_it_was(load: Load) -> None:
    """What was stored is somebody else's by now, of a second object nothing was: a replay brings that, as no new run may."""
    load.mapping = {"Contact": {"sobject": "Contact", "records": "accounts[]", "operation": "insert", "fields": {"LastName": "name"}}}
    load.mapping["Account"] = {**load.mapping["Contact"], "sobject": "Account", "fields": {"Name": "name"}}
    load.payload = b'{"accounts": [{"name": "Ann"}]}'
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "Ann", "error": "SOME_RULE:no:--"}])
    load.whole()
    load.org.behave(row_faults=[], clock_skew_seconds=60)
    load.org.change("Contact", load.org.query("SELECT Id FROM Contact")[0]["Id"], FirstName="by hand")
    assert planned(load)["nothing"]
    with pytest.raises(errors.PlanError, match=r"objects\.Contact: source has the same content"):
        again(load, "two").stage()
    assert (True, 1) == (replays.replayed(load)["clean"], len(load.org.query("SELECT Id FROM Account")))


@dataclass
class Slow(test_aborted.Flight):
    """A chunk that is committed minutes after the abort; the job's stamp stays as it was then."""

    stamp: str = ""


class SlowOrg(test_aborted.LateOrg):
    """An org that sees it so."""

    def client(self) -> Any:
        """A client of its."""
        return NotYet(loads.LocalOrg.client(self), self.flight)


class NotYet(test_aborted.InFlight):
    """A client of an org that stores nothing of a closed job before it was aborted."""

    _flight: Slow

    def close(self, job_id: str) -> dict[str, Any]:
        """Take the job, and store nothing; others of later are as always."""
        if self._flight.landed:
            return dict(self._real.close(job_id))
        found: dict[str, Any] = self._real.job(job_id)
        self._flight.stamp = found["systemModstamp"]
        return found

    def abort(self, job_id: str) -> dict[str, Any]:
        """Abort it."""
        self._flight.job_id = job_id
        return self.job(job_id)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job, with its stamp."""
        return super().job(job_id) | ({"systemModstamp": self._flight.stamp} if job_id == self._flight.job_id else {})


def test_what_lands_minutes_after_the_abort_goes_though_the_jobs_stamp_stays(tmp_path: Path, local_org: loads.LocalOrg) -> None:
    """The job created it, and nobody has written it since: it is the run's own; what somebody edited stays, and its parent."""
    load = test_aborted.contacts_cut(tmp_path, local_org, b=[])
    org = SlowOrg(local_org.started)
    org.flight, load.org = Slow(), org
    job_id = submit.chunk(load.run, "Contact", 0)
    load.run.salesforce.abort(job_id)
    settle.advance(load.run, "Contact")
    summarize.close(load.run, ["wait_for_Contact"])
    local_org.behave(clock_skew_seconds=300)
    local_org.client().close(job_id)
    while local_org.client().job(job_id)["state"] != "JobComplete":
        pass
    test_aborted.land(load)
    edited, *_ = local_org.query("SELECT Id FROM Contact ORDER BY Id")
    local_org.behave(clock_skew_seconds=310)
    local_org.change("Contact", edited["Id"], FirstName="by hand")
    found = acted(load, planned(load)["number"])["summary"]
    assert ((1, 0, 0, 1, 0), (2, 0, 0, 1, 0)) == (counts(found, "Account"), counts(found, "Contact"))
    assert [edited["Id"]] == [each["Id"] for each in local_org.query("SELECT Id FROM Contact")]
