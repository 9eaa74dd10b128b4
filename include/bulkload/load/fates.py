"""Fates of an object's rows, wave by wave → the final fate of each row, as one query that all who count or link read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = "row_id, fate, sf_id, created, error, job_id"


@dataclass(frozen=True, slots=True)
class Wave:
    """What became of the rows of one wave: its settled jobs' fates, and the rows that it set aside. A row is in one file, once."""

    settled: Sequence[Path] = ()
    asides: Sequence[Path] = ()


def folded(waves: Sequence[Wave]) -> str:
    """The query of row_id, fate, sf_id, created, error, job_id: one row per row that any wave met.

    `waves` in the order they were sent: the last that met a row says its fate, error and job. A record stays known: its Id
    is the first that was given, `created` is true if any wave created it.
    """
    each = [of_wave(wave) for wave in waves]
    if not each:
        return f"SELECT {tables.NO_FATES} WHERE false"
    if len(each) == 1:
        return each[0]  # Nothing to fold, and grouping is half the cost of an id map.
    met = " UNION ALL ".join(f"SELECT *, {place} AS wave FROM ({query})" for place, query in enumerate(each))
    return f"SELECT {COLUMNS} FROM ({one_per_row(f'({met})')})"


def one_per_row(met: str, error: str = "arg_max_null(error, wave)") -> str:
    """The fold itself: of `met`, a table of a row's attempts by `wave`; `error`: the aggregate that says its error."""
    last = ", ".join(f"arg_max_null({column}, wave) AS {column}" for column in ("fate", "job_id"))
    record = "arg_min(sf_id, wave) AS sf_id, bool_or(created) AS created"
    return f"SELECT row_id, {record}, {last}, {error} AS error FROM {met} GROUP BY row_id"


def of_wave(wave: Wave) -> str:
    """The rows of one wave."""
    parts = [tables.parquets(wave.settled), *map(tables.parquet, wave.asides)]
    return " UNION ALL ".join(f"SELECT {COLUMNS} FROM {part}" for part in parts)
