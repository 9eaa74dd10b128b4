"""Jobs that are collected late, or moved → the id map knows their Ids, whoever learnt it before."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from include.bulkload.ledger import entries
from include.bulkload.steps import outcome, settle, submit, summarize
from tests.include.bulkload.steps import replays, test_waves

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


def test_a_second_pass_under_way_keeps_no_children_waiting(load: Load) -> None:
    """It makes no record known that wasn't: cases hang on heads, heads and branches on each other, and both go side by side."""
    head = {**test_waves.ACCOUNT, "records": "heads[]", "parents": {"ParentId": {"object": "Branch", "from": "on", "cut": True}}}
    branch = {**test_waves.ACCOUNT, "records": "branches[]", "parents": {"ParentId": {"object": "Head", "from": "on"}}}
    above = {"AccountId": {"object": "Head", "from": "on"}}
    case = {"sobject": "Case", "records": "cases[]", "operation": "insert", "fields": {"Subject": "name"}, "parents": above}
    load.mapping = {"Head": head, "Branch": branch, "Case": case}
    heads, branches = [{"name": "h", "sourceId": "h", "on": "b"}], [{"name": "b", "sourceId": "b", "on": "h"}]
    load.payload = json.dumps({"heads": heads, "branches": branches, "cases": [{"name": "c", "on": "h"}]}).encode()
    load.stage()
    load.sent("Head", load.cut("Head"))
    load.waited([submit.chunk(load.run, "Branch", number) for number in load.cut("Branch")])
    run = load.run
    with pytest.raises(replays.KilledError):
        # The job of the second pass is closed, and nobody has collected it.
        settle.advance(dataclasses.replace(run, folder=replays.Dying(run.folder, "closed", after=True)), "Branch")
    load.sent("Case", load.cut("Case"))
    load.settled("Branch")
    assert (True, {"h": "b", "b": "h"}) == (summarize.close(load.run, [])["clean"], test_waves.parents(load))
