"""An act → an entry whose name says whose it is."""

from __future__ import annotations

from include.bulkload.basics import entities
from include.bulkload.ledger import entries

PLACE = entries.JobPlace("Account", 7, "750000000000001AAA")


def test_a_job_entry_names_object_chunk_and_job() -> None:
    """A task lists only its chunk's folder."""
    assert "ledger/Account/chunk-00007/750000000000001AAA/created.json" == PLACE.created(0, "t").name
    assert PLACE.created(0, "t").name.startswith(entries.chunk_prefix("Account", 7))


def test_both_decisions_share_one_name() -> None:
    """Only one of close and abandon can ever be created."""
    names = {PLACE.decided(decision, "t").name for decision in entities.Decision}
    assert 1 == len(names)


def test_all_facts_of_a_job_have_their_own_name() -> None:
    """No fact hides another."""
    noted = [
        PLACE.created(0, "t"),
        PLACE.uploaded("ab", 1),
        PLACE.decided(entities.Decision.CLOSE, "t"),
        PLACE.closed("t"),
        PLACE.aborted("t"),
        PLACE.cancelled("t"),
        PLACE.ended({}, "t"),
        PLACE.collected({}, {}),
        PLACE.matched({}, {}),
    ]
    assert len(noted) == len({each.name for each in noted})
