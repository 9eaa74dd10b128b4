"""Jobs that are collected late, or moved → the id map knows their Ids, whoever learnt it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.ledger import entries
from include.bulkload.steps import outcome, summarize
from tests.include.bulkload.steps import replays

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def test_a_cleared_task_gives_ids_that_nobody_knew_before(load: Load) -> None:
    """Its task was marked success before it sent anything, and what follows was done once: children find their parents."""
    load.payload = replays.family(a=["c0"], b=["c1"])
    chunks = load.split()
    load.sent("Account", [])
    assert 0 == load.learned("Account")
    load.sent("Account", chunks)
    assert 2 == load.learned("Account")
    load.sent("Contact", load.cut("Contact"))
    assert (True, [("c0", "a"), ("c1", "b")]) == (summarize.close(load.run, [])["clean"], replays.kin(load))


def test_what_nothing_was_added_to_is_learnt_once(load: Load) -> None:
    """A second pass adds nothing either: it updates records that are known."""
    load.payload = replays.family(a=["c0"])
    load.sent("Account", load.split())
    load.learned("Account")
    load.learned("Account")
    assert 1 == len(load.run.folder.names("ledger/Account/learned-"))


def test_a_job_that_counts_and_is_not_collected_is_named_by_what_was_sent(load: Load) -> None:
    """So nobody learns Ids from half of it: whoever was to settle it hasn't."""
    load.payload = replays.family(a=[])
    chunks = load.split()
    load.sent("Account", [])
    before = outcome.of(load.run, "Account")
    load.sent("Account", chunks)
    after = outcome.of(load.run, "Account")
    assert (before.sent, before.mark) != (after.sent, after.mark)
    stands = set(load.run.folder.names("ledger/Account/settled-"))
    assert {entries.settled_name("Account", each.sent) for each in (before, after)} == stands
