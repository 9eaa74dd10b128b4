"""Fates of a run's rows → the records that it wrote: created or changed, and what it wrote over what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.match import columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.match import changes


def records(con: duckdb.DuckDBPyConnection, waves: Sequence[Sequence[Path]], successes: Sequence[Path], out: Path) -> int:
    """Write `out` (row_id, sf_id, created, row), one row per record that any job wrote; return how many.

    `waves`: the fates of all jobs, wave by wave in order. `successes`: successfulResults of jobs whose rows have no key: a record whose
    row couldn't be told counts too. Each has a row id of its own: below 0 if no row is known, or another record has its `row`'s.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE wrote (row_id BIGINT, sf_id VARCHAR, created BOOLEAN, wave INTEGER)")
    for wave, settled in enumerate(waves):
        con.execute(
            f"INSERT INTO wrote SELECT row_id, sf_id, created, {wave} FROM {tables.parquets(settled)} "
            f"WHERE fate = '{entities.Fate.SUCCEEDED}' AND sf_id IS NOT NULL"
        )
    for path in successes:
        if header := tables.header_of(path):
            lone = f'SELECT "sf__Id" AS sf_id, "sf__Created" = \'true\' AS created FROM {tables.strict_csv(path, header)}'
            con.execute(f"INSERT INTO wrote SELECT NULL, sf_id, created, 0 FROM ({lone}) WHERE sf_id NOT IN (SELECT sf_id FROM wrote)")
    grouped = (
        "SELECT min(row_id) AS row, min(sf_id) AS sf_id, bool_or(created) AS created, max(wave) AS wave FROM wrote GROUP BY left(sf_id, 15)"
    )
    return tables.write_parquet(con, f"SELECT row_id, sf_id, created, row FROM ({_numbered(grouped, 'row')}) ORDER BY row_id", out)


def _numbered(grouped: str, by: str) -> str:
    """Give each record of a query (row, sf_id, wave, ...) a row id of its own: the row's, for the record that it wrote last.

    `by`: the columns that tell a row from all others.
    """
    own = f"CASE WHEN row_number() OVER (PARTITION BY {by} ORDER BY wave DESC, sf_id) = 1 THEN row END AS own"
    numbered = "coalesce(own, -row_number() OVER (ORDER BY own NULLS FIRST, sf_id)) AS row_id"
    return f"SELECT {numbered}, * EXCLUDE (own) FROM (SELECT *, {own} FROM ({grouped}))"


def late(con: duckdb.DuckDBPyConnection, successes: Sequence[tuple[Path, changes.Window]], out: Path) -> int:
    """Write `out` (own: first 15 characters of an Id, begin, by): records that aborted jobs wrote, since when, by whom.

    `successes`: successfulResults, each with its job's time.
    """
    parts = ['SELECT NULL AS own, NULL AS "begin", NULL AS "by" WHERE false']
    for path, window in successes:
        if header := tables.header_of(path):
            time = ", ".join(tables.literal(each) for each in (window.begin, window.by))
            parts.append(f'SELECT left("sf__Id", 15), {time} FROM {tables.strict_csv(path, header)}')
    return tables.write_parquet(con, " UNION ALL ".join(parts), out)


@dataclass(frozen=True, slots=True)
class Lost:
    """Rows of an upsert's job that is gone (a `condition` of `ready`), and of their records those that were there `before`, if kept.

    `since`: when the job was made by the org's clock, `2026-01-01T00:00:00`; "": unknown.
    """

    ready: Path
    condition: str
    before: Path | None
    since: str


def doubtful(con: duckdb.DuckDBPyConnection, lost: Sequence[Lost], records: Path, out: Path) -> int:
    """Write `out` (row_id, sf_id, since): `records` of which a job that is gone may have been the one that created them; return how many.

    A later job found them there, so it calls them changed. `since`: they were created then or later, if that job did it.
    """
    rows = " UNION ALL ".join(_lost(each) for each in lost)
    once = f"SELECT row_id, min(since) AS since FROM ({rows}) GROUP BY row_id"
    changed = f"SELECT row_id, sf_id, row FROM {tables.parquet(records)} WHERE NOT coalesce(created, false)"
    met = f"SELECT c.row_id, c.sf_id, o.since FROM ({changed}) AS c JOIN ({once}) AS o ON o.row_id = c.row"
    return tables.write_parquet(con, f"{met} ORDER BY c.row_id", out)


def _lost(lost: Lost) -> str:
    there = f" AND row_id NOT IN (SELECT row_id FROM {tables.parquet(lost.before)})" if lost.before else ""
    return f"SELECT row_id, {tables.literal(lost.since)} AS since FROM {tables.parquet(lost.ready)} WHERE {lost.condition}{there}"


@dataclass(frozen=True, slots=True)
class Wrote:
    """One wave of an object: its rows as they were sent, what their records held before, the fates of its jobs, the fields it wrote.

    `lost`: the rows of its jobs that are gone and may have written, as SQL conditions of `ready`.
    """

    name: str
    ready: Path
    before: Path
    settled: Sequence[Path]
    fields: Sequence[columns.Field]
    lost: Sequence[str] = ()


def values(
    con: duckdb.DuckDBPyConnection, waves: Sequence[Wrote], fields: Sequence[columns.Field], created: Sequence[Path], out: Path
) -> int:
    """Write `out` (name, row_id, sf_id, our<n>, was<n> by place in `fields`): what a run wrote last, over what; return how many records.

    Each record is there once, by the row of the object (`name`) that wrote it last; its row id is its own, as in `records`.
    `waves` in the order they were sent, of all objects of one sobject; `fields`: all that any of them wrote.
    NULL where a field wasn't sent; `#N/A`: it was blank, or we cleared it. A lookup may be sent by several columns: `our` is that of
    the last one alone.
    What a wave found counts even if its job is gone: what a later one found may be what that job wrote.
    `created`: records (sf_id, created) of which those that the run created are left out: they had nothing before.
    """
    union = " UNION ALL BY NAME ".join(_wave(place, wave, fields) for place, wave in enumerate(waves))
    last = "first(name ORDER BY wave DESC) AS name, first(row_id ORDER BY wave DESC, row_id) AS row"
    told = [_folded(n, fields) for n in range(len(fields))]
    ours = " UNION ALL ".join(f"SELECT left(sf_id, 15) AS own FROM {tables.parquet(path)} WHERE created" for path in created)
    query = (
        f"SELECT {last}, min(sf_id) AS sf_id, {', '.join(told)}, max(wave) AS wave FROM ({union}) "
        f"WHERE left(sf_id, 15) NOT IN (SELECT own FROM ({ours})) GROUP BY left(sf_id, 15) HAVING bool_or(wrote)"
    )
    return tables.write_parquet(con, f"SELECT * EXCLUDE (row, wave) FROM ({_numbered(query, 'name, row')}) ORDER BY name, row_id", out)


def _folded(n: int, fields: Sequence[columns.Field]) -> str:
    """What one column wrote last, if none of the others of its field did so later; what the field held before the first of them."""
    alike = [other for other, each in enumerate(fields) if each.name.lower() == fields[n].name.lower()]
    ours, was = (f"coalesce({', '.join(f'{which}{other}' for other in alike)})" for which in ("our", "was"))
    last = f"max(wave) FILTER (our{n} IS NOT NULL) = max(wave) FILTER ({ours} IS NOT NULL)"
    return f"CASE WHEN {last} THEN arg_max(our{n}, wave) END AS our{n}, arg_min({was}, wave) AS was{n}"


def of_object(con: duckdb.DuckDBPyConnection, values: Path, name: str, out: Path) -> int:
    """Write what `values` has of one object, without its name; return how many records."""
    return tables.write_parquet(con, f"SELECT * EXCLUDE (name) FROM {tables.parquet(values)} WHERE name = {tables.literal(name)}", out)


def _wave(place: int, wave: Wrote, fields: Sequence[columns.Field]) -> str:
    cells, own = [], {field.column.lower(): field for field in wave.fields}
    for n, each in enumerate(fields):
        if field := own.get(each.column.lower()):
            sent = f"nullif(r.{tables.cell(field.column)}, '')"
            was = f"CASE WHEN {sent} IS NOT NULL THEN coalesce(b.{tables.cell(field.name)}, '{columns.NULL}') END"
            cells.append(f"CASE WHEN g.row_id IS NOT NULL THEN {sent} END AS our{n}, {was} AS was{n}")
        else:
            cells.append(f"NULL::VARCHAR AS our{n}, NULL::VARCHAR AS was{n}")
    good = f"SELECT row_id FROM {tables.parquets(wave.settled)} WHERE fate = '{entities.Fate.SUCCEEDED}'"
    lost = " OR ".join(f"({condition})" for condition in wave.lost) or "false"
    return (
        f"SELECT {tables.literal(wave.name)} AS name, r.row_id, b.sf_id, {place} AS wave, g.row_id IS NOT NULL AS wrote, "
        f"{', '.join(cells)} FROM (SELECT *, {lost} AS lost FROM {tables.parquet(wave.ready)}) AS r "
        f"JOIN {tables.parquet(wave.before)} AS b USING (row_id) "
        f"LEFT JOIN ({good}) AS g ON g.row_id = r.row_id WHERE r.lost OR g.row_id IS NOT NULL"
    )
