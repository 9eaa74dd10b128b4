"""One wave: which rows go, in which order, and what stops it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import errors, tables
from tests.include.bulkload.match import worlds

PARENTS = ("k0", "k1", "k2")
CELLS = st.sampled_from([*PARENTS, None])


def found(*things: worlds.Thing) -> dict[str, worlds.Loaded]:
    """Load things."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        return worlds.loaded(con, things, Path(folder))


def parents(**own: Any) -> worlds.Thing:
    """Make three parents; `k1` as it is said."""
    return worlds.Thing("A", (), tuple(worlds.Row(key, **(own if key == "k1" else {})) for key in PARENTS))


def children(links: tuple[worlds.Link, ...], *cells: tuple[str | None, ...]) -> worlds.Thing:
    """Make one child for each tuple of cells."""
    return worlds.Thing("B", links, tuple(worlds.Row(f"b{row}", 0, each) for row, each in enumerate(cells)))


TWO = (worlds.Link("OneId", "A", missing="blank"), worlds.Link("OtherId", "A", missing="blank"))


@settings(max_examples=30)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12))
def test_siblings_lie_together_by_the_lookup_with_the_most_of_one_parent(cells: list[tuple[str | None, str | None]]) -> None:
    """Among one parent's children the rows keep their order; of two lookups that are alike, the first decides."""
    order = found(parents(), children(TWO, *cells))["B"].order
    most = [max(sum(each[n] == key for each in cells) for key in PARENTS) for n in (0, 1)]
    lookup = most.index(max(most))
    assert sorted(range(len(cells)), key=lambda row: (cells[row][lookup] or "none", row)) == order


def test_children_of_merged_rows_lie_with_those_of_the_row_sent_for_them() -> None:
    """They hang on one record, whose lock they share."""
    above = worlds.Thing("A", (), (worlds.Row("k0"), worlds.Row("k1"), worlds.Row("k0", merged_into=0)))
    rows = tuple(worlds.Row(f"b{row}", stands_in, (None,)) for row, stands_in in enumerate([2, 1, 0, 1, 2]))
    own = found(above, worlds.Thing("B", (worlds.Link("AId", "A", nested=True),), rows))["B"]
    ids = {row: cells["AId"] for row, cells in own.sent.items()}
    assert ([0, 2, 4, 1, 3], {worlds.record("A", 0), worlds.record("A", 1)}) == (own.order, set(ids.values()))


def test_a_link_with_fail_stops_before_anything_is_sent() -> None:
    """The message has the count, the first row and the remedy; a blank cell is no reason."""
    links = (worlds.Link("AId", "A", missing="fail"),)
    with pytest.raises(errors.MustStop) as stopped:
        found(parents(fate="failed"), children(links, ("k0",), (None,), ("k1",), ("k9",)))
    expected = (
        "B: 2 rows name a parent by AId that has no record, the first is B-0-2; "
        "mend them, or let objects.B.parents.AId.missing set such rows aside (quarantine)"
    )
    assert expected == str(stopped.value)


def test_fail_stops_nothing_where_all_parents_are_there() -> None:
    """All rows go."""
    links = (worlds.Link("AId", "A", missing="fail"),)
    assert [0, 1, 2] == sorted(found(parents(), children(links, ("k0",), (None,), ("k1",)))["B"].order)


def test_a_row_without_a_required_parent_is_rejected() -> None:
    """Blank in all alternatives of the lookup; a filled one that leads nowhere makes an orphan."""
    links = (worlds.Link("WhoId", "A", required=True), worlds.Link("WhoId", org={"k9": None}, required=True))
    own = found(parents(), children(links, (None, None), ("k5", None), ("k0", None), (None, "k9")))["B"]
    told = {row: (each["fate"], each["error"]) for row, each in own.aside.items()}
    expected = {
        0: ("rejected", "missing parent: WhoId"),
        1: ("orphaned", "no parent: WhoId: A K5 absent: no row of A has this key"),
        3: ("orphaned", "no parent: WhoId: WhoId K9 ambiguous: two records in the org have this key"),
    }
    assert (expected, [2]) == (told, own.order)


def test_an_alternative_counts_only_where_those_before_it_are_blank() -> None:
    """All of them fill the one lookup."""
    links = (worlds.Link("WhoId", "A"), worlds.Link("WhoId", org={"k1": worlds.record("Org", 1)}))
    own = found(parents(), children(links, ("k0", "k1"), (None, "k1"), (None, None)))["B"]
    assert {0: worlds.record("A", 0), 1: worlds.record("Org", 1), 2: None} == {row: each["WhoId"] for row, each in own.sent.items()}


def test_alternatives_of_relationship_columns_have_a_column_each() -> None:
    """As `Contact:Who.External_Id__c` and `Lead:Who.External_Id__c` are two."""
    links = (worlds.Link("WhoId", "A", carries_key=True), worlds.Link("WhoId", org={"k1": "x"}, carries_key=True))
    own = found(parents(), children(links, ("k0", "k1"), (None, "k1")))["B"]
    told = {row: (each["A:WhoId.Key__c"], each["Org:WhoId.Key__c"]) for row, each in own.sent.items()}
    assert {0: ("K0", None), 1: (None, "K1")} == told


def test_a_cell_that_is_an_id_is_sent_as_it_stands() -> None:
    """Of 15 or 18 characters; nobody asks whether it is there."""
    own = found(children((worlds.Link("OwnerId"),), ("005000000000001",), ("005000000000001AAA",)))["B"]
    assert {0: "005000000000001", 1: "005000000000001AAA"} == {row: each["OwnerId"] for row, each in own.sent.items()}


def test_rows_without_links_go_in_their_order() -> None:
    """Nothing is set aside, nothing is sorted."""
    own = found(parents())["A"]
    assert ([0, 1, 2], {}) == (own.order, own.aside)
