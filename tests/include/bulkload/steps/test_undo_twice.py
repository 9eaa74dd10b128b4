"""Rows that were stored twice → an undo knows both records of each: what became of one says nothing of the other."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import summarize, undo
from tests.include.bulkload.steps import replays, test_aborted
from tests.include.bulkload.steps.undoings import acted, by, counts, planned

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load
    from tests.running import loads

CONTACTS = "SELECT Id, LastName FROM Contact ORDER BY Id"


@pytest.fixture
def twice(tmp_path: Path, local_org: loads.LocalOrg) -> Load:
    """An account with three contacts, each of which stands twice: an aborted job's chunk landed when a replay had sent them."""
    load = test_aborted.contacts_cut(tmp_path, local_org)
    test_aborted.collected(load)
    summarize.close(load.run, [])
    replays.replayed(load)
    test_aborted.land(load)
    assert 3 == summarize.close(load.run, [])["summary"]["objects"]["Contact"]["storedTwice"]
    return load


def refuse(load: Load, **records: str) -> None:
    """The org refuses to delete some records: error → record."""
    load.org.behave(
        row_faults=[{"object": "Contact", "field": "Id", "value": each, "error": f"{error}:no:--"} for error, each in records.items()]
    )


def test_what_became_of_one_record_says_nothing_of_its_rows_other_one(twice: Load) -> None:
    """One was locked and goes in the next round; one that is refused stays, the undo is red, and the payload counts as inserted."""
    locked, refused = (each["Id"] for each in twice.org.query(CONTACTS)[:2])
    refuse(twice, UNABLE_TO_LOCK_ROW=locked, FIELD_CUSTOM_VALIDATION_EXCEPTION=refused)
    number = planned(twice)["number"]
    twice.waited(undo.act(by(twice), "run", number)["waiting"])
    refuse(twice, FIELD_CUSTOM_VALIDATION_EXCEPTION=refused)
    found = acted(twice, number)
    assert [refused] == [each["Id"] for each in twice.org.query(CONTACTS)]
    told = found["summary"]["objects"]["Contact"]
    assert ((5, 0, 0, 0, 1), 1, False) == (counts(found["summary"], "Contact"), told["stays"], found["clean"])
    with pytest.raises(errors.PlanError, match="same content as in the run"):
        dataclasses.replace(twice, run_name="later").stage()
