"""Rows without a key below a parent that several runs lost: they come once, whoever sends them, and when."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from include.bulkload.basics import errors
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, summarize, sweep
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
    lost(first, FAMILY)
    replays.begun(first, "of the first")
    lost(second, FAMILY)
    second.clock += 1_000
    replays.begun(second, "of the second", of="later")
    first.clock = second.clock + 1_000
    replays.replayed(first, "of the first")
    second.clock = first.clock + 1_000
    told = replays.replayed(second, "of the second", of="later")
    assert [("b1", "b")] == replays.kin(load)
    assert (1, {"orphaned": 1}) == tuple(told["summary"]["objects"]["Contact"][count] for count in ("superseded", "left"))
    found = replays.replayed(second, "once more", of="later")["chosen"]["Contact"]
    assert (0, 1) == (found["send"], found["superseded"])


def test_what_a_cleared_run_has_sent_counts_as_what_a_replay_did(load: Load) -> None:
    """The first night is cleared after the second, whose contact stays; also once the first is swept, whatever version it ran by."""
    first, second = nights(load)
    first.stage()
    lost(second, FAMILY)
    first.clock = second.clock + 1_000
    first.loaded()
    summarize.close(first.run, [])
    refused_now(first)
    second.clock = first.clock + 1_000
    found = [replays.replayed(second, "again", of="later")["chosen"]["Contact"]]
    swept(load, "run")
    found.append(replays.replayed(second, "once more", of="later")["chosen"]["Contact"])
    assert ([(0, 1)] * 2, [("b1", "b")]) == ([(each["send"], each["superseded"]) for each in found], replays.kin(load))


def test_nor_does_a_run_send_them_that_is_cleared_after_an_earlier_one(load: Load) -> None:
    """Both broke off before anything was sent; the other rows of its job are its replay's."""
    first, second = nights(load)
    first.stage()
    second.payload = replays.family(b=["b1"], c=["c1"])
    second.stage()
    first.clock = second.clock + 1_000
    first.loaded()
    second.clock = first.clock + 1_000
    with pytest.raises(errors.ChunkVoid, match="or earlier runs sent such rows below the same parents since"):
        second.loaded()
    told = replays.replayed(second, of="later")
    assert ((1, 1), [("b1", "b"), ("c1", "c")]) == (
        tuple(told["chosen"]["Contact"][count] for count in ("send", "superseded")),
        replays.kin(load),
    )


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
