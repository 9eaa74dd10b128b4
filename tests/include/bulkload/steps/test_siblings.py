"""Rows without a key below a parent that several runs lost: they come once, whoever sends them, and when."""

from __future__ import annotations

import contextlib
import copy
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
from tests.include.bulkload.steps import replays, test_earlier_runs, undoings
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


LINE = {"sobject": "Invoice_Line__c", "records": "lines[]", "operation": "insert", "fields": {"Name": "name"}, "canary_rows": 0}
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
    "Line": LINE
    | {
        "records": "Invoice[].lines[]",
        "parents": {"Invoice__c": {"object": "Invoice", "by": "nesting"}, "Product__c": {"object": "Product", "from": "product"}},
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


def test_whichever_link_of_a_lookup_a_row_has_is_compared(load: Load) -> None:
    """Lines of sales and of credits: another sale's line of the same name isn't this one's."""
    first, second = nights(load)
    links = [{"object": "Invoice", "from": "sale"}, {"object": "Credit", "from": "credit"}]
    line = LINE | {"parents": {"Invoice__c": links, "Product__c": {"object": "Product", "from": "product"}}}
    first.mapping = second.mapping = ORDERS | {"Credit": ORDERS["Invoice"] | {"records": "Credit[]"}, "Line": line}
    for night, sale in ((first, "one"), (second, "two")):
        lines = [{"name": "piece", "product": "b", "sale": sale}]
        night.payload = json.dumps({"Product": [{"key": "b"}], "Invoice": [{"key": sale}], "Credit": [], "lines": lines}).encode()
    load.org.behave(row_faults=[{"object": "Product2", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    first.whole()
    load.org.behave(row_faults=[])
    second.clock += 1_000
    second.whole()
    first.clock = second.clock + 1_000
    told = replays.replayed(first)
    found = load.org.query("SELECT Invoice__r.Name FROM Invoice_Line__c")
    assert (True, ["one", "two"]) == (told["clean"], sorted(each["Invoice__r"]["Name"] for each in found))


def test_a_later_run_has_none_that_was_refused_before_it_sent_anything(load: Load) -> None:
    """The next night found the same file once more; the one after that brought the parent alone."""
    lost(load)
    for name, payload in (("refused", load.payload), ("parent alone", replays.family(b=[]))):
        load.clock += 1_000
        night = dataclasses.replace(load, run_name=name, name=f"{name}.json", payload=payload)
        with contextlib.suppress(errors.PlanError):
            night.whole()
    load.clock += 2_000
    told = replays.replayed(load)
    assert (True, [("a1", "a"), ("b1", "b"), ("b2", "b")]) == (told["clean"], replays.kin(load))


def test_nor_has_one_what_its_undo_took_back(load: Load) -> None:
    """The account was there before and stays, its contacts are deleted: the first run's are still to come."""
    load.org.insert("Account", {"Name": "was there", "External_Id__c": "b"})
    first, second = nights(load)
    lost(first, FAMILY)
    second.clock += 1_000
    assert second.whole()["clean"]
    undoings.undone(second)
    first.clock = second.clock + 1_000
    told = replays.replayed(first)
    assert (True, [("b1", "b")]) == (told["clean"], replays.kin(load))


def test_what_may_be_the_same_by_all_that_both_plans_have_is_held_back(load: Load) -> None:
    """The later night's plan has no e-mail any more: its Smith may be another one."""
    first, second = nights(load)
    second.mapping = copy.deepcopy(first.mapping)
    del second.mapping["Contact"]["fields"]["Email"]
    for night, email in ((first, "anna@x.de"), (second, "bert@x.de")):
        contact = {"lastName": "Smith", "email": email}
        night.payload = json.dumps({"accounts": [{"name": "b", "sourceId": "b", "contacts": [contact]}]}).encode()
    lost(first, first.payload)
    second.clock += 1_000
    second.whole()
    first.clock = second.clock + 1_000
    told = replays.replayed(first)
    assert (False, {"later": 1}) == (told["clean"], told["summary"]["objects"]["Contact"]["heldBack"])


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
