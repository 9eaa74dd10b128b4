"""A job's three result files and its rows → one fate per row, proven by the job's own numbers (contract 3).

Rows with a key find their result by the key; rows without one by their text (`echoes`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from include.bulkload.basics import entities, errors, tables
from include.bulkload.load import echoes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ID = r"[A-Za-z0-9]{18}"


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """The three files as Salesforce sent them; each may be empty or hold just a header."""

    successful: Path
    failed: Path
    unprocessed: Path


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: the rows of one chunk, their columns in CSV order, the key's column, the columns' field types."""

    ready: Path
    chunk: entities.Chunk
    columns: tuple[str, ...]
    key: entities.KeyColumn | None = None
    types: Mapping[str, str] = field(default_factory=dict)


def fates(
    con: duckdb.DuckDBPyConnection, sent: Sent, end: entities.JobEnd, files: ResultFiles, out: Path, *, closed: bool = True
) -> dict[str, int]:
    """Write `out` (row_id, fate, sf_id, created, error, job_id), one row per sent row; return rows by fate.

    `closed`: whether anybody may have closed the job: then, once it is aborted, a chunk may be in flight whose rows are in no file.
    Raises ResultsIncomplete if the files don't have the rows that the job counts (fetch them again), and
    ContradictingIds for a result that fits no row, or a second result for one row.
    """
    needed = "row_id, key" if sent.key else "*"
    con.execute(f"CREATE OR REPLACE TEMP TABLE sent AS SELECT {needed} FROM {tables.parquet(sent.ready)} WHERE {sent.chunk.condition}")
    counts = _read(con, sent, files)
    _same_numbers(end, counts)
    if sent.key is not None:
        query = _by_key(con, end, closed=closed)
    elif _did_nothing(end, closed=closed) or (not end.processed and counts[entities.Fate.UNPROCESSED] == sent.chunk.rows):
        query = f"SELECT row_id, '{entities.Fate.UNPROCESSED}' AS fate, NULL AS sf_id, NULL AS created, NULL AS error FROM sent"
    else:
        query = echoes.fates(con, sent.columns, sent.types, closes=sum(counts.values()) == sent.chunk.rows)
    message = f"CASE WHEN fate = '{entities.Fate.UNPROCESSED}' THEN coalesce(error, {_said(end)}) ELSE error END"
    # Typed, though a job may have no Id and no error at all: files of several jobs are read together.
    told = f"row_id, fate, sf_id::VARCHAR AS sf_id, created::BOOLEAN AS created, ({message})::VARCHAR AS error"
    told += f", {tables.literal(end.job_id)} AS job_id"
    tables.write_parquet(con, f"SELECT {told} FROM ({query})", out)
    return tally(con, out)


def unknown(con: duckdb.DuckDBPyConnection, sent: Sent, job_id: str, why: str, out: Path) -> dict[str, int]:
    """Write `out` as `fates` does for a job of which nothing is known: each row is in doubt, and `why` says why."""
    told = f"NULL::VARCHAR AS sf_id, NULL::BOOLEAN AS created, {tables.literal(why)} AS error, {tables.literal(job_id)} AS job_id"
    rows = f"FROM {tables.parquet(sent.ready)} WHERE {sent.chunk.condition}"
    tables.write_parquet(con, f"SELECT row_id, '{entities.Fate.IN_DOUBT}' AS fate, {told} {rows}", out)
    return tally(con, out)


def tally(con: duckdb.DuckDBPyConnection, fates_file: Path) -> dict[str, int]:
    """Count the rows of a job by fate."""
    found = con.execute(f"SELECT fate, count(*) FROM {tables.parquet(fates_file)} GROUP BY fate ORDER BY fate").fetchall()
    return {str(fate): int(rows) for fate, rows in found}


def _said(end: entities.JobEnd) -> str:
    """What the job says of rows that it handed back, as an SQL text or NULL."""
    return tables.literal(end.error_message) if end.error_message else "NULL::VARCHAR"


def _read(con: duckdb.DuckDBPyConnection, sent: Sent, files: ResultFiles) -> dict[str, int]:
    """Read all results into `outcome`: fate, sf_id, created, error, and the folded key or all cells; rows by fate."""
    cells = ", ".join(f"{name} VARCHAR" for name in (["found_key"] if sent.key else map(tables.cell, sent.columns)))
    con.execute(f"CREATE OR REPLACE TEMP TABLE outcome (fate VARCHAR, sf_id VARCHAR, created BOOLEAN, error VARCHAR, {cells})")
    own = {
        entities.Fate.SUCCEEDED: (files.successful, '"sf__Id", "sf__Created" = \'true\', NULL'),
        entities.Fate.FAILED: (files.failed, 'NULL, NULL, "sf__Error"'),  # never an Id from failedResults
        entities.Fate.UNPROCESSED: (files.unprocessed, "NULL, NULL, NULL"),
    }
    return {fate: _insert(con, sent, fate, path, told) for fate, (path, told) in own.items()}


def _insert(con: duckdb.DuckDBPyConnection, sent: Sent, fate: str, path: Path, told: str) -> int:
    """Read one file. Columns are found by name, whatever their order and case (contract 3)."""
    header = tables.header_of(path)
    if not header:
        return 0
    missing = [column for column in sent.columns if column.lower() not in {name.lower() for name in header}]
    if missing:
        raise errors.ResultsIncomplete(f"{path.name}: the column {missing[0]} that was sent isn't in it; fetch it again")
    cells = ", ".join(f"coalesce({tables.quoted(column)}, '')" for column in sent.columns)
    if sent.key:
        cells = tables.folded(tables.quoted(sent.key.name), sent.key.rule)
    source = tables.strict_csv(path, header)
    try:
        inserted = con.execute(f"INSERT INTO outcome SELECT '{fate}', {told}, {cells} FROM {source}").fetchone()
    except duckdb.Error as wrong:
        raise errors.ResultsIncomplete(f"{path.name}: it can't be read to its end; fetch it again") from wrong
    return int(inserted[0]) if inserted else 0


def _same_numbers(end: entities.JobEnd, counts: Mapping[str, int]) -> None:
    """Compare the files' rows with the job's counters (`processed` counts failed rows too, contract 2.6)."""
    succeeded, failed = counts[entities.Fate.SUCCEEDED], counts[entities.Fate.FAILED]
    if (succeeded, failed) != (end.processed - end.failed, end.failed):
        message = (
            f"job {end.job_id} counts {end.processed - end.failed} successful and {end.failed} failed rows, "
            f"its results have {succeeded} and {failed}; fetch them again"
        )
        raise errors.ResultsIncomplete(message)


def _did_nothing(end: entities.JobEnd, *, closed: bool) -> bool:
    """Whether a row is proven unprocessed though it is in no file. Of an aborted job the sums must close (contract 8.10)."""
    return end.processed == 0 and not (closed and end.state is entities.JobState.ABORTED)


def _by_key(con: duckdb.DuckDBPyConnection, end: entities.JobEnd, *, closed: bool) -> str:
    """Join rows and results by the folded key; what has no result is unprocessed if the job did nothing, else in doubt."""
    _no_contradiction(con, end)
    without = entities.Fate.UNPROCESSED if _did_nothing(end, closed=closed) else entities.Fate.IN_DOUBT
    return f"SELECT row_id, coalesce(fate, '{without}') AS fate, sf_id, created, error FROM sent LEFT JOIN outcome ON sent.key = found_key"


def _no_contradiction(con: duckdb.DuckDBPyConnection, end: entities.JobEnd) -> None:
    """Raise ContradictingIds for a key that comes twice, one that nobody sent, or an Id that is none."""
    stop = f"nothing more is sent; look at job {end.job_id} in Salesforce's Setup"
    twice = con.execute("SELECT found_key, count(*) FROM outcome GROUP BY found_key HAVING count(*) > 1 LIMIT 1").fetchone()
    if twice:
        raise errors.ContradictingIds(f"job {end.job_id} has {twice[1]} results for the key {twice[0]!r}; {stop}")
    unknown = con.execute("SELECT found_key, fate FROM outcome ANTI JOIN sent ON sent.key = found_key LIMIT 1").fetchone()
    if unknown:
        raise errors.ContradictingIds(f"job {end.job_id} has a {unknown[1]} result for the key {unknown[0]!r}, which wasn't sent; {stop}")
    no_id = con.execute(
        f"SELECT found_key, sf_id FROM outcome WHERE fate = '{entities.Fate.SUCCEEDED}' "
        f"AND NOT regexp_full_match(coalesce(sf_id, ''), '{ID}') LIMIT 1"
    ).fetchone()
    if no_id:
        raise errors.ContradictingIds(f"job {end.job_id} gives {no_id[1]!r} as the Id of the key {no_id[0]!r}; {stop}")
