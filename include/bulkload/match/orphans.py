"""Children's staged rows without a parent in the org → an orphan file with the parent's key, fate and error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.load import fates
from include.bulkload.match import causes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb


@dataclass(frozen=True, slots=True)
class Family:
    """Children and their parents: names in the plan, staged rows, the parents' Ids and fates, the children's fields."""

    child: str
    child_staged: Path
    fields: tuple[str, ...]
    parent: str
    parent_staged: Path
    id_map: Path
    fates: Sequence[Path]


def set_aside(con: duckdb.DuckDBPyConnection, family: Family, out: Path, for_people: Path) -> int:
    """Write the orphans to `out` (Parquet) and `for_people` (CSV); return how many.

    An orphan is a fine child whose parent's record this run didn't write, whatever the reason: failed,
    unprocessed, in doubt, rejected, without key.
    """
    lost = (
        f"SELECT * FROM {tables.parquet(family.child_staged)} AS c WHERE reason IS NULL AND merged_into IS NULL "
        f"AND NOT EXISTS (FROM {tables.parquet(family.id_map)} AS m WHERE m.row_id = c.parent_row)"
    )
    cells = ", ".join(f"c.{tables.quoted(field)}" for field in family.fields)
    query = (
        f"SELECT c.row_id, c.parent_row, c.nth, p.key AS parent_key, {_fate()} AS parent_fate, "
        f"coalesce(p.reason, f.error) AS parent_error, {cells} FROM ({lost}) AS c "
        f"LEFT JOIN {tables.parquet(family.parent_staged)} AS p ON p.row_id = c.parent_row "
        f"LEFT JOIN {tables.parquets(family.fates)} AS f ON f.row_id = coalesce(p.merged_into, p.row_id) ORDER BY c.row_id"
    )
    rows = tables.write_parquet(con, query, out)
    shown = (
        f"SELECT {tables.row_id_text(family.child)} AS row_id, {tables.row_id_text(family.parent, 'parent_row')} AS parent_row, "
        f"* EXCLUDE (row_id, parent_row, nth) FROM {tables.parquet(out)}"
    )
    tables.write_people_csv(con, shown, for_people)
    return rows


def for_people(con: duckdb.DuckDBPyConnection, name: str, fields: Sequence[str], staged: Path, aside: Path, out: Path) -> int:
    """Write the orphans of a wave's `aside` as CSV: parent, ancestor and their errors beside the row's cells; return how many."""
    details = [each for each in causes.COLUMNS.split(", ") if each not in {"row_id", *fates.COLUMNS.split(", ")}]
    shown = [_row_text(each) if each.endswith("_row") else f"a.{each}" for each in details]
    query = (
        f"SELECT {tables.row_id_text(name, 'a.row_id')} AS row_id, {', '.join(shown)}, "
        f"{', '.join(f's.{tables.quoted(field)}' for field in fields)} FROM {tables.parquet(aside)} AS a "
        f"JOIN {tables.parquet(staged)} AS s USING (row_id) WHERE a.fate = '{entities.Fate.ORPHANED}' ORDER BY a.row_id"
    )
    return tables.write_people_csv(con, query, out)


def _row_text(column: str) -> str:
    """Show a row id whose object stands beside it: `Account-0-17`."""
    whose = column.replace("_row", "_object")
    return f"a.{whose} || '-' || (a.{column} // {tables.POSITIONS}) || '-' || (a.{column} % {tables.POSITIONS}) AS {column}"


def _fate() -> str:
    """The parent's fate: rejected ones have none in the results, nor have those that were never sent."""
    return f"CASE WHEN p.reason IS NOT NULL THEN '{entities.Fate.REJECTED}' ELSE coalesce(f.fate, '{entities.Fate.UNPROCESSED}') END"
