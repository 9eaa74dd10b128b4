"""A plan's source, its files or the batches of its query → each object's raw rows, all from one reading.

Which reader takes it is decided here, by the plan's word or by the files' names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import batches, cells, columnar, delimited, nested, payload, shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import files, mapping, plan, raw


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a plan, about to be read: its name, the plan, and the describe of each sobject."""

    name: str
    plan: plan.Plan
    describes: Mapping[str, Any]

    @property
    def said(self) -> mapping.Source:
        """What the plan says of it."""
        return self.plan.all_sources[self.name]

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects that are read from it."""
        return tuple(name for name in self.plan.objects if self.plan.source_of(name) == self.name)

    @property
    def number(self) -> int:
        """Its place among the plan's sources: its name may be any text and no file's."""
        return list(self.plan.all_sources).index(self.name)

    def reads(self, name: str) -> dict[str, str]:
        """The source values that an object needs → the first field that each fills, or its own name."""
        fields = {str(value.from_): field for field, value in reversed(self.plan.objects[name].values.items())}
        return {read: fields.get(read, read) for read in self.plan.objects[name].reads}

    @property
    def joined(self) -> frozenset[str]:
        """The source values whose lists become one text for all objects that read them."""
        lists = {name: shapes.joined(self.plan, self.describes, name) for name in self.objects}
        others = {read for name in self.objects for read in self.reads(name) if read not in lists[name]}
        return frozenset().union(*lists.values()) - others

    def asked(self, name: str) -> frozenset[str]:
        """The source values of an object whose nulls mean something else than their absence."""
        filled = self.plan.objects[name].values.items()
        return frozenset(str(value.from_) for field, value in filled if value.from_ and self.plan.nulls_of(name, field) == "clear")


@dataclass(frozen=True, slots=True)
class Read:
    """What a source gave: the raw rows of each of its objects, and the SHA-256 of its content."""

    source: str
    raws: Mapping[str, raw.Raw]
    sha256: str


def from_files(con: duckdb.DuckDBPyConnection, source: Source, given: Sequence[files.File], folder: Path) -> Read:
    """Read a source's files, in their order, into `folder`. Raises SourceError naming file and place, PlanError for wrong `records`."""
    formats = {file.format(source.said.format): file.name for file in given}
    if len(formats) > 1:
        told = ", ".join(f"{name} is {fmt}" for fmt, name in formats.items())
        raise errors.SourceError(f"its files are of several formats ({told}); set the source's format, or name the files by a glob")
    checksum = hashlib.sha256()
    (fmt,), into = formats, folder / f"source-{source.number}"
    if fmt == "csv":
        found = _delimited(source, given, into, checksum)
    elif fmt == "parquet":
        found = _columnar(con, source, given, into, checksum)
    else:
        found = _nested(source, fmt, given, into, checksum)
    return Read(source.name, found, checksum.hexdigest())


def from_batches(source: Source, given: Iterable[batches.Batch], folder: Path) -> Read:
    """Read a query's rows as they come, into `folder`. Raises SourceError, PlanError for columns that are missing."""
    checksum = hashlib.sha256()
    columns = _columns(source, "a query")
    found = batches.read(given, columns, source.joined, folder / f"source-{source.number}", checksum)
    raws = {name: cells.rows(found, columns, source.reads(name), source.asked(name), unit="row") for name in source.objects}
    return Read(source.name, raws, checksum.hexdigest())


def _nested(source: Source, fmt: str, given: Sequence[files.File], folder: Path, checksum: files.Checksum) -> dict[str, raw.Raw]:
    paths = {name: source.plan.objects[name].records for name in source.objects}
    roots = {path.split(".")[0]: shapes.shape(source.plan, source.describes, source.name, path.split(".")[0]) for path in paths.values()}
    found = payload.read(given, roots, folder, checksum, by_line=fmt == "jsonl")
    return {
        name: nested.rows(found[path.split(".")[0]], path, source.reads(name), source.asked(name), by_line=fmt == "jsonl")
        for name, path in paths.items()
    }


def _delimited(source: Source, given: Sequence[files.File], folder: Path, checksum: files.Checksum) -> dict[str, raw.Raw]:
    columns = _columns(source, "CSV files")
    found = delimited.read(given, source.said.csv, columns, folder, checksum)
    # A CSV file knows no nulls.
    return {name: cells.rows(found, columns, source.reads(name), (), unit="line") for name in source.objects}


def _columnar(
    con: duckdb.DuckDBPyConnection, source: Source, given: Sequence[files.File], folder: Path, checksum: files.Checksum
) -> dict[str, raw.Raw]:
    found = columnar.read(con, given, _columns(source, "Parquet files"), source.joined, folder, checksum)
    return {name: found.rows(source.reads(name), source.asked(name)) for name in source.objects}


def _columns(source: Source, kind: str) -> list[str]:
    """The source values that its objects need, each once. Raises PlanError for objects that would stand in others."""
    wrong = [name for name in source.objects if source.plan.objects[name].records != "[]"]
    if wrong:
        raise errors.PlanError(*(f"objects.{name}.records: rows of {kind} stand in no list; leave it out" for name in wrong))
    return list(dict.fromkeys(read for name in source.objects for read in source.reads(name)))
