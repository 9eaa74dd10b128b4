"""Verdicts over a run's records → the rows that an undo may touch, lists for people, what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.match import since

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

DELETE, RESTORE = "delete", "restore"
COLUMNS = "row_id, sf_id, act, state, why"
NONE = (
    "SELECT NULL::BIGINT AS row_id, NULL::VARCHAR AS sf_id, NULL::VARCHAR AS act, NULL::VARCHAR AS state, NULL::VARCHAR AS why WHERE false"
)
# Lists of a dry run, by title: which rows.
LISTS = {"delete": f"act = '{DELETE}' AND state = '{since.DUE}'", "changedSince": f"state = '{since.CHANGED}'"}
IS_DELETED = "ENTITY_IS_DELETED"


def restores(con: duckdb.DuckDBPyConnection, out: Path) -> int:
    """Write the judged records of `restored.judge` as planned rows; return how many."""
    return tables.write_parquet(con, f"SELECT row_id, sf_id, '{RESTORE}' AS act, state, why FROM rows ORDER BY row_id", out)


def restores_for_people(con: duckdb.DuckDBPyConnection, name: str, out: Path) -> int:
    """Write which fields would go back, from what to what; return how many."""
    shown = f"SELECT {_row(name, 'fields.row_id')} AS row_id, sf_id, field, now, was FROM fields WHERE state = '{since.DUE}'"
    return tables.write_people_csv(con, f"{shown} ORDER BY fields.row_id, field", out)


def planned(con: duckdb.DuckDBPyConnection, name: str, restores: Path | None, out: Path) -> int:
    """Write all planned rows of an object: its candidates for deletion, and `restores`."""
    deletes = f"SELECT row_id, sf_id, '{DELETE}' AS act, state, why FROM candidates WHERE name = {tables.literal(name)}"
    more = f" UNION ALL SELECT {COLUMNS} FROM {tables.parquet(restores)}" if restores else ""
    return tables.write_parquet(con, f"SELECT {COLUMNS} FROM ({deletes}{more}) ORDER BY act, row_id", out)


def for_people(con: duckdb.DuckDBPyConnection, name: str, cells: str, staged: Path, rows: Path, condition: str, out: Path) -> int:
    """Write rows (a Parquet file of COLUMNS, or more) with their cells as they were loaded (`lists.cells` of `s`); return how many."""
    query = (
        f"SELECT {_row(name, 'r.row_id')} AS row_id, r.sf_id, r.act, r.why, {cells} "
        f"FROM (FROM {tables.parquet(rows)} WHERE {condition}) AS r "
        f"LEFT JOIN {tables.parquet(staged)} AS s ON s.row_id = r.row_id ORDER BY r.row_id"
    )
    return tables.write_people_csv(con, query, out)


def _row(name: str, row_id: str) -> str:
    """A record's row, as people read it; none if it isn't known, or listed with another record."""
    return f"CASE WHEN {row_id} < 0 THEN '' ELSE {tables.row_id_text(name, row_id)} END"


def counts(con: duckdb.DuckDBPyConnection, rows: Path) -> dict[tuple[str, str], int]:
    """Count rows by act and state."""
    found = con.execute(f"SELECT act, state, count(*) FROM {tables.parquet(rows)} GROUP BY act, state ORDER BY act, state").fetchall()
    return {(str(act), str(state)): int(count) for act, state, count in found}


def count(con: duckdb.DuckDBPyConnection, rows: Path, condition: str = "true") -> int:
    """Count the rows of a file that a condition fits."""
    (found,) = con.execute(f"SELECT count(*) FROM {tables.parquet(rows)} WHERE {condition}").fetchone() or (0,)
    return int(found)


def left(con: duckdb.DuckDBPyConnection, rows: Path, act: str, attempts: Sequence[str], worth: str, most: int) -> tuple[int, int]:
    """Fill the table `left` (row_id, sf_id): planned rows of an act that aren't done; how many, and how often one was tried at most.

    `attempts`: queries of fates, wave by wave. `worth`: which of them are worth another one, of `most` that a row may have more.
    """
    union = " UNION ALL ".join(f"SELECT row_id, fate, error, job_id, {n} AS wave FROM ({query})" for n, query in enumerate(attempts))
    union = union or f"SELECT row_id, fate, error, job_id, 0 AS wave FROM (SELECT {tables.NO_FATES}) WHERE false"
    last = "SELECT row_id, arg_max_null(fate, wave) AS fate, arg_max_null(error, wave) AS error, arg_max_null(job_id, wave) AS job_id"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE left_over AS SELECT p.row_id, p.sf_id, coalesce(t.tried, 0) AS tried "
        f"FROM {tables.parquet(rows)} AS p LEFT JOIN ({last}, count(*) AS tried FROM ({union}) GROUP BY row_id) AS t USING (row_id) "
        f"WHERE p.act = '{act}' AND p.state = '{since.DUE}' AND (t.row_id IS NULL OR ({worth}) AND t.tried <= {most})"
    )
    found = con.execute("SELECT count(*), coalesce(max(tried), 0) FROM left_over").fetchone() or (0, 0)
    return int(found[0]), int(found[1])


def ended(con: duckdb.DuckDBPyConnection, rows: Path, attempts: Mapping[str, Sequence[str]], out: Path) -> int:
    """Write what became of each planned row (COLUMNS): deleted, restored, gone, changed_since, as_it_was, or a fate of failure."""
    good = {DELETE: "deleted", RESTORE: "restored"}
    parts = []
    for act, queries in attempts.items():
        union = " UNION ALL ".join(f"SELECT row_id, fate, error, {n} AS wave FROM ({query})" for n, query in enumerate(queries))
        union = union or f"SELECT row_id, fate, error, 0 AS wave FROM (SELECT {tables.NO_FATES}) WHERE false"
        # Of two acts at once, one finds gone what the other has deleted.
        last = (
            f"SELECT row_id, bool_or(fate = '{entities.Fate.SUCCEEDED}') AS done, arg_max_null(fate, wave) AS fate, "
            f"arg_max_null(error, wave) AS error FROM ({union}) GROUP BY row_id"
        )
        told = (
            f"CASE WHEN p.state != '{since.DUE}' THEN p.state WHEN t.done THEN '{good[act]}' "
            f"WHEN starts_with(t.error, '{IS_DELETED}') THEN '{since.GONE}' ELSE coalesce(t.fate, '{entities.Fate.UNPROCESSED}') END"
        )
        parts.append(
            f"SELECT p.row_id, p.sf_id, p.act, {told} AS state, CASE WHEN p.state != '{since.DUE}' THEN p.why ELSE t.error END AS why "
            f"FROM {tables.parquet(rows)} AS p LEFT JOIN ({last}) AS t USING (row_id) WHERE p.act = '{act}'"
        )
    return tables.write_parquet(con, f"SELECT {COLUMNS} FROM ({' UNION ALL '.join(parts)}) ORDER BY act, row_id", out)
