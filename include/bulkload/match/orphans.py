"""Rows that were set aside for lack of a parent → a file for people, with the parent, its error, and where it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import lists
from include.bulkload.load import fates
from include.bulkload.match import causes

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def for_people(con: duckdb.DuckDBPyConnection, name: str, cells: str, staged: Path, aside: Path, out: Path) -> int:
    """Write the orphans of a wave's `aside` as CSV: error, parent, ancestor and their errors, then the row's cells; return how many.

    `cells`: from `lists.cells`, of the staged rows `s`.
    """
    details = [*lists.OF_ALL, *(each for each in causes.COLUMNS.split(", ") if each not in fates.COLUMNS.split(", "))]
    shown = [_row_text(each) if each.endswith("_row") else f"a.{each}" for each in details]
    query = (
        f"SELECT {tables.row_id_text(name, 'a.row_id')} AS row_id, {', '.join(shown)}, "
        f"{cells} FROM {tables.parquet(aside)} AS a "
        f"JOIN {tables.parquet(staged)} AS s USING (row_id) WHERE a.fate = '{entities.Fate.ORPHANED}' ORDER BY a.row_id"
    )
    return tables.write_people_csv(con, query, out)


def _row_text(column: str) -> str:
    """Show a row id whose object stands beside it: `Account-0-17`."""
    whose = column.replace("_row", "_object")
    return f"a.{whose} || '-' || (a.{column} // {tables.POSITIONS}) || '-' || (a.{column} % {tables.POSITIONS}) AS {column}"
