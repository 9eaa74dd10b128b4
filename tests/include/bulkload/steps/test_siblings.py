"""Rows without a key below a parent that several runs lost: they come once, whoever sends them, and when."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from include.bulkload.basics import errors
from include.bulkload.ledger import entries
from include.bulkload.report import summary
from include.bulkload.steps import journal, sweep
from tests.include.bulkload.steps import replays, test_earlier_runs
from tests.include.bulkload.steps.test_later_parents import B_FAILS, lost

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

FAMILY = replays.family(b=["b1"])


def nights(load: Load) -> tuple[Load, Load]:
    """Two nights of a plan that takes the same payload again."""
    load.more, load.payload = {"again": True}, FAMILY
    return load, dataclasses.replace(load, name="later.json", run_name="later", clock=1_000)


def refused_now(night: Load) -> None:
    """A run's copy of the plan gets a key that plans of today may not have."""
    begun = night.run.folder.read(entries.BEGUN) or {}
    document = json.loads(journal.bring(night.run, begun["plan"]).read_text("utf-8")) | {"of_an_older_version": True}
    stored = journal.keep(night.run, journal.write_json(document, night.run.scratch / "older.json"), "plan.json")
    night.run.folder.write(entries.BEGUN, begun | {"plan": stored})


def swept(load: Load, of: str) -> None:
    """A run's rows are removed."""
    folder = replays.home(load, of)
    folder.create(entries.SWEPT, {"at": "2026-02-01"})
    for each in folder.names(""):
        if not each.startswith(sweep.LONGER):
            Path(urlsplit(folder.uri(each)).path).unlink()


def test_who_chose_before_and_sends_after_is_asked_for(load: Load) -> None:
    """The first night's replay chose before the second was read, and goes on after the second one's has chosen, too."""
    first, second = nights(load)
    lost(first, replays.family(b=["b1", "b2"]))
    replays.begun(first, "of the first")
    lost(second, replays.family(b=["b1", "edited"]))
    second.clock += 1_000
    replays.begun(second, "of the second", of="later")
    first.clock = second.clock + 1_000
    replays.replayed(first, "of the first")
    second.clock = first.clock + 1_000
    told = replays.replayed(second, "of the second", of="later")
    assert [("b1", "b"), ("b2", "b")] == replays.kin(load)
    counts = ("superseded", "heldBack", "left")
    assert (1, {"run": 1}, {"orphaned": 2}) == tuple(told["summary"]["objects"]["Contact"][count] for count in counts)
    found = replays.replayed(second, "once more", of="later")["chosen"]["Contact"]
    assert (0, 1, {"run": 1}) == (found["send"], *(found[count] for count in counts[:2]))


def test_what_a_cleared_run_has_sent_counts_as_what_a_replay_did(load: Load) -> None:
    """The first night is cleared after the second, whose contact stays; also once the first is swept, whatever version it ran by.

    Its summary tells of the time when it couldn't begin: the next one was lost.
    """
    first, second = nights(load)
    first.run.folder.write(summary.FILE, summary.never_began(["the org was down"], first.run.now()).document)
    first.stage()
    second.clock += 1_000
    lost(second, FAMILY)
    first.clock = second.clock + 1_000
    first.loaded()
    refused_now(first)
    second.clock = first.clock + 1_000
    found = [replays.replayed(second, "again", of="later")["chosen"]["Contact"]]
    swept(load, "run")
    found.append(replays.replayed(second, "once more", of="later")["chosen"]["Contact"])
    counts = [(each["send"], each["superseded"], each["heldBack"]) for each in found]
    # Once its rows are gone nothing tells which it had.
    assert ([(0, 1, {}), (0, 0, {"run": 1})], [("b1", "b")]) == (counts, replays.kin(load))


def test_nor_does_a_run_send_them_that_is_cleared_after_an_earlier_one(load: Load) -> None:
    """Both broke off before anything was sent; what is the same stays, what may be is named and goes by its list, the rest goes."""
    first, second = nights(load)
    first.payload = replays.family(b=["b1", "b1", "b2"])
    first.stage()
    second.payload = replays.family(b=["b1", "b1", "b1", "edited"], c=["c1"])
    second.stage()
    first.clock = second.clock + 1_000
    first.loaded()
    second.clock = first.clock + 1_000
    with pytest.raises(errors.ChunkVoid, match="or earlier runs sent such rows below the same parents since"):
        second.loaded()
    told = replays.replayed(second, of="later")
    before = [("b1", "b")] * 2 + [("b2", "b"), ("c1", "c")]
    assert ((1, 2, {"run": 2}), before) == (
        tuple(told["chosen"]["Contact"][count] for count in ("send", "superseded", "heldBack")),
        replays.kin(load),
    )
    assert (False, "COMPLETED_WITH_ERRORS", {"run": 2}) == (
        told["clean"],
        told["summary"]["status"],
        told["summary"]["objects"]["Contact"]["heldBack"],
    )
    assert ["Contact: 2 rows without a key stay, as the run run had others below the same parents"] == [
        each.partition(", or may")[0] for each in told["why"]
    ]
    left = second.listed(replays.whole(second)["objects"]["Contact"]["files"]["unprocessed"])
    replays.replayed(second, "by hand", replays.copied(second, left[-1:]), of="later")
    assert sorted([*before, ("edited", "b")]) == replays.kin(load)


ORDERS: dict[str, Any] = {
    name: {
        "sobject": sobject,
        "records": f"{name}[]",
        "operation": "upsert",
        "external_id": "External_Id__c",
        "fields": {"Name": "key", "External_Id__c": "key"},
        "canary_rows": 0,
    }
    for name, sobject in (("Product", "Product2"), ("Invoice", "Invoice__c"))
} | {
    "Line": {
        "sobject": "Invoice_Line__c",
        "records": "Invoice[].lines[]",
        "operation": "insert",
        "fields": {"Name": "name"},
        "parents": {"Invoice__c": {"object": "Invoice", "by": "nesting"}, "Product__c": {"object": "Product", "from": "product"}},
        "canary_rows": 0,
    }
}


def test_rows_that_share_one_of_two_parents_are_different_ones(load: Load) -> None:
    """Orders with lines of one product: whichever night brought it, or sent a line of it since, the other night's line goes, too."""
    first, second = nights(load)
    first.mapping = second.mapping = ORDERS
    for night, order, refused in ((first, "one", ("Product2", "p")), (second, "two", ("Invoice_Line__c", "of two"))):
        lines = [{"name": f"of {order}", "product": "p"}]
        night.payload = json.dumps({"Product": [{"key": "p"}], "Invoice": [{"key": order, "lines": lines}]}).encode()
        load.org.behave(row_faults=[{"object": refused[0], "field": "Name", "value": refused[1], "error": "SOME_RULE:no:--"}])
        night.whole()
        second.clock += 1_000
    load.org.behave(row_faults=[])
    first.clock, told = second.clock, []
    for night, name in ((first, "run"), (second, "later")):
        told.append(replays.replayed(night, f"again {name}", of=name)["chosen"]["Line"])
        second.clock = first.clock + 1_000
    found = load.org.query("SELECT Name, Invoice__r.Name FROM Invoice_Line__c")
    assert [("of one", "one"), ("of two", "two")] == sorted((each["Name"], each["Invoice__r"]["Name"]) for each in found)
    assert [(1, 0, {})] * 2 == [(each["send"], each["superseded"], each["heldBack"]) for each in told]


def test_a_swept_run_that_sent_no_such_row_since_is_in_nobodys_way(load: Load) -> None:
    """It was sent again by itself each night, which sends rows with a key alone."""
    load.org.behave(row_faults=[*B_FAILS, B_FAILS[0] | {"value": "x"}])
    for name, payload in (("one", replays.family(a=["a1"], x=[])), ("two", FAMILY)):
        load.clock += 1_000
        test_earlier_runs.night(load, name, payload)
    swept(load, "one")
    load.org.behave(row_faults=[])
    load.run_name = "two"
    found = replays.replayed(load, of="two")["chosen"]["Contact"]
    assert ((1, 0), [("a1", "a"), ("b1", "b")]) == ((found["send"], found["superseded"]), replays.kin(load))
