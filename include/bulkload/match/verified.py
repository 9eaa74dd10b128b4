"""Rows that succeeded, as they were sent, and the org's records → which rows aren't there once, as they were meant.

Problems: `missing`, `twice`, `otherParent` (a lookup that doesn't hold what was sent), `changed` (another field that doesn't),
`stillThere` (a record that was to be deleted).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.match import newer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.match import columns

MISSING, TWICE, OTHER_PARENT, CHANGED, STILL_THERE = "missing", "twice", "otherParent", "changed", "stillThere"


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave: its rows as they were sent, the fates of its jobs, the fields that it wrote; whether its key is the object's own."""

    ready: Path
    settled: Sequence[Path]
    fields: Sequence[columns.Field]
    keyed: bool


def sent(con: duckdb.DuckDBPyConnection, waves: Sequence[Wave], fields: Sequence[columns.Field], final: str, out: Path) -> int:
    """Write `out` (row_id, sf_id, key, own, our<n> by place in `fields`) for each row that succeeded; return how many.

    `waves` in order: what was sent last counts, blank cells weren't sent. `final`: the query of all rows' final fates. `key`: the
    object's own, else NULL; `own`: the first 15 characters of the Id.
    """
    union = " UNION ALL ".join(_wave(place, wave, fields) for place, wave in enumerate(waves))
    told = "".join(f", arg_max(our{n}, wave) AS our{n}" for n in range(len(fields)))
    good = f"SELECT row_id, sf_id FROM ({final}) WHERE fate = '{entities.Fate.SUCCEEDED}' AND sf_id IS NOT NULL"
    query = (
        f"SELECT row_id, f.sf_id, u.* EXCLUDE (row_id), left(f.sf_id, 15) AS own FROM (SELECT row_id, max(key) AS key{told} "
        f"FROM ({union}) GROUP BY row_id) AS u JOIN ({good}) AS f USING (row_id) ORDER BY row_id"
    )
    return tables.write_parquet(con, query, out)


def _wave(place: int, wave: Wave, fields: Sequence[columns.Field]) -> str:
    cells = [f"nullif({tables.cell(field.column)}, '')" if field in wave.fields else "NULL::VARCHAR" for field in fields]
    told = "".join(f", {cell} AS our{n}" for n, cell in enumerate(cells))
    good = f"SELECT row_id FROM {tables.parquets(wave.settled)} WHERE fate = '{entities.Fate.SUCCEEDED}'"
    key = "key" if wave.keyed else "NULL::VARCHAR"
    return f"SELECT row_id, {place} AS wave, {key} AS key{told} FROM {tables.parquet(wave.ready)} SEMI JOIN ({good}) USING (row_id)"


def without(con: duckdb.DuckDBPyConnection, rows: Path, staged: Path, later: Sequence[newer.Keys], out: Path) -> int:
    """Write `rows` but those whose key (`staged`: row_id, key) later runs wrote; return how many these are."""
    theirs = newer.rows(staged, later)
    (before,) = con.execute(f"SELECT count(*) FROM {tables.parquet(rows)}").fetchone() or (0,)
    return int(before) - tables.write_parquet(con, f"FROM {tables.parquet(rows)} ANTI JOIN ({theirs}) USING (row_id) ORDER BY row_id", out)


def keys(con: duckdb.DuckDBPyConnection, rows: Path, by: str, out: Path) -> int:
    """Write what the org is asked for: the rows' `key`, or their `own` Ids; return how many there are."""
    text = "any_value(key)" if by == "key" else "any_value(sf_id)"
    return tables.write_parquet(
        con, f"SELECT {by} AS key, {text} AS text FROM {tables.parquet(rows)} WHERE {by} IS NOT NULL GROUP BY 1", out
    )


def find(con: duckdb.DuckDBPyConnection, rows: Path, by: str, seen: Path) -> None:
    """Fill the table `found` (row_id, records with the row's key, whether the row's own is one of them), and `problems` with those."""
    con.execute("CREATE OR REPLACE TEMP TABLE problems (row_id BIGINT, problem VARCHAR, field VARCHAR, expected VARCHAR, now VARCHAR)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT r.row_id, count(s.sf_id) AS records, "
        "coalesce(bool_or(left(s.sf_id, 15) = r.own), false) AS is_own, min(s.sf_id) AS other "
        f"FROM {tables.parquet(rows)} AS r LEFT JOIN {tables.parquet(seen)} AS s ON s.key = r.{by} GROUP BY r.row_id"
    )


def missing(con: duckdb.DuckDBPyConnection, rows: Path, out: Path) -> int:
    """Write the rows whose record wasn't found by its key, to be asked for by Id (key, text); return how many."""
    gone = "SELECT row_id FROM found WHERE NOT is_own"
    query = f"SELECT own AS key, any_value(sf_id) AS text FROM {tables.parquet(rows)} SEMI JOIN ({gone}) USING (row_id) GROUP BY own"
    return tables.write_parquet(con, query, out)


def judge(
    con: duckdb.DuckDBPyConnection,
    rows: Path,
    seen: Sequence[Path],
    fields: Sequence[columns.Field],
    lookups: Collection[str],
    key: str,
) -> None:
    """Fill `problems` after `find`. `seen`: records by key, and those that were asked for by Id; `lookups`: fields that link."""
    here = " UNION ALL BY NAME ".join(f"SELECT * EXCLUDE (key) FROM {tables.parquet(path)}" for path in seen)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE here AS SELECT left(sf_id, 15) AS own, * EXCLUDE (sf_id) FROM ({here}) "
        "QUALIFY row_number() OVER (PARTITION BY left(sf_id, 15)) = 1"
    )
    con.execute(f"INSERT INTO problems SELECT row_id, '{TWICE}', NULL, '1', records::VARCHAR FROM found WHERE records > 1")
    # A record that has another key by now is found by its Id: then the key is a field that changed.
    con.execute(
        f"INSERT INTO problems SELECT r.row_id, '{MISSING}', {tables.literal(key)}, r.key, f.other FROM {tables.parquet(rows)} AS r "
        "JOIN found AS f USING (row_id) LEFT JOIN here AS h ON h.own = r.own WHERE h.own IS NULL"
    )
    for n, field in enumerate(fields):
        if field.shown is None:
            continue
        shown, our = f"h.{tables.cell(field.shown)}", f"r.our{n}"
        problem = OTHER_PARENT if field.name in lookups else CHANGED
        con.execute(
            f"INSERT INTO problems SELECT r.row_id, '{problem}', {tables.literal(field.name)}, {our}, {shown} "
            f"FROM {tables.parquet(rows)} AS r JOIN here AS h ON h.own = r.own "
            f"WHERE {our} IS NOT NULL AND {field.shown_folded(shown)} IS DISTINCT FROM {field.shown_folded(our)}"
        )


def remaining(con: duckdb.DuckDBPyConnection, rows: Path, seen: Path) -> None:
    """Fill `problems` with the records that were to be deleted and are there."""
    find(con, rows, "own", seen)
    con.execute(f"INSERT INTO problems SELECT row_id, '{STILL_THERE}', NULL, NULL, NULL FROM found WHERE records > 0")


def counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count the rows of each problem; problems that no row has are left out."""
    found = con.execute("SELECT problem, count(DISTINCT row_id) FROM problems GROUP BY problem ORDER BY problem").fetchall()
    return {str(problem): int(rows) for problem, rows in found}


def for_people(con: duckdb.DuckDBPyConnection, name: str, rows: Path, out: Path) -> int:
    """Write each problem on a line: row, record, problem, field, what was sent, what the org holds; return how many."""
    query = (
        f"SELECT {tables.row_id_text(name, 'p.row_id')} AS row_id, r.sf_id, r.key, p.problem, p.field, p.expected, p.now "
        f"FROM problems AS p JOIN {tables.parquet(rows)} AS r USING (row_id) ORDER BY p.row_id, p.problem, p.field"
    )
    return tables.write_people_csv(con, query, out)
