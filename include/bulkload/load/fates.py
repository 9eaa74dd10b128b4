"""Fates of an object's rows, wave by wave → the final fate of each row, as one query that all who count or link read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = "row_id, fate, sf_id, created, error, job_id"
# How the attempts of a row follow each other. An insert that made its record can't be undone by another one that didn't, be it refused
# as a duplicate: what was in flight when its job was aborted may come after the rows went again.
MORE_THAN_WAVES = 1_000_000
STANDS = f"fate IN ('{entities.Fate.SUCCEEDED}', '{entities.Fate.IN_DOUBT}')"
ORDER = f"CASE WHEN inserts AND NOT {STANDS} THEN wave - {MORE_THAN_WAVES} ELSE wave END"


@dataclass(frozen=True, slots=True)
class Wave:
    """What became of the rows of one wave: its settled jobs' fates, and the rows that it set aside. A row is in one file, once.

    `inserts`: its jobs insert.
    """

    settled: Sequence[Path] = ()
    asides: Sequence[Path] = ()
    inserts: bool = False


def folded(waves: Sequence[Wave]) -> str:
    """The query of row_id, fate, sf_id, created, error, job_id: one row per row that any wave met.

    `waves` in the order they were sent: the last that met a row says its fate, error and job, but of inserts one that made a record
    or may have made it. A record stays known: its Id is the first that was given, `created` is true if any wave created it.
    """
    if not waves:
        return f"SELECT {tables.NO_FATES} WHERE false"
    if len(waves) == 1:
        return of_wave(waves[0])  # Nothing to fold, and grouping is half the cost of an id map.
    met = " UNION ALL ".join(attempts(waves))
    return f"SELECT {COLUMNS} FROM ({one_per_row(f'({met})')})"


def attempts(waves: Sequence[Wave]) -> list[str]:
    """The queries of the rows of each wave, with its place among the `waves` (wave) and whether it inserts (inserts)."""
    return [f"SELECT *, {place} AS wave, {each.inserts} AS inserts FROM ({of_wave(each)})" for place, each in enumerate(waves)]


def one_per_row(met: str, error: str = f"arg_max_null(error, {ORDER})") -> str:
    """The fold itself: of `met`, a table of a row's `attempts`; `error`: the aggregate that says its error."""
    last = ", ".join(f"arg_max_null({column}, {ORDER}) AS {column}" for column in ("fate", "job_id"))
    record = "arg_min(sf_id, wave) AS sf_id, bool_or(created) AS created"
    return f"SELECT row_id, {record}, {last}, {error} AS error FROM {met} GROUP BY row_id"


def of_wave(wave: Wave) -> str:
    """The rows of one wave."""
    parts = [tables.parquets(wave.settled), *map(tables.parquet, wave.asides)]
    return " UNION ALL ".join(f"SELECT {COLUMNS} FROM {part}" for part in parts)
