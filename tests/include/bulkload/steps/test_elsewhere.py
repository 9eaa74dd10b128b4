"""A payload of which a run stored no inserts, and which another run has inserted since: it stands once, and who has it is told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import replay, summarize, undo_plan
from tests.include.bulkload.steps import replays, undoings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

STORED = [("a1", "a"), ("a2", "a"), ("b1", "b")]


@pytest.fixture
def first(load: Load) -> Load:
    """A run that has a payload with three contacts, each of which goes in the first job."""
    for each in load.mapping.values():
        each["canary_rows"] = 0
    load.payload = replays.family(a=["a1", "a2"], b=["b1"])
    return load


def refuses(load: Load, *names: str) -> None:
    """The org refuses accounts and contacts of these names, and no others."""
    fields = {"Contact": "LastName", "Account": "Name"}
    faults = [{"object": each, "field": fields[each], "value": name, "error": "SOME_RULE:no:--"} for name in names for each in fields]
    load.org.behave(row_faults=faults)


def replayed(load: Load, file: Path | None = None) -> dict[str, Any]:
    """The run's replay, some time later: what came of it, with what it chose of the contacts and what it says of them."""
    load.clock += 100
    found = replays.replayed(load, f"again-{load.clock}", file, load.run_name)
    chosen, told = found["chosen"]["Contact"], found["summary"]["objects"]["Contact"]
    return {**found, "counts": (chosen["send"], chosen["superseded"]), "elsewhere": told.get("insertedElsewhere")}


def second(first: Load) -> Load:
    """A later run of the same payload."""
    return dataclasses.replace(first, run_name="second", clock=first.clock + 100)


def test_what_another_run_has_inserted_since_is_not_sent_as_the_run_is_cleared(first: Load) -> None:
    """The task fails and names it; nothing was stored of the contacts, so the other run was let go. Once that is undone a replay sends."""
    first.stage()
    first.sent("Account", first.cut("Account"))
    first.learned("Account")
    chunks = first.cut("Contact")
    assert not summarize.close(first.run, ["contact_job-0"])["clean"]
    other = second(first)
    assert other.whole()["clean"]
    first.clock = other.clock + 100
    with pytest.raises(errors.ChunkVoid, match=f"{other.run.folder.uri('')} has inserted the same payload.*undo that run and replay"):
        first.sent("Contact", chunks)
    assert STORED == replays.kin(first)
    other.clock = first.clock + 100
    number = undo_plan.make(undoings.by(other))["number"]
    undoings.acted(other, number)
    assert [] == replays.kin(first)
    assert replays.replayed(first)["clean"]
    assert STORED == replays.kin(first)


def test_a_replay_leaves_what_another_run_has_inserted_and_names_it(first: Load) -> None:
    """All of it has come: green, but not silently. What an edited copy names goes all the same."""
    refuses(first, "a1", "a2", "b")
    lost = first.whole()["summary"]["objects"]["Contact"]["files"]["failed"]
    refuses(first)
    other = second(first)
    assert other.whole()["clean"]
    found, uri = replayed(first), other.run.folder.uri("")
    assert ((0, 3), {"run": uri, "whole": True, "rows": 3}, True) == (found["counts"], found["elsewhere"], found["clean"])
    (said,) = found["summary"]["warnings"]
    assert said.startswith(f"Contact: 3 rows stay: the run {uri} has inserted the same payload")
    assert STORED == replays.kin(first)
    assert (2, 0) == replayed(first, replays.copied(first, first.listed(lost)))["counts"]


def test_a_replay_is_red_where_the_other_run_lost_some_and_sends_what_is_upserted(first: Load) -> None:
    """Nobody knows which of them it has: its own replay brings them. A replay that nobody asked for is silent, as it sends no such row."""
    refuses(first, "a1", "a2", "b")
    first.whole()
    refuses(first, "b")
    other = second(first)
    assert not other.whole()["clean"]
    refuses(first)
    by_itself = replays.again(first, "night")
    number = replay.begin(by_itself, "run", None, first, by_itself=True)["replay"]
    for name in ("Account", "Contact"):
        replay.advance(by_itself, number, name)
    assert "insertedElsewhere" not in replay.closed(by_itself, number, []).document["objects"]["Contact"]
    found = replayed(first)
    assert ((0, 3), False, 1) == (found["counts"], found["clean"], found["chosen"]["Account"]["send"])
    assert "COMPLETED_WITH_ERRORS" == found["summary"]["status"]
    (said,) = found["why"]
    assert f"{other.run.folder.uri('')} has inserted part of the same payload, or may have; replay that run" in said
    assert replayed(other)["clean"]
    assert STORED == replays.kin(first)


def test_what_another_run_inserts_after_a_replay_has_chosen_stays_behind(first: Load) -> None:
    """The replay stood still in between; when it ends it says who has them. A plan that says `again` asks nobody."""
    refuses(first, "a1", "a2", "b1")
    first.whole()
    refuses(first)
    chosen = replays.begun(first)
    assert 3 == chosen["objects"]["Contact"]["send"]
    other = second(first)
    assert other.whole()["clean"]
    first.clock = other.clock + 100
    told = replays.replayed(first)["summary"]["objects"]["Contact"]
    assert (3, 3, STORED) == (told["superseded"], told["insertedElsewhere"]["rows"], replays.kin(first))
