"""Parquet files → the columns that the plan reads, as text, one Parquet file of ours for each.

Each file is copied first: what is read is what was checksummed, and its name can't be taken for a pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from include.bulkload.basics import errors, tables
from include.bulkload.intake import cells, column_text, files, names, raw

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from duckdb.sqltypes import DuckDBPyType


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the rows stand as text: our files, their sources' names, and what their columns hold, in order."""

    parts: tuple[Path, ...]
    names: tuple[str, ...]
    values: tuple[str, ...]

    def rows(self, reads: Mapping[str, str], asked: Collection[str]) -> raw.Raw:
        """Take one object's values. `reads`: source value → what it fills; `asked`: those whose nulls are to be told."""
        at = {name: self.values.index(name) for name in reads}
        faults = ", ".join(f"{tables.literal(f'bad value: {field}: ')} || f{at[name]}" for name, field in reads.items())
        told = ", ".join(
            f"CASE WHEN c{at[name]} IS NULL AND f{at[name]} IS NULL THEN {tables.literal(name)} END" for name in reads if name in asked
        )
        nulls = f"nullif(list_filter([{told}], lambda name: name IS NOT NULL), [])" if told else "NULL::VARCHAR[]"
        query = (
            f"SELECT row_id, NULL::BIGINT AS parent_row, nth, [{', '.join(f'c{place}' for place in at.values())}]::VARCHAR[] AS raw, "
            f"{nulls} AS nulls, coalesce({faults}) AS fault, false AS filtered FROM ({self._numbered()})"
        )
        place = f"concat({raw.file_name(self.names)}, 'row ', nth + 1) AS place"
        return raw.Raw(
            query, tuple(reads), lambda wanted: f"SELECT row_id, {place} FROM ({self._numbered()}) SEMI JOIN {wanted} USING (row_id)"
        )

    def _numbered(self) -> str:
        row_id = f"file * {tables.POSITIONS} + row_number() OVER ()"
        paths = ", ".join(tables.literal(str(part)) for part in self.parts)
        return f"SELECT {row_id} AS row_id, file_row_number::INTEGER AS nth, * FROM read_parquet([{paths}], file_row_number=true)"


def read(
    con: duckdb.DuckDBPyConnection,
    given: Sequence[files.File],
    wanted: Sequence[str],
    joined: Collection[str],
    folder: Path,
    checksum: files.Checksum,
) -> Columns:
    """Write the wanted values of the files' rows as text into `folder`.

    `joined`: those of them whose lists become one text. Raises SourceError naming the file if it can't be read or has
    other columns than the first one, PlanError naming columns that are missing.
    """
    folder.mkdir()
    first: list[str] = []
    parts = []
    for number, file in enumerate(given):
        part = folder / f"{number}-text.parquet"
        try:
            copied = _copied(file, folder / f"{number}.parquet", checksum)
            source = con.sql(f"SELECT * FROM {_table(copied)}")
            first = first or source.columns
            cells.same(first, source.columns, given[0].name)
            tables.write_parquet(con, f"SELECT {number} AS file, {_texts(source, wanted, joined, file.name)} FROM {_table(copied)}", part)
        except errors.SourceError as wrong:
            raise errors.SourceError(f"{file.name}: {wrong}") from wrong
        except duckdb.Error as wrong:
            told = str(wrong).partition("\n")[0].replace(str(copied), file.name)
            raise errors.SourceError(f"{file.name}: it can't be read as Parquet ({told}); write it anew") from wrong
        copied.unlink()
        parts.append(part)
    return Columns(tuple(parts), tuple(file.name for file in given), tuple(wanted))


def _copied(file: files.File, path: Path, checksum: files.Checksum) -> Path:
    with path.open("wb") as target:
        target.writelines(files.blocks(file, checksum))
    return path


def _table(path: Path) -> str:
    return f"read_parquet({tables.literal(str(path))}, hive_partitioning=false, filename=false)"


def _texts(source: duckdb.DuckDBPyRelation, wanted: Sequence[str], joined: Collection[str], name: str) -> str:
    """The columns of text, `c0` …, and of what can't become text, `f0` …. Raises PlanError for values that aren't there."""
    types = dict(zip(source.columns, source.types, strict=True))
    told, missing = [], []
    for place, value in enumerate(wanted):
        place_of = _found(value, types)
        if place_of is None:
            missing.append(value)
            continue
        text = column_text.text(*place_of, is_joined=value in joined)
        fault = column_text.fault(*place_of, is_joined=value in joined) or "NULL::VARCHAR"
        told.append(f"{text} AS c{place}, {fault} AS f{place}")
    if missing:
        raise errors.PlanError(*(cells.missing(value, source.columns, name) for value in missing))
    return ", ".join(told)


def _found(value: str, types: Mapping[str, DuckDBPyType]) -> tuple[str, DuckDBPyType] | None:
    """Where a source value stands: a column as it is called, or what a JSON pointer leads to."""
    if value in types:
        return tables.quoted(value), types[value]
    top, *keys = names.parsed(value).keys
    return column_text.found(tables.quoted(top), types[top], keys) if top in types else None
