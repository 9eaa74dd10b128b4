"""Rows that name each other: parents before children, every cycle opened, and no link cut in vain."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.intake import layers

# So long a chain is partly peeled, partly walked.
CHAIN = layers.MOST_PEELED + 8
COLUMNS = "row_id BIGINT, key VARCHAR, to1 VARCHAR, to4 VARCHAR, reason VARCHAR, merged_into BIGINT, filtered BOOLEAN"
FINE = "NULL, NULL, false"
Links = list[tuple[int | None, int | None]]
Found = dict[int, tuple[int, list[int]]]


def found(links: Links, lost: dict[int, str] | None = None) -> tuple[int, Found]:
    """Find the layers of rows that name the rows at `links` as parents, by links 1 and 4; `lost` rows aren't sent, because."""
    own = [f"({row}, 'K{row}', {_key(one)}, {_key(other)}, {(lost or {}).get(row, FINE)})" for row, (one, other) in enumerate(links)]
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        staged, out = Path(folder) / "staged.parquet", Path(folder) / "layers.parquet"
        con.execute(f"CREATE TABLE rows ({COLUMNS})")
        con.execute(f"INSERT INTO rows VALUES {', '.join(own)}")
        tables.write_parquet(con, "FROM rows", staged)
        count = layers.of(con, staged, [1, 4], out)
        return count, {row: (layer, cut) for row, layer, cut in con.execute(f"FROM {tables.parquet(out)}").fetchall()}


def _key(row: int | None) -> str:
    return "NULL" if row is None else f"'K{row}'"


def kept(links: Links, among: Found) -> dict[int, set[int]]:
    """Name the parents that each row waits for: those that are sent, by links that aren't cut."""
    return {
        row: {parent for number, parent in zip((1, 4), links[row], strict=True) if parent in among and number not in among[row][1]}
        for row in among
    }


def above(parents: dict[int, set[int]], row: int) -> set[int]:
    """Name a row and all that it waits for, directly or through others."""
    seen, fresh = {row}, {row}
    while fresh := {parent for each in fresh for parent in parents[each]} - seen:
        seen |= fresh
    return seen


def graphs(rows: int) -> st.SearchStrategy[Links]:
    """Rows that name any row, themselves and missing ones included, or none."""
    parent = st.none() | st.integers(0, rows)
    return st.lists(st.tuples(parent, parent), min_size=1, max_size=rows)


@given(graphs(9), st.sampled_from([(), (None,), (0,)]))
def test_each_row_lies_just_below_its_parents(links: Links, top: tuple[int | None, ...]) -> None:
    """A row's layer is one more than its highest parent's, whatever cycles there are; and they are counted."""
    for parent in top:  # A chain that rows may hang on by naming its lowest row; its highest hangs on row 0, or on nothing.
        first = len(links)
        links = links + [(row + 1, None) for row in range(first, first + CHAIN)] + [(parent, None)]
    count, among = found(links)
    parents = kept(links, among)
    layer = {row: each for row, (each, _) in among.items()}
    assert set(range(len(links))) == set(among)
    assert {row: max((layer[parent] + 1 for parent in parents[row]), default=0) for row in among} == layer
    assert max(layer.values(), default=-1) + 1 == count


@given(graphs(9))
def test_no_link_is_cut_in_vain(links: Links) -> None:
    """Each cut link, if put back, would close a cycle again."""
    _, among = found(links)
    parents = kept(links, among)
    cut = [(row, dict(zip((1, 4), links[row], strict=True))[number]) for row, (_, numbers) in among.items() for number in numbers]
    assert [] == [(row, parent) for row, parent in cut if parent is None or row not in above(parents, parent)]


@settings(max_examples=30)
@given(graphs(6), st.dictionaries(st.integers(0, 5), st.sampled_from(["reason", "merged", "filtered"])))
def test_rows_that_are_not_sent_make_nobody_wait(links: Links, lost: dict[int, str]) -> None:
    """A rejected, merged or dropped row has no layer; its children go as if it weren't there."""
    said = {
        "reason": "'missing key', NULL, false",
        "merged": "NULL, 99, false",
        "filtered": "NULL, NULL, true",
    }
    shown = {row: links[row] for row in range(len(links)) if row not in lost}
    without = [shown.get(row, (None, None)) for row in range(len(links))]
    without = [(None if one in lost else one, None if other in lost else other) for one, other in without]
    _, plain = found(without)
    _, among = found(links, {row: said[why] for row, why in lost.items()})
    assert {row: each for row, each in plain.items() if row not in lost} == among


def test_a_cycle_of_any_length_loses_one_link() -> None:
    """Accounts under accounts in a ring: one goes first without its parent."""
    count, among = found([(7 if row == 0 else row - 1, None) for row in range(8)])
    assert (8, [1]) == (count, [number for _, cut in among.values() for number in cut])


def test_what_hangs_below_a_cycle_keeps_its_links() -> None:
    """Rows 0 and 1 name each other; 2 and 3 hang below them."""
    _, among = found([(1, None), (0, None), (1, None), (2, None)])
    assert ([], [], 1) == (among[2][1], among[3][1], len(among[0][1] + among[1][1]))


def test_no_rows_have_no_layers() -> None:
    """Nothing is staged, nothing is sent."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        staged = Path(folder) / "staged.parquet"
        con.execute(f"CREATE TABLE rows ({COLUMNS})")
        tables.write_parquet(con, "FROM rows", staged)
        assert 0 == layers.of(con, staged, [1, 4], Path(folder) / "layers.parquet")
