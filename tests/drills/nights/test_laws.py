"""What the oracle of nights says of made-up ends: it is silent over right ones, and names what is wrong with the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drills.nights import accounts, drawn, excuses, known, moves, sources, standing

PLAN = drawn.Plan(
    (
        drawn.Kind("Head", "Level0__c"),
        drawn.Kind("Leaf", "Level2__c", drawn.KEYLESS, ties={"To0__c": drawn.Tie("Head")}),
        drawn.Kind("Gone", "Level0__c", drawn.DELETED),
    ),
    "",
    {},
)
HEAD, LEAF = ("Level0__c", "K0-0"), ("Level2__c", "L2-1-0")


def at(number: int, **links: str | None) -> standing.Record:
    """A record that a row of this number wrote."""
    return standing.Record(((drawn.NAME, number),), tuple(links.items()))


@pytest.fixture
def nights() -> known.Known:
    """Three nights: a head is loaded, edited, deleted; a leaf hangs on the first one."""
    found = known.Known(PLAN)
    head, leaf = (lambda number: {"K0-0": sources.Row("Head", "K0-0", number)}), sources.Row("Leaf", "L2-1-0", 2, (("To0__c", "K0-0"),))
    found.reads("n1", {"Head": head(1), "Leaf": {leaf.key: leaf}}, 1)
    found.reads("n2", {"Head": head(3)}, 2)
    found.reads("n3", {"Gone": {"K0-0": sources.Row("Gone", "K0-0", 4)}}, 3)
    return found


@pytest.mark.parametrize(
    ("kind", "run", "before", "after", "says"),
    [
        (known.LOAD, "n2", {HEAD: at(1)}, {HEAD: at(3)}, ""),
        (known.LOAD, "n3", {HEAD: at(3)}, {}, ""),
        (known.LOAD, "n1", {HEAD: at(3)}, {HEAD: at(1)}, "row 1 is older than 3"),
        (known.LOAD, "n1", {HEAD: at(1)}, {HEAD: at(3)}, "row 3 isn't to be sent in this step"),
        (known.LOAD, "n1", {HEAD: at(1)}, {}, "it is gone, and no row deletes it"),
        (known.LOAD, "n1", {}, {HEAD: at(1), LEAF: at(2, To0__c="K0-1")}, "To0__c leads to K0-1, which its row doesn't say"),
        (known.LOAD, "n1", {HEAD: at(1), LEAF: at(2, To0__c="K0-0")}, {HEAD: at(1), LEAF: at(2, To0__c=None)}, "To0__c is blank"),
        (known.UNDO, "n1", {HEAD: at(1)}, {}, ""),
        (known.UNDO, "n2", {HEAD: at(1)}, {}, "the undo of n2 deleted it"),
        (known.UNDO, "n2", {HEAD: at(3)}, {HEAD: at(2)}, "brought row 2, which was never there"),
    ],
)
def test_a_record_changes_only_by_rows_that_are_due(
    nights: known.Known, kind: str, run: str, before: standing.Standing, after: standing.Standing, says: str
) -> None:
    """Never back to older ones, never by itself; an undo takes back what its run did, and nothing else."""
    nights.makers[HEAD] = 1
    nights.seen[HEAD] = [at(1)]
    said = moves.wrong(nights, before, after, known.Step(kind, run, 5))
    assert bool(says) == bool(said)
    assert all(says in each for each in said)


def summary(*, clean: bool, **counts: dict[str, int]) -> dict[str, Any]:
    """What the task `summary` returns: by object its counts, without lists."""
    fates = dict.fromkeys(("source", "succeeded", *accounts.LOST, accounts.IN_DOUBT, "unchanged", "merged", "filtered"), 0)
    objects = {name: {**fates, **each, "files": {}} for name, each in counts.items()}
    return {"summary": {"objects": objects}, "clean": clean, "why": [] if clean else ["said"]}


STORED = {"source": 1, "succeeded": 1}


@pytest.mark.parametrize(
    ("now", "leaf", "says"),
    [
        ({HEAD: at(1), LEAF: at(2, To0__c="K0-0")}, STORED, ""),
        ({HEAD: at(3), LEAF: at(2, To0__c="K0-0")}, STORED, ""),
        ({HEAD: at(1)}, STORED, "stored, and it isn't in the org"),
        ({HEAD: at(1), LEAF: at(2, To0__c=None)}, STORED, "stored, and its To0__c leads to None"),
        ({HEAD: at(1), LEAF: at(2, To0__c="K0-0")}, {"source": 1}, "Leaf has "),
        ({HEAD: at(1), LEAF: at(2, To0__c="K0-0")}, {"source": 2, "succeeded": 2}, "Leaf has 2 rows, not 1"),
    ],
)
def test_what_a_summary_calls_stored_is_there(nights: known.Known, now: standing.Standing, leaf: dict[str, int], says: str) -> None:
    """Each row with its links, or a newer one; the sums close, over all rows."""
    said = accounts.wrong(nights, "n1", summary(clean=True, Head=STORED, Leaf=leaf), now)
    assert bool(says) == bool(said)
    assert all(says in each for each in said)


def test_a_colour_tells_the_truth(nights: known.Known) -> None:
    """A run without rows isn't green, and a red one says why."""
    assert ["green without rows"] == accounts.wrong(nights, "n1", {"summary": {"objects": {}}, "clean": True, "why": []}, {})
    red = summary(clean=False, Head=STORED, Leaf=STORED) | {"why": []}
    assert ["red, and doesn't say why"] == accounts.wrong(nights, "n1", red, {HEAD: at(1), LEAF: at(2, To0__c="K0-0")})


@pytest.mark.parametrize(
    ("planted", "superseded", "needless"),
    [({"K0-0 v1"}, False, []), (set(), False, ["Head"]), (set(), True, [])],
)
def test_rows_are_lost_for_a_reason(nights: known.Known, planted: set[str], superseded: bool, needless: list[str]) -> None:
    """They are refused, hang on somebody who is, or a later run has them."""
    listed = {("Head", "K0-0"): accounts.Listed("failed", stands=False), ("Leaf", "L2-1-0"): accounts.Listed("orphaned", stands=False)}
    found = excuses.Excuses(nights, "n1", listed, {}, planted, superseded=superseded).needless()
    assert needless == [each.partition("kind='")[2][:4] for each in found]


@pytest.mark.parametrize(("below", "resumed", "needless"), [("K0-1", False, ["Leaf"]), ("K0-0", False, []), ("K0-1", True, [])])
def test_a_row_without_a_key_stays_for_another_below_the_same_parent_alone(
    nights: known.Known, below: str, needless: list[str], *, resumed: bool
) -> None:
    """Its parent stands by another run: it hangs on that, unless the replay stood still meanwhile."""
    nights.of["n2"]["Leaf", "L2-2-0"] = [sources.Row("Leaf", "L2-2-0", 5, (("To0__c", below),))]
    listed = {("Head", "K0-0"): accounts.Listed("failed", stands=False), ("Leaf", "L2-1-0"): accounts.Listed("orphaned", stands=False)}
    found = excuses.Excuses(nights, "n1", listed, {HEAD: at(3)}, superseded=True, resumed=resumed).needless()
    assert needless == [each.partition("kind='")[2][:4] for each in found]


@pytest.mark.parametrize(
    ("leaf", "clean", "says"),
    [
        ({"superseded": 0}, True, []),
        ({"superseded": 0, "heldBack": {"n2": 1}}, False, []),
        ({"superseded": 0, "heldBack": {"n2": 1}}, True, ["green"]),
        ({"superseded": 1}, True, ["Leaf:"]),
    ],
)
def test_a_replay_leaves_no_row_without_a_key_in_silence(leaf: dict[str, Any], says: list[str], *, clean: bool) -> None:
    """No two runs have equal ones; what may be another run's is told in red."""
    found = summary(clean=clean, Head={"superseded": 1}, Leaf=leaf)
    assert says == [each.split()[0] for each in accounts.replayed(PLAN, found)]
