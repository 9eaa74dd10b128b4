"""An object's fates and staged rows → which source row became which record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.load import fates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb


def learn(con: duckdb.DuckDBPyConnection, waves: Sequence[fates.Wave], staged: Path, out: Path) -> int:
    """Write `out` (row_id, key, sf_id, created, sent_row), one row per source row that has a record; return how many.

    These are the rows that this run wrote, whatever became of them afterwards, and the unchanged ones (both from `waves`), and
    the rows merged into one of them: those have the Id of the row that was sent in their place (`sent_row`). Among rows with
    row_id = sent_row a key is there once.
    """
    known = f"SELECT row_id AS sent_row, sf_id, created FROM ({fates.folded(waves)}) WHERE sf_id IS NOT NULL"
    source = (
        f"SELECT row_id, key, coalesce(merged_into, row_id) AS sent_row FROM {tables.parquet(staged)} WHERE reason IS NULL AND NOT filtered"
    )
    query = f"SELECT row_id, key, sf_id, created, sent_row FROM ({source}) JOIN ({known}) USING (sent_row)"
    return tables.write_parquet(con, query, out)
