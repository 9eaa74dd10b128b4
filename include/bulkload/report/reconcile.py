"""One object's files → how many rows met which fate, counted file by file, and by how much the sum doesn't close."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

TOP_ERRORS = 10
LOST = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT, entities.Fate.ORPHANED, entities.Fate.REJECTED)


@dataclass(frozen=True, slots=True)
class Files:
    """What stands of one object. `source_rows`: how many rows the split counted while it read.

    `ready` is None where its jobs were never cut. `collected`, `running`, `unsent`: its chunks by what is
    known of them: results matched; closed, without results; in no closed job.
    """

    name: str
    source_rows: int
    staged: Path
    ready: Path | None = None
    orphans: Path | None = None
    fates: Sequence[Path] = ()
    collected: Sequence[entities.Chunk] = ()
    running: Sequence[entities.Chunk] = ()
    unsent: Sequence[entities.Chunk] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An object's rows by fate (every Fate is a key), what its successes did, and its most frequent errors."""

    source: int
    fates: dict[str, int]
    created: int = 0
    updated: int = 0
    top_errors: list[dict[str, int | str]] = field(default_factory=list)

    @property
    def gap(self) -> int:
        """Rows of the source that have no fate; negative if there are more fates than rows. 0: the sums close."""
        return self.source - sum(self.fates.values())

    @property
    def lost(self) -> int:
        """Rows that `max_failed` counts."""
        return sum(self.fates[fate] for fate in LOST)


def account(con: duckdb.DuckDBPyConnection, files: Files) -> Account:
    """Count each fate from the file that says it, so that a row lost between two files shows as a gap."""
    fates = dict.fromkeys((str(fate) for fate in entities.Fate), 0)
    staged = tables.parquet(files.staged)
    fates[entities.Fate.REJECTED] = _count(con, f"{staged} WHERE reason IS NOT NULL")
    fates[entities.Fate.MERGED] = _count(con, f"{staged} WHERE reason IS NULL AND merged_into IS NOT NULL")
    fates[entities.Fate.ORPHANED] = _count(con, tables.parquet(files.orphans)) if files.orphans else 0
    for fate, rows in con.execute(f"SELECT fate, count(*) FROM {tables.parquets(files.fates)} GROUP BY fate").fetchall():
        fates[fate] += rows
    fates[entities.Fate.IN_DOUBT] += sum(chunk.rows for chunk in files.running)
    fates[entities.Fate.UNPROCESSED] += sum(chunk.rows for chunk in files.unsent)
    if files.ready is None:
        never_cut = _count(con, f"{staged} WHERE reason IS NULL AND merged_into IS NULL")
        fates[entities.Fate.UNPROCESSED] += never_cut - fates[entities.Fate.ORPHANED]
    created = _count(con, f"{tables.parquets(files.fates)} WHERE fate = '{entities.Fate.SUCCEEDED}' AND created")
    updated = _count(con, f"{tables.parquets(files.fates)} WHERE fate = '{entities.Fate.SUCCEEDED}' AND NOT coalesce(created, false)")
    return Account(files.source_rows, fates, created, updated, _top_errors(con, files))


def _count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(found[0]) if found else 0


def _top_errors(con: duckdb.DuckDBPyConnection, files: Files) -> list[dict[str, int | str]]:
    """Count errors by their code: up to the first colon (contract 3.1); rejections by their reason's first part."""
    refused = f"SELECT error FROM {tables.parquets(files.fates)} WHERE fate = '{entities.Fate.FAILED}'"
    rejected = f"SELECT reason FROM {tables.parquet(files.staged)} WHERE reason IS NOT NULL"
    counted = f"SELECT split_part(error, ':', 1) AS code, count(*) AS rows FROM ({refused} UNION ALL {rejected}) GROUP BY code"
    found = con.execute(f"{counted} ORDER BY rows DESC, code LIMIT {TOP_ERRORS}").fetchall()
    return [{"code": code, "rows": rows} for code, rows in found]


def lists(con: duckdb.DuckDBPyConnection, files: Files, fields: Sequence[str], fate: entities.Fate, out: Path) -> int:
    """Write the rows of one fate for people: row id, error, job, cells; return how many.

    Rows of chunks that were never sent or never collected are listed too, without a job's word.
    """
    cells = ", ".join(f"s.{tables.quoted(field)}" for field in fields)
    known = f"SELECT row_id, error, job_id FROM {tables.parquets(files.fates)} WHERE fate = '{fate}'"
    parts = [known, *(_ranges(files, files.running) if fate is entities.Fate.IN_DOUBT else [])]
    if fate is entities.Fate.UNPROCESSED:
        parts += _ranges(files, files.unsent)
        parts += [_never_cut(files)] if files.ready is None else []
    query = (
        f"SELECT {tables.row_id_text(files.name, 's.row_id')} AS row_id, l.error, l.job_id, {cells} "
        f"FROM ({' UNION ALL '.join(parts)}) AS l JOIN {tables.parquet(files.staged)} AS s USING (row_id) ORDER BY s.row_id"
    )
    return tables.write_people_csv(con, query, out)


def _ranges(files: Files, chunks: Sequence[entities.Chunk]) -> list[str]:
    if files.ready is None:
        return []
    return [f"SELECT row_id, NULL, NULL FROM {tables.parquet(files.ready)} WHERE {chunk.condition}" for chunk in chunks]


def _never_cut(files: Files) -> str:
    """Name the fine rows of an object whose jobs were never cut, its orphans left out."""
    orphans = f" AND row_id NOT IN (SELECT row_id FROM {tables.parquet(files.orphans)})" if files.orphans else ""
    return f"SELECT row_id, NULL, NULL FROM {tables.parquet(files.staged)} WHERE reason IS NULL AND merged_into IS NULL{orphans}"
