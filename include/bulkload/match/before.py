"""Rows to send and their records as they stand → what each row's record held before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def keys(con: duckdb.DuckDBPyConnection, ready: Path, column: str, out: Path) -> None:
    """Write the keys of rows as questions to the org want them: key, text."""
    text = tables.cell(column)
    tables.write_parquet(con, f"SELECT key, any_value({text}) AS text FROM {tables.parquet(ready)} WHERE key IS NOT NULL GROUP BY key", out)


def write(con: duckdb.DuckDBPyConnection, ready: Path, seen: Path, out: Path) -> int:
    """Write row_id, sf_id and the fields of `seen` for each row whose key exactly one record has; return how many."""
    query = (
        f"SELECT r.row_id, s.* EXCLUDE (key) FROM {tables.parquet(ready)} AS r JOIN {tables.parquet(seen)} AS s ON s.key = r.key "
        "QUALIFY count(*) OVER (PARTITION BY r.row_id) = 1 ORDER BY r.row_id"
    )
    return tables.write_parquet(con, query, out)
