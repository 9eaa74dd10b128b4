"""The table engine's dialects: what goes in comes out, and a damaged file never passes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import entities, errors, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=30)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """One connection for the file: its tests share no tables."""
    with tables.connect(tables.Limits(tmp_path_factory.mktemp("spill"))) as opened:
        yield opened


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1))
def test_any_name_can_be_quoted(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """A column may be called anything; it can't leave its quotes."""
    described = con.execute(f"SELECT 1 AS {tables.quoted(name)}").description
    assert [name] == [column[0] for column in described]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_text_can_be_a_literal(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """A text can't leave its quotes."""
    assert (text,) == con.execute(f"SELECT {tables.literal(text)}").fetchone()


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_cells_round_trip_through_the_strict_reader(
    con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """Whatever stands in a cell is read back; an empty cell is NULL."""
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("A", "B"), *rows])
    read = con.execute(f"SELECT * FROM {tables.strict_csv(path, tables.header_of(path))}").fetchall()
    assert [(a or None, b or None) for a, b in rows] == read


def test_a_file_cut_inside_quotes_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A truncated download must never come back as merged rows."""
    path = tmp_path / "cut.csv"
    path.write_text('A,B\n"1","2"\n"3","4', "utf-8")
    with pytest.raises(duckdb.Error):
        con.execute(f"SELECT * FROM {tables.strict_csv(path, ['A', 'B'])}").fetchall()


def test_an_empty_file_has_no_header(tmp_path: Path) -> None:
    """Salesforce may answer with an empty body (contract 3)."""
    path = tmp_path / "empty.csv"
    path.touch()
    assert [] == tables.header_of(path)


def test_a_header_that_never_ends_is_incomplete(tmp_path: Path) -> None:
    """A download cut in its first line is fetched again."""
    path = tmp_path / "cut.csv"
    path.write_text('"sf__Id","sf__Err', "utf-8")
    with pytest.raises(errors.ResultsIncomplete, match="fetch it again"):
        tables.header_of(path)


RULE = entities.KeyRule


@pytest.mark.parametrize(
    ("text", "rule", "folded"),
    [
        (" Ab\t", RULE.CASELESS, "ab"),
        ("\n Ab ", RULE.EXACT, "Ab"),
        (" \t ", RULE.EXACT, None),
        ("Ä\u00a0", RULE.CASELESS, "ä\u00a0"),
        (None, RULE.EXACT, None),
        ("912260031", RULE.NUMBER, "912260031.0"),
        (" 9.12260031E8", RULE.NUMBER, "912260031.0"),
        ("no number", RULE.NUMBER, "no number"),
        ("001000000000AbcAAB", RULE.RECORD_ID, "001000000000Abc"),
        ("001000000000Abc", RULE.RECORD_ID, "001000000000Abc"),
    ],
)
def test_keys_fold_as_the_org_compares_them(con: duckdb.DuckDBPyConnection, text: str | None, rule: RULE, folded: str | None) -> None:
    """Trimmed of U+0001 to U+0020 and nothing else; by the field's rule; blank is no key."""
    assert (folded,) == con.execute(f"SELECT {tables.folded('t', rule)} FROM (SELECT ? AS t)", [text]).fetchone()


def test_row_ids_show_object_file_and_position(con: duckdb.DuckDBPyConnection) -> None:
    """Row 17 of the fourth file is Account-3-17."""
    assert ("Account-3-17",) == con.execute(f"SELECT {tables.row_id_text('Account', f'17 + 3 * {tables.POSITIONS}')}").fetchone()


@given(st.lists(st.tuples(st.none() | CELLS, st.none() | st.integers(-(1 << 63), (1 << 63) - 1), st.none() | st.booleans()), max_size=9))
def test_rows_round_trip_through_parquet(
    con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | None, int | None, bool | None]]
) -> None:
    """Whatever a row holds is read back from our files, in its order: texts, numbers, NULL."""
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    con.execute("CREATE OR REPLACE TEMP TABLE given (text VARCHAR, number BIGINT, flag BOOLEAN)")
    for row in rows:
        con.execute("INSERT INTO given VALUES (?, ?, ?)", row)
    assert len(rows) == tables.write_parquet(con, "SELECT * FROM given", path)
    assert rows == con.execute(f"SELECT * FROM {tables.parquet(path)}").fetchall()


def test_people_get_a_csv_with_every_cell_quoted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Quotes doubled, newlines kept, LF between rows."""
    written = tables.write_people_csv(con, "SELECT 'a\"b' AS x, e'c\\nd' AS y", tmp_path / "p.csv")
    assert (1, '"x","y"\n"a""b","c\nd"\n') == (written, (tmp_path / "p.csv").read_text("utf-8"))


def test_tables_of_two_connections_of_a_task_have_nothing_in_common(tmp_path: Path) -> None:
    """They share a database, but nothing that one of them makes there."""
    limits = tables.Limits(tmp_path / "spill")
    with tables.connect(limits) as one, tables.connect(limits) as other:
        one.execute("CREATE OR REPLACE TEMP TABLE seen AS SELECT 1 AS n")
        other.execute("CREATE OR REPLACE TEMP TABLE seen AS SELECT 2 AS n")
        assert [(1,), (2,)] == [con.execute("FROM seen").fetchone() for con in (one, other)]
    with tables.connect(limits) as later, pytest.raises(duckdb.CatalogException):
        later.execute("FROM seen")


def test_a_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    """Within the same second and of the same size: nothing of it is remembered."""
    limits, path = tables.Limits(tmp_path / "spill"), tmp_path / "a.parquet"
    read = []
    for number in range(5):
        with tables.connect(limits) as con:
            tables.write_parquet(con, f"SELECT {number}::BIGINT AS n", path)
        with tables.connect(limits) as con:
            read += con.execute(f"SELECT n FROM {tables.parquet(path)}").fetchall()
    assert [(number,) for number in range(5)] == read
