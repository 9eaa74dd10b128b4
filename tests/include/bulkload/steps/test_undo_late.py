"""A chunk that was in flight when its job was aborted → an undo never leaves what it stored unsaid, nor lets it be stored again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from include.bulkload.ledger import undos
from include.bulkload.steps import summarize, undo
from tests.include.bulkload.steps import replays, test_aborted
from tests.include.bulkload.steps.undoings import acted, by, counts, planned, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load
    from tests.running import loads

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


def test_an_undo_that_lets_a_payload_go_lets_nothing_of_the_run_go_any_more(load: Load) -> None:
    """Nothing was stored: once that is sure, a new run brings the payload, and a replay of the first one would double it."""
    contact = {"sobject": "Contact", "records": "accounts[]", "operation": "insert", "canary_rows": 0, "fields": {"LastName": "name"}}
    load.mapping, load.payload = {"Contact": contact}, b'{"accounts": [{"name": "Ann"}]}'
    load.org.behave(job_ends=[{"object": "Contact", "state": "Aborted", "at": 0, "job": 1}])
    load.whole()
    load.org.behave(job_ends=[])
    seen = [(planned(load)["nothing"], load.run.folder.read(undos.BEGUN))]
    load.clock += HOUR
    assert [(True, None), True] == [*seen, planned(load)["nothing"]]
    again(load, "two").stage()
    with pytest.raises(errors.RunUndone, match="load its source by a new run"):
        replays.begun(load)
