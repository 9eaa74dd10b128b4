"""An object's fates and staged rows → which source row became which record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb


def learn(con: duckdb.DuckDBPyConnection, fates: Sequence[Path], staged: Path, out: Path) -> int:
    """Write `out` (row_id, key, sf_id, created, sent_row), one row per source row whose record this run wrote.

    A merged row has the Id of the row that was sent in its place (`sent_row`). Ids come from successful
    results only. Returns how many rows have one.
    """
    written = (
        f"SELECT row_id AS sent_row, sf_id, created FROM {tables.parquets(fates)} "
        f"WHERE fate = '{entities.Fate.SUCCEEDED}' AND sf_id IS NOT NULL"
    )
    source = f"SELECT row_id, key, coalesce(merged_into, row_id) AS sent_row FROM {tables.parquet(staged)} WHERE reason IS NULL"
    query = f"SELECT row_id, key, sf_id, created, sent_row FROM ({source}) JOIN ({written}) USING (sent_row)"
    return tables.write_parquet(con, query, out)
