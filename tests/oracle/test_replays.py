"""Made-up hierarchies that lose rows at random, then a mended org and a replay: the end is that of a load that nothing disturbed."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies as st

from tests import strategies
from tests.include.bulkload.steps import replays
from tests.oracle import judge, seen, world

if TYPE_CHECKING:
    from tests.oracle.conftest import Court
    from tests.running import loads

# `make drills` tries more.
EXAMPLES = int(os.environ.get("BULKLOAD_ORACLE_EXAMPLES", "12")) // 3
REFUSAL = "SOME_RULE:not today:--"
ENDS = [("Failed", "InternalServerError : try later"), ("Failed", "ExceededQuota : daily batches"), ("Aborted", "")]


@st.composite
def disturbances(draw: Any) -> dict[str, Any]:
    """Settings of an org that refuses rows by its dice, and ends jobs before their time."""
    shares = st.sampled_from([0.0, 0.2, 0.5, 1.0])
    rows = [{"share": draw(shares), "error": REFUSAL}, {"share": draw(shares), "error": REFUSAL, "operation": "update"}]
    state, message = draw(st.sampled_from(ENDS))
    ends = [{"state": state, "message": message, "at": draw(shares), "job": draw(st.integers(1, 3))}] if draw(st.booleans()) else []
    return {"row_faults": [*world.FAULTS, *rows], "job_ends": ends, "seed": draw(st.integers(0, 1_000))}


def without_blanks(given: world.World) -> world.World:
    """Where a plan lets a child go without its parent, it has gone: a replay leaves it so."""
    kinds = [
        dataclasses.replace(
            kind, ties=tuple(dataclasses.replace(tie, missing=tie.missing.replace("blank", "quarantine")) for tie in kind.ties)
        )
        for kind in given.kinds
    ]
    return strategies.without_doubt(dataclasses.replace(given, kinds=tuple(kinds)))


@hypothesis.given(strategies.hierarchies(), disturbances())
@hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck))
def test_a_replay_ends_where_an_undisturbed_load_does(court: Court, given: world.World, disturbed: dict[str, Any]) -> None:
    """Every record once, every link, every fate: what was lost comes, what the oracle says is lost stays so."""
    given = without_blanks(given)
    verdicts = judge.Judge(given)
    # Of rows in a circle of which one is lost for other reasons the loader may write one, whose link is lost then.
    hypothesis.assume(all(verdicts.verdicts[place].written for place in verdicts.in_circles))
    court.org.behave(**disturbed)
    load, _, example = court.load(given)
    court.org.behave(row_faults=world.FAULTS, job_ends=[])
    replays.replayed(load)
    whole = replays.whole(load)
    for kind in given.kinds:
        assert seen.records(load, kind, example) == seen.wanted(verdicts, kind, example)
        told = whole["objects"][kind.name]
        assert verdicts.counts(kind.name) == {fate: told[fate] for fate in seen.FATES if told[fate]}


@hypothesis.given(strategies.hierarchies(), disturbances())
@hypothesis.settings(max_examples=max(EXAMPLES // 2, 1), suppress_health_check=list(hypothesis.HealthCheck))
def test_what_hangs_on_superseded_roots_hangs_on_the_later_nights(court: Court, given: world.World, disturbed: dict[str, Any]) -> None:
    """A later night loads the roots alone, and the first one is replayed: records and links as if nothing had been, the sums close."""
    given = without_blanks(given)
    root, *below = given.kinds
    hypothesis.assume(root.known_by == world.KEY)
    verdicts = judge.Judge(given)
    hypothesis.assume(all(verdicts.verdicts[place].written for place in verdicts.in_circles))
    court.org.behave(**disturbed)
    load, _, example = court.load(given)
    court.org.behave(row_faults=world.FAULTS, job_ends=[])
    later_night(
        load, dataclasses.replace(given, rows={kind.name: given.rows[kind.name] if kind == root else () for kind in given.kinds}), example
    )
    replays.replayed(load)
    objects = replays.whole(load)["objects"]
    for kind in given.kinds:
        assert seen.records(load, kind, example) == seen.wanted(verdicts, kind, example)
        assert objects[kind.name]["source"] == sum(objects[kind.name][fate] for fate in seen.FATES)
    for kind in below:
        assert verdicts.counts(kind.name) == {fate: objects[kind.name][fate] for fate in seen.FATES if objects[kind.name][fate]}


def later_night(load: loads.Load, given: world.World, example: str) -> None:
    """Another run of the plan, with rows of its own."""
    folder = load.root / "later"
    folder.mkdir()
    night = dataclasses.replace(load, plan=world.plan(given, folder, example), run_name="later")
    night.whole()
    load.clock = night.clock
