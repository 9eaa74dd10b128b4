"""Any hierarchy: each row goes with its own parents' Ids, or is set aside with the ancestor it hangs on; never both, never neither."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import errors, tables
from include.bulkload.match import causes, link
from tests.include.bulkload.match import oracle, worlds

if TYPE_CHECKING:
    from collections.abc import Mapping

Worlds = tuple[worlds.Thing, ...]
KEYS = [f"k{n}" for n in range(4)]
# `k7`, `k8` and `k9` are nobody's; the org has a record of `k1` and of `k9`, two of `k2` and of `k8`, none of `k3` and `k7` any more.
CELLS = st.none() | st.sampled_from([*KEYS, "k7", "k8", "k9"])
ORG = {"k1": worlds.record("Org", 1), "k9": worlds.record("Org", 9), "k2": None, "k8": None, "k3": "", "k7": ""}


@st.composite
def things(draw: st.DrawFn) -> Worlds:
    """Three objects: A under itself; B in A, and by key under A; C in B, by key under B, C or A, itself, and records of the org."""
    policy = st.sampled_from(["quarantine", "blank"])
    # A replay asks for keys that later runs wrote, whatever the link says.
    asked = st.sampled_from([None, ORG])
    a = (worlds.Link("ParentId", "A", missing=draw(policy)), worlds.Link("TopId", "A"))
    b = (
        worlds.Link("AId", "A", nested=True, missing=draw(policy)),
        worlds.Link("OtherId", "A", missing=draw(policy), required=draw(st.booleans())),
    )
    c = (
        worlds.Link("OwnId", "C", org=draw(asked), missing=draw(policy)),
        worlds.Link("BId", "B", nested=True, org=draw(asked), missing="look_in_org"),
        worlds.Link("WhoId", "B", org=draw(asked), missing=draw(policy)),
        worlds.Link("WhoId", "C", missing=draw(policy)),
        worlds.Link("WhoId", "A", missing=draw(policy)),
        worlds.Link("OrgId", org=ORG, missing=draw(policy)),
        worlds.Link("RefId"),
    )
    above = draw(rows(a, None))
    middle = draw(rows(b, len(above)))
    return worlds.Thing("A", a, above), worlds.Thing("B", b, middle), worlds.Thing("C", c, draw(rows(c, len(middle))))


def rows(links: tuple[worlds.Link, ...], above: int | None) -> st.SearchStrategy[tuple[worlds.Row, ...]]:
    """Rows of one object; those that are merged are so into the last fine row, whose key they have."""
    each = st.tuples(
        st.sampled_from(["fine", "fine", "fine", "fine", "rejected", "filtered", "merged"]),
        st.sampled_from(["succeeded", "succeeded", "succeeded", "failed", "unprocessed", "in_doubt"]),
        st.integers(0, above - 1) if above else st.none(),
        st.sampled_from(KEYS),
        st.tuples(*(st.none() if each.nested else CELLS for each in links)),
    )
    return st.lists(each, min_size=1, max_size=4).map(_rows)


def _rows(drawn: list[tuple[str, str, int | None, str, tuple[str | None, ...]]]) -> tuple[worlds.Row, ...]:
    last = max((place for place, (status, *_) in enumerate(drawn) if status == "fine"), default=None)
    made = []
    for place, (status, fate, stands_in, key, cells) in enumerate(drawn):
        merged_into = last if status == "merged" else None
        reason = "bad value: Name: too long" if status == "rejected" else None
        # Rows that may be sent have a key of their own; a rejected or filtered one may have that of another.
        own = key if status in {"rejected", "filtered"} else KEYS[place if merged_into is None else merged_into]
        made.append(worlds.Row(own, stands_in, cells, reason, merged_into, status == "filtered", fate))
    return tuple(made)


def found(world: Worlds) -> dict[str, worlds.Loaded]:
    """Load a world."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        return worlds.loaded(con, world, Path(folder))


def filled(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The link cells of a row that aren't blank."""
    return {name: cell for name, cell in cells.items() if cell is not None and name not in {"key", "parent_row", "Key__c", "Name"}}


@settings(max_examples=40)
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


@settings(max_examples=15)
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


# A names its main B, which stands in it: a cycle between two objects, opened by cutting A's link.
A = worlds.Thing("A", (worlds.Link("MainId", "B"),), tuple(worlds.Row(f"k{row}", cells=(f"b{row}",)) for row in range(4)))
B = worlds.Thing(
    "B",
    (worlds.Link("AId", "A", nested=True),),
    (worlds.Row("b0", 0, (None,)), worlds.Row("b1", 1, (None,), fate="failed"), worlds.Row("b2", 2, (None,), reason="missing key")),
)


def between(folder: Path, rows: int = 4, **own: Any) -> tuple[list[dict[int, dict[str, Any]]], dict[int, dict[str, Any]]]:
    """Load A (its first rows) without its link, then B, then set the link; A's rows sent in both passes, and those set aside at last."""
    with tables.connect(tables.Limits(folder)) as con:
        open_a = dataclasses.replace(A, links=(dataclasses.replace(A.links[0], **own),), rows=A.rows[:rows])
        told = {name: worlds.Loaded(folder / f"{name}.parquet") for name in "AB"}
        for thing in (open_a, B):
            worlds.stage(con, thing, told[thing.name].staged)
        way = dataclasses.replace(worlds.way(con, 0, open_a.links[0], told, folder, "A"), cut=True)
        first = link.resolve(con, told["A"].staged, "A", ["Name"], [way], None, folder / "first.parquet")
        sent = [worlds.rows(con, first.ready)]
        worlds.settle(con, open_a, told["A"], sent[0], folder / "first.parquet", folder)
        b = worlds.way(con, 0, B.links[0], told, folder, "B")
        of_b = worlds.rows(con, link.resolve(con, told["B"].staged, "B", [], [b], None, folder / "b.parquet").ready)
        worlds.settle(con, B, told["B"], of_b, folder / "b.parquet", folder)
        way = dataclasses.replace(worlds.way(con, 0, open_a.links[0], told, folder, "A"), cut=True)
        ids = told["A"].ids or folder
        second = link.second_pass(con, told["A"].staged, "A", [way], None, ids, folder / "second.parquet")
        assert ("Id", "MainId") == second.columns
        return [*sent, worlds.rows(con, second.ready)], worlds.rows(con, f"FROM {tables.parquet(folder / 'second.parquet')}")


def test_objects_that_are_each_others_parents_are_linked_in_a_second_pass(tmp_path: Path) -> None:
    """First without the link, then those whose parent got through. The others count as failed and say why."""
    (first, second), aside = between(tmp_path)
    assert [{"key", "parent_row", "Name"}] * 2 == [set(cells) for cells in first.values()]
    assert {0: {"Id": worlds.record("A", 0), "MainId": worlds.record("B", 0)}} == {row: filled(cells) for row, cells in second.items()}
    assert worlds.record("A", 0)[:15] == second[0]["key"]
    assert {1: ("failed", "no parent: MainId: B B1 failed: CODE:B 1")} == {
        row: (each["fate"], each["error"]) for row, each in aside.items()
    }


def test_who_will_never_be_linked_is_not_created(tmp_path: Path) -> None:
    """The parent is rejected, or no row at all: an orphan, as it would be if its link hadn't to wait."""
    between(tmp_path)
    with tables.connect(tables.Limits(tmp_path)) as con:
        aside = worlds.rows(con, f"FROM {tables.parquet(tmp_path / 'first.parquet')}")
    expected = {
        2: ("orphaned", "no parent: MainId: B B2 rejected: missing key", 1),
        3: ("orphaned", "no parent: MainId: B B3 absent: no row of B has this key", 1),
    }
    assert expected == {row: (each["fate"], each["error"], each["depth"]) for row, each in aside.items()}


def test_who_is_in_the_org_is_waited_for_whatever_became_of_his_row(tmp_path: Path) -> None:
    """Who asked knows it in the first pass: created, and linked in the second; not where two have the key. A gone one is told."""
    org = {"b1": "", "b2": worlds.record("Org", 2), "b3": None}
    (first, second), aside = between(tmp_path, org=org)
    assert ([0, 1, 2], worlds.record("Org", 2)) == (sorted(first), second[2]["MainId"])
    assert {1: f"no parent: MainId: B B1 failed: {causes.GONE}"} == {row: each["error"] for row, each in aside.items()}
    with tables.connect(tables.Limits(tmp_path)) as con:
        orphans = worlds.rows(con, f"FROM {tables.parquet(tmp_path / 'first.parquet')}")
    assert {3: ("orphaned", "ambiguous")} == {row: (each["fate"], each["parent_fate"]) for row, each in orphans.items()}


def test_a_second_pass_leaves_blank_what_may_be_blank(tmp_path: Path) -> None:
    """A row whose parent isn't there keeps its first fate, where the link allows that."""
    (_, second), aside = between(tmp_path, missing="blank")
    assert ([0], {}) == (list(second), aside)


def test_a_second_pass_stops_where_the_link_says_so(tmp_path: Path) -> None:
    """`fail` holds in both passes; what is known in the first stops before anything is sent."""
    with pytest.raises(errors.MustStop, match=r"^A: 2 rows name a parent by MainId that has no record, the first is A-0-2; "):
        between(tmp_path, missing="fail")
    with pytest.raises(errors.MustStop, match=r"^A: 1 rows name a parent by MainId that has no record, the first is A-0-1; "):
        between(tmp_path, rows=2, missing="fail")


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (worlds.Link("AId", "A"), [("k1", "K1"), ("k9", "K9")]),
        (worlds.Link("AId", "A", nested=True), [("k1", "K1"), ("k3", "K3")]),
        (worlds.Link("AId"), [("k0", "K0"), ("k1", "K1"), ("k9", "K9")]),
    ],
    ids=["key", "nesting", "in the org alone"],
)
def test_the_org_is_asked_for_what_this_load_does_not_have(tmp_path: Path, of: worlds.Link, expected: list[tuple[str, str]]) -> None:
    """Each key once: of filled cells, or of the records that rows stood in; rejected rows ask nothing."""
    parents = [worlds.Row("k0"), worlds.Row("k1", fate="failed"), worlds.Row("k2"), worlds.Row("k3", reason="bad value: Name: long")]
    cells = [(0, "k0"), (1, "k1"), (1, "k9"), (3, "k9"), (2, None)]
    children = [worlds.Row(f"b{row}", stands_in, (cell,)) for row, (stands_in, cell) in enumerate(cells)]
    children.append(worlds.Row("b9", 2, ("k8",), reason="missing key"))
    with tables.connect(tables.Limits(tmp_path)) as con:
        told = worlds.loaded(con, [worlds.Thing("A", (), tuple(parents))], tmp_path)
        staged, out = tmp_path / "children.parquet", tmp_path / "keys.parquet"
        worlds.stage(con, worlds.Thing("B", (of,), tuple(children)), staged)
        way = worlds.way(con, 0, of, told, tmp_path, "B")
        assert len(expected) == link.missing_keys(con, staged, way, None, out)
        assert expected == con.execute(f"FROM {tables.parquet(out)}").fetchall()
        cut = dataclasses.replace(way, cut=True)
        assert 0 == link.missing_keys(con, staged, cut, None, out)
        assert len(expected) == link.missing_keys(con, staged, cut, None, out, waited=True)
        assert 1 == link.missing_keys(con, staged, way, None, out, only="(SELECT unnest(['k1', 'k7']) AS key)")
        assert [("k1", "K1")] == con.execute(f"FROM {tables.parquet(out)}").fetchall()


def test_records_in_the_org_stand_in_for_what_failed() -> None:
    """With `look_in_org`, a parent that this run couldn't write is found by its key, nested or named; this run's own comes first."""
    org = {"k0": worlds.record("Org", 0), "k1": worlds.record("Org", 1)}
    links = (
        worlds.Link("AId", "A", nested=True, org=org, missing="look_in_org"),
        worlds.Link("OtherId", "A", org=org, missing="look_in_org"),
    )
    above = worlds.Thing("A", (), (worlds.Row("k0"), worlds.Row("k1", fate="failed")))
    below = worlds.Thing("B", links, (worlds.Row("b0", 1, (None, "k0")), worlds.Row("b1", 0, (None, "k1"))))
    expected = {
        0: {"AId": worlds.record("Org", 1), "OtherId": worlds.record("A", 0)},
        1: {"AId": worlds.record("A", 0), "OtherId": worlds.record("Org", 1)},
    }
    assert expected == {row: filled(cells) for row, cells in found((above, below))["B"].sent.items()}


def test_of_several_rows_of_one_key_the_one_that_was_sent_is_the_parent() -> None:
    """A rejected row before it, or after it, doesn't explain why the parent isn't there."""
    rejected = worlds.Row("k1", reason="bad value: Name: too long")
    above = worlds.Thing("A", (), (rejected, worlds.Row("k1", fate="failed"), rejected))
    below = worlds.Thing("B", (worlds.Link("AId", "A"),), (worlds.Row("b0", cells=("k1",)),))
    (orphan,) = found((above, below))["B"].aside.values()
    assert (1, "failed", "CODE:A 1") == (orphan["parent_row"], orphan["parent_fate"], orphan["parent_error"])


@pytest.mark.parametrize(("sf_id", "fate"), [(None, "ambiguous"), ("", "orphaned")], ids=["two", "none any more"])
def test_what_the_org_says_is_the_cause_even_where_the_parent_is_an_orphan(sf_id: str | None, fate: str) -> None:
    """It is what has to be mended so that the record is found."""
    links = (worlds.Link("BId", "B", nested=True, org={"b0": sf_id}, missing="look_in_org"),)
    a = worlds.Thing("A", (), (worlds.Row("k0", fate="failed"),))
    b = worlds.Thing("B", (worlds.Link("AId", "A", nested=True),), (worlds.Row("b0", 0, (None,)),))
    (orphan,) = found((a, b, worlds.Thing("C", links, (worlds.Row("c0", 0, (None,)),))))["C"].aside.values()
    assert (fate, "B", "B0", 1) == tuple(orphan[name] for name in ("parent_fate", "ancestor_object", "ancestor_key", "depth"))
