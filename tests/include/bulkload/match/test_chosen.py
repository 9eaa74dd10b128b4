"""Which rows a replay takes: what is left, what hangs on what was asked for, and never a record twice."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import duckdb
import pytest

from include.bulkload.basics import tables
from include.bulkload.match import chosen, newer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STANDING = (
    "(VALUES (1, 'succeeded', 'x'), (2, 'failed', NULL), (3, 'failed', 'y'), (4, 'in_doubt', NULL), (5, 'orphaned', NULL), "
    "(6, 'rejected', NULL), (7, 'unprocessed', NULL), (8, 'unchanged', 'z')) AS t(row_id, fate, sf_id)"
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory."""
    with duckdb.connect(":memory:") as made:
        yield made


def rows(con: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[int, str]]:
    """Who is taken, and how."""
    return con.execute(f"SELECT row_id, how FROM {tables.parquet(path)} ORDER BY row_id").fetchall()


def test_what_is_left_is_sent_unless_its_record_stands(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Then its links alone are set again; rows in doubt, and those that may have been written, stay."""
    out = tmp_path / "left.parquet"
    chosen.left(con, STANDING, ["SELECT 7"], out)
    assert [(2, "send"), (3, "links"), (5, "send"), (6, "send")] == rows(con, out)


def member(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, staged: str, left: str, links: list[chosen.Hang], seeds: str = ""
) -> chosen.Member:
    """An object: rows (row_id, parent_row, key, to0, merged_into), what is left, and what was asked for."""
    paths = {part: folder / f"{name}-{part}.parquet" for part in ("staged", "left", "seeds")}
    columns = "row_id::BIGINT AS row_id, parent_row::BIGINT AS parent_row, key, to0::VARCHAR AS to0, merged_into::BIGINT AS merged_into, "
    columns += "NULL::VARCHAR AS reason"
    tables.write_parquet(con, f"SELECT {columns} FROM (VALUES {staged}) AS t(row_id, parent_row, key, to0, merged_into)", paths["staged"])
    tables.write_parquet(con, f"SELECT row_id::BIGINT AS row_id, fate, how FROM (VALUES {left}) AS t(row_id, fate, how)", paths["left"])
    asked = f"SELECT unnest([{seeds}]::BIGINT[]) AS row_id, 'send' AS how"
    tables.write_parquet(con, asked, paths["seeds"])
    return chosen.Member(name, paths["staged"], paths["left"], links, paths["seeds"])


def test_what_waited_for_a_taken_row_comes_with_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Down all generations, by nesting, by key and over merged rows; what failed by itself stays."""
    account = member(
        con,
        tmp_path,
        "Account",
        "(1, NULL, 'a', NULL, NULL), (2, NULL, 'b', 'a', NULL), (3, NULL, 'c', 'b', NULL), (4, NULL, 'a', NULL, 1), "
        "(5, NULL, 'x', NULL, NULL)",
        "(1, 'failed', 'send'), (2, 'orphaned', 'send'), (3, 'orphaned', 'send'), (5, 'failed', 'send')",
        [chosen.Hang(0, nested=False, parent="Account")],
        seeds="1",
    )
    contact = member(
        con,
        tmp_path,
        "Contact",
        "(11, 4, NULL, NULL, NULL), (12, 3, NULL, NULL, NULL), (13, 5, NULL, NULL, NULL), (14, 1, NULL, NULL, NULL)",
        "(11, 'orphaned', 'send'), (12, 'unprocessed', 'send'), (13, 'orphaned', 'send'), (14, 'failed', 'send')",
        [chosen.Hang(0, nested=True, parent="Account")],
    )
    outs = [tmp_path / "accounts.parquet", tmp_path / "contacts.parquet"]
    chosen.take(con, [account, contact], outs)
    assert ([1, 2, 3], [11, 12]) == tuple([row for row, _ in rows(con, out)] for out in outs)
    # 11 stood in the merged row of `a`, 12 in `c`; 2 and 3 name `a` and `b`.
    assert [("a",), ("b",), ("c",)] == con.execute(f"{chosen.named([account, contact], outs, account)} ORDER BY key").fetchall()


def test_what_waited_for_a_superseded_row_comes_though_that_row_does_not(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """It was asked for, or itself waited for what was; one that failed by itself stays with all below it."""
    left = "(1, 'failed', 'send'), (2, 'orphaned', 'send'), (3, 'orphaned', 'send'), (4, 'failed', 'send'), (5, 'orphaned', 'send')"
    staged = "(1, NULL, 'a', NULL, NULL), (2, NULL, 'b', 'a', NULL), (3, NULL, 'c', 'b', NULL), (4, NULL, 'd', 'a', NULL), "
    staged += "(5, NULL, 'e', 'd', NULL)"
    account = member(con, tmp_path, "Account", staged, left, [chosen.Hang(0, nested=False, parent="Account")], seeds="1")
    assert account.seeds is not None
    later, marked, seeds, out = (tmp_path / name for name in ("later", "marked", "asked", "out"))
    tables.write_parquet(con, "SELECT unnest(['a', 'b', 'd', 'x']) AS key", later)
    assert 3 == chosen.superseded(con, account.left, account.staged, [newer.Keys(later)], marked)
    assert 1 == chosen.superseded(con, account.seeds, account.staged, [newer.Keys(later)], seeds)
    chosen.take(con, [dataclasses.replace(account, left=marked, seeds=seeds)], [out])
    assert [(3, "send")] == rows(con, out)
