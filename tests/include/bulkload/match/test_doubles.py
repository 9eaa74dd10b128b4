"""Rows without a key in two runs: which are the same, and which may be."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.intake import keys
from include.bulkload.match import doubles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

# A row: whether it is asked for, or was sent; the keys that it names; its cell.
Row = tuple[bool, str, str, str]
ROWS = st.lists(st.tuples(st.booleans(), st.sampled_from(["", "k", "l"]), st.sampled_from(["", "p"]), st.sampled_from("xy")), max_size=7)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of these tests' own."""
    with tables.connect(tables.Limits(tmp_path_factory.mktemp("spill"))) as found:
        yield found


def known(rows: list[Row]) -> str:
    """The rows as they are known, numbered in their order."""
    staged = [f"({number}, nullif('{one}', ''), nullif('{two}', ''), '{cell}', false)" for number, (_, one, two, cell) in enumerate(rows)]
    values = ", ".join(staged) or "(0, '', '', '', true)"
    links = [[doubles.Up("to0")], [doubles.Up("to1")]]
    return doubles.known(f'(VALUES {values}) AS t(row_id, to0, to1, ".Name", filtered)', links, ['".Name"'])


def of_those(rows: list[Row]) -> str:
    """The query of the rows that are asked for, or were sent."""
    return " UNION ALL ".join(["SELECT 0 WHERE false", *(f"SELECT {number}" for number, row in enumerate(rows) if row[0])])


def had(con: duckdb.DuckDBPyConnection, folder: Path, ours: list[Row], theirs: list[Row], *versions: list[Row]) -> dict[int, str | None]:
    """Our rows that the other run had, or may have had; `versions`: further ones of its rows."""
    other = doubles.Other([known(each) for each in (theirs, *versions)], of_those(theirs), "other")
    doubles.had(con, doubles.Ours(known(ours), of_those(ours), of_those(ours)), other, folder / "work", folder / "out.parquet")
    return dict(con.execute(f"FROM {tables.parquet(folder / 'out.parquet')} ORDER BY row_id").fetchall())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS)
def test_as_many_stay_as_the_other_run_had_and_what_may_be_one_that_is_nobodys(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, ours: list[Row], theirs: list[Row]
) -> None:
    """All links must agree; what hangs on nothing is known by nothing."""
    sent = collections.Counter(row[1:] for row in theirs if row[0])
    nobodys = {row[:2] for row in (sent - collections.Counter(row[1:] for row in ours))}
    expected: dict[int, str | None] = {}
    for row_id, (is_left, row) in enumerate((each[0], each[1:]) for each in ours):
        if is_left and any(row[:2]):
            if sent[row] > 0 or row[:2] in nobodys:
                expected[row_id] = None if sent[row] > 0 else "other"
            sent[row] -= 1
    assert expected == had(con, tmp_path, ours, theirs)


def test_a_row_that_a_copy_changed_is_known_as_it_was_and_as_it_is(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """It is the one that it was read as: then no other row may be it."""
    ours = [(True, "k", "", "x"), (True, "k", "", "y")]
    assert {0: None} == had(con, tmp_path, ours, [(True, "k", "", "edited")], [(True, "k", "", "x")])
    assert {0: "other", 1: "other"} == had(con, tmp_path, ours, [(True, "k", "", "edited")])


def test_what_agrees_in_a_part_may_be_the_same(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """One of the two runs knows a link or a field that the other doesn't."""
    rows = [(True, "k", "", "x")]
    other = doubles.Other([known(rows)], of_those(rows), "other", is_whole=False)
    doubles.had(con, doubles.Ours(known(rows), of_those(rows), of_those(rows)), other, tmp_path / "work", tmp_path / "out.parquet")
    assert [(0, "other")] == con.execute(f"FROM {tables.parquet(tmp_path / 'out.parquet')}").fetchall()


def test_a_row_hangs_by_whichever_link_of_a_lookup_it_has(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Two objects of one sobject may fill it; which of them had the key doesn't matter."""
    staged = '(VALUES {}) AS t(row_id, to0, to1, ".Name", filtered)'
    links = [[doubles.Up("to0"), doubles.Up("to1")]]
    ours = doubles.known(staged.format("(0, 'k', NULL, 'x', false), (1, NULL, 'l', 'x', false)"), links, ['".Name"'])
    theirs = doubles.known(staged.format("(5, NULL, 'k', 'x', false)"), links, ['".Name"'])
    both, out = "SELECT unnest([0, 1])", tmp_path / "out.parquet"
    doubles.had(con, doubles.Ours(ours, both, both), doubles.Other([theirs], "SELECT 5", "other"), tmp_path / "work", out)
    assert [(0, None)] == con.execute(f"FROM {tables.parquet(out)}").fetchall()


def test_what_stands_in_a_row_hangs_on_its_key(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """As a row that names the key does; of parents that share a key and differ nobody knows whose it is."""
    parents = f"(VALUES (1, 'k', NULL), (2, 'l', '{keys.CONFLICTING}')) AS p(row_id, key, reason)"
    staged = "(VALUES (7, 1, 'x', false), (8, 2, 'x', false)) AS t(row_id, parent_row, \".Name\", filtered)"
    nested = doubles.known(staged, [[doubles.Up("key", parents)]], ['".Name"'])
    named = doubles.known("(VALUES (0, 'k', 'x', false)) AS t(row_id, to0, \".Name\", filtered)", [[doubles.Up("to0")]], ['".Name"'])
    out = tmp_path / "out.parquet"
    both = "SELECT unnest([7, 8])"
    doubles.had(con, doubles.Ours(nested, both, both), doubles.Other([named], "SELECT 0", "other"), tmp_path / "work", out)
    assert [(7, None)] == con.execute(f"FROM {tables.parquet(out)}").fetchall()
