"""The account of an object's rows, as tables → lists of these rows for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.report import reconcile

TWICE = "stored twice: an aborted job wrote the row after another one had taken it over"


def of_fate(con: duckdb.DuckDBPyConnection, files: reconcile.Files, cells: str, fate: entities.Fate, out: Path) -> int:
    """Write the rows of one fate in `final` for people: row id, error, job, the record's Id if it has one, cells; return how many.

    Those that were rejected have a place too, as in staging's own list; nobody knows it any more.

    `cells`: from `lists.cells`, of the staged rows `s`.
    """
    place = ", NULL AS place" if fate is entities.Fate.REJECTED else ""
    return _listed(con, files, cells, f"(FROM final WHERE fate = '{fate}')", out, place)


def twice(con: duckdb.DuckDBPyConnection, files: reconcile.Files, cells: str, out: Path) -> int:
    """Write the rows that were stored twice for people, in the same columns: a line for each record, with the job that made it."""
    return _listed(con, files, cells, f"(SELECT *, {tables.literal(TWICE)} AS error FROM twice)", out)


def _listed(con: duckdb.DuckDBPyConnection, files: reconcile.Files, cells: str, told: str, out: Path, place: str = "") -> int:
    query = (
        f"SELECT {tables.row_id_text(files.name, 's.row_id')} AS row_id{place}, f.error, f.job_id, f.sf_id, {cells} "
        f"FROM {told} AS f JOIN {tables.parquet(files.staged)} AS s USING (row_id) ORDER BY s.row_id, f.sf_id"
    )
    return tables.write_people_csv(con, query, out)


def still_orphaned(con: duckdb.DuckDBPyConnection, asides: Sequence[Path], out: Path) -> int:
    """Write the last word on each row that is an orphan in `final`, from files of rows set aside, in their order; how many."""
    union = " UNION ALL BY NAME ".join(f"SELECT *, {nth} AS wave FROM {tables.parquet(path)}" for nth, path in enumerate(asides))
    if not union:
        return 0
    last = f"SELECT * EXCLUDE (wave) FROM ({union}) WHERE fate = '{entities.Fate.ORPHANED}' QUALIFY row_number() OVER "
    last += "(PARTITION BY row_id ORDER BY wave DESC) = 1"
    final = f"(SELECT row_id FROM final WHERE fate = '{entities.Fate.ORPHANED}')"
    return tables.write_parquet(con, f"FROM ({last}) SEMI JOIN {final} USING (row_id) ORDER BY row_id", out)
