"""Any hierarchy: each row goes with its own parents' Ids, or is set aside with the ancestor it hangs on; never both, never neither."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from tests.include.bulkload.match import oracle, worlds

if TYPE_CHECKING:
    from collections.abc import Mapping

Worlds = tuple[worlds.Thing, ...]
KEYS = [f"k{n}" for n in range(4)]
# `k9` is nobody's; the org has records of `k1`, of `k9` and of `k8`, of the last two.
CELLS = st.none() | st.sampled_from([*KEYS, "k8", "k9"])
ORG = {"k1": worlds.record("Org", 1), "k9": worlds.record("Org", 9), "k8": None}


@st.composite
def things(draw: st.DrawFn) -> Worlds:
    """Three objects: A under itself; B in A, and by key under A; C in B, and by key under A or B, itself, and records of the org."""
    policy = st.sampled_from(["quarantine", "blank"])
    a = (worlds.Link("ParentId", "A", missing=draw(policy)), worlds.Link("TopId", "A"))
    b = (
        worlds.Link("AId", "A", nested=True, missing=draw(policy)),
        worlds.Link("OtherId", "A", missing=draw(policy), required=draw(st.booleans())),
    )
    c = (
        worlds.Link("OwnId", "C", missing=draw(policy)),
        worlds.Link("BId", "B", nested=True, org=draw(st.sampled_from([None, ORG])), missing="look_in_org"),
        worlds.Link("WhoId", "B", missing=draw(policy)),
        worlds.Link("WhoId", "A", missing=draw(policy)),
        worlds.Link("OrgId", org=ORG, missing=draw(policy)),
    )
    above = draw(rows(a, None))
    middle = draw(rows(b, len(above)))
    return worlds.Thing("A", a, above), worlds.Thing("B", b, middle), worlds.Thing("C", c, draw(rows(c, len(middle))))


def rows(links: tuple[worlds.Link, ...], above: int | None) -> st.SearchStrategy[tuple[worlds.Row, ...]]:
    """Rows of one object; those that are merged are so into a fine row, whose key they have."""
    each = st.tuples(
        st.sampled_from(["fine", "fine", "fine", "fine", "rejected", "filtered", "merged"]),
        st.sampled_from(["succeeded", "succeeded", "succeeded", "failed", "unprocessed", "in_doubt"]),
        st.integers(0, above - 1) if above else st.none(),
        st.tuples(*(st.none() if link.nested else CELLS for link in links)),
    )
    return st.lists(each, min_size=1, max_size=4).map(_rows)


def _rows(drawn: list[tuple[str, str, int | None, tuple[str | None, ...]]]) -> tuple[worlds.Row, ...]:
    made: list[worlds.Row] = []
    for place, (status, fate, stands_in, cells) in enumerate(drawn):
        fine = next((at for at, row in enumerate(made) if row.fine), None)
        merged_into = fine if status == "merged" else None
        reason = "bad value: Name: too long" if status == "rejected" else None
        key = KEYS[place if merged_into is None else merged_into]
        made.append(worlds.Row(key, stands_in, cells, reason, merged_into, status == "filtered", fate))
    return tuple(made)


def found(world: Worlds) -> dict[str, worlds.Loaded]:
    """Load a world."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        return worlds.loaded(con, world, Path(folder))


def filled(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The link cells of a row that aren't blank."""
    return {name: cell for name, cell in cells.items() if cell is not None and name not in {"key", "parent_row", "Key__c", "Name"}}


@settings(max_examples=60)
@given(things())
def test_each_row_is_sent_with_its_parents_or_set_aside_with_the_cause(world: Worlds) -> None:
    """Orphans are exactly the descendants of what failed: with parent, ancestor, errors and depth as reckoned row by row."""
    told = found(world)
    known = oracle.Oracle(world, {name: each.cuts for name, each in told.items()})
    for thing in world:
        ends = {row: known.end(thing.name, row) for row, each in enumerate(thing.rows) if each.fine}
        sent, aside = told[thing.name].sent, told[thing.name].aside
        expected = {row: filled(end.cells) for row, end in ends.items() if end.fate not in {"orphaned", "rejected"}}
        assert expected == {row: filled(cells) for row, cells in sent.items()}
        assert {row: f"{thing.name} {row}" for row in expected} == {row: cells["Name"] for row, cells in sent.items()}
        set_aside = {
            row: (end.fate, end.error, dict(end.details or {})) for row, end in ends.items() if end.fate in {"orphaned", "rejected"}
        }
        assert set_aside == {
            row: (each["fate"], each["error"], {name: each[name] for name in set_aside.get(row, ("", "", {}))[2]})
            for row, each in aside.items()
            if each["fate"] != "failed"
        }


@settings(max_examples=20)
@given(things())
def test_what_carries_a_link_changes_no_set_of_rows(world: Worlds) -> None:
    """With Ids or with keys in relationship columns, the same rows are sent and the same are set aside."""
    by_key = tuple(
        dataclasses.replace(thing, links=tuple(dataclasses.replace(each, carries_key=True) for each in thing.links)) for thing in world
    )
    one, other = found(world), found(by_key)
    known = oracle.Oracle(by_key, {name: each.cuts for name, each in other.items()})
    for name, told in other.items():
        assert set(one[name].sent) == set(told.sent)
        assert one[name].aside == told.aside
        assert {row: filled(known.end(name, row).cells) for row in told.sent} == {row: filled(cells) for row, cells in told.sent.items()}


@settings(max_examples=40)
@given(things())
def test_what_waited_is_set_in_a_second_pass(world: Worlds) -> None:
    """Just the links that were cut, for rows that have a record; where the parent isn't there the row counts as failed."""
    told = found(world)
    known = oracle.Oracle(world, {name: each.cuts for name, each in told.items()})
    for thing in world:
        own = told[thing.name]
        sent, failed = {}, {}
        for row in [row for row, cut in own.cuts.items() if cut and row in own.sent and known.end(thing.name, row).sf_id]:
            cut = [(n, each) for n, each in known.taken(thing, row) if n in own.cuts[row]]
            ids = {each.field: known.parent(thing, row, n)[0] for n, each in cut}
            lost = [n for n, each in cut if ids[each.field] is None and each.missing != "blank"]
            if lost:
                failed[row] = oracle.said(known.why(thing, row, lost[0]))
            elif any(ids.values()):
                sent[row] = filled({"Id": worlds.record(thing.name, row)} | ids)
        assert sent == {row: filled(cells) for row, cells in own.second.items()}
        assert failed == {row: each["error"] for row, each in own.aside.items() if each["fate"] == "failed"}


def test_a_ring_of_accounts_is_closed_again() -> None:
    """Three accounts under each other: one goes without its parent, which is set once all are there."""
    ring = tuple(worlds.Row(f"k{row}", cells=(f"k{(row + 1) % 3}",)) for row in range(3))
    own = found((worlds.Thing("A", (worlds.Link("ParentId", "A"),), ring),))["A"]
    told = {row: filled(cells)["ParentId"] for row, cells in (own.sent | own.second).items() if "ParentId" in filled(cells)}
    assert (3, 1, {row: worlds.record("A", (row + 1) % 3) for row in range(3)}) == (len(own.sent), len(own.second), told)
