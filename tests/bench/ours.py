"""A payload → uploads and orphans by the table engine: the functions that the steps call, in their order, file to file."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import files, sources, split
from include.bulkload.load import chunks, fates, results
from include.bulkload.match import id_map, link, orphans, ways
from tests.bench import family

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

JOB_BYTES = 100_000_000
PARENT, CHILD = list(family.PARENT.values()), list(family.CHILD.values())
CELLS = ", ".join(f"s.{tables.cell(field)} AS {field}" for field in CHILD)


def read(payload: Path, folder: Path) -> None:
    """Split: the payload → both objects' staged rows."""
    checked = family.checked(payload)
    with _engine(folder) as con:
        found = sources.from_files(con, sources.Source("source", checked, family.describes()), [files.local(payload)], folder)
        for name in checked.order():
            split.table_of(con, found.raws[name], checked, family.describes(), name, folder)


def parents_csv(_: Path, folder: Path) -> None:
    """CSV: the parents' rows → uploads."""
    cells = ", ".join(tables.cell(name) for name in PARENT)
    staged = tables.parquet(folder / "Account-staged.parquet")
    query = f"SELECT row_id, key, parent_row, {cells} FROM {staged} WHERE reason IS NULL AND merged_into IS NULL"
    with _engine(folder) as con:
        cut = _uploads(con, query, PARENT, "Account", folder)
    (folder / "chunks.json").write_text(json.dumps([dataclasses.asdict(each) for each in cut]))


def answers(_: Path, folder: Path) -> None:
    """Make up the results of the parents' jobs; nobody's cost."""
    with _engine(folder) as con:
        ends = [family.results(con, folder / "Account-ready.parquet", each, folder) for each in _chunks(folder)]
    (folder / "ends.json").write_text(json.dumps([dataclasses.asdict(each) for each in ends]))


def ids(_: Path, folder: Path) -> None:
    """Id map: results → each row's fate → Ids."""
    key = entities.KeyColumn("External_Id__c", entities.KeyRule.CASELESS)
    with _engine(folder) as con:
        for each, end in zip(_chunks(folder), json.loads((folder / "ends.json").read_text()), strict=True):
            files = results.ResultFiles(*(folder / f"{kind}-{each.number}.csv" for kind in ("successful", "failed", "unprocessed")))
            sent = results.Sent(folder / "Account-ready.parquet", each, tuple(PARENT), key)
            results.fates(con, sent, entities.JobEnd(**end), files, folder / f"fates-{each.number}.parquet")
        id_map.learn(con, [fates.Wave(_fates(folder))], folder / "Account-staged.parquet", folder / "ids.parquet")


def without_parent(_: Path, folder: Path) -> None:
    """Orphan filter: the children of parents that failed → a list for people."""
    lost = ways.Lost("Account", lambda: (folder / "Account-staged.parquet", [fates.Wave(_fates(folder))]), "External_Id__c")
    to_account = ways.Way(
        field=family.LOOKUP,
        number=0,
        nested=True,
        known=folder / "ids.parquet",
        from_org=None,
        column=family.LOOKUP,
        sends_key=False,
        missing="quarantine",
        required=False,
        lost=lost,
    )
    staged, aside = folder / "Contact-staged.parquet", folder / "orphans.parquet"
    with _engine(folder) as con:
        linked = link.resolve(con, staged, "Contact", CHILD, [to_account], None, aside)
        orphans.for_people(con, "Contact", CELLS, staged, aside, folder / "orphans.csv")
    (folder / "linked.sql").write_text(linked.ready)


def children_csv(_: Path, folder: Path) -> None:
    """Child CSV: all other children with their parent's Id → uploads."""
    with _engine(folder) as con:
        _uploads(con, (folder / "linked.sql").read_text(), [*CHILD, family.LOOKUP], "Contact", folder)


def _engine(folder: Path) -> duckdb.DuckDBPyConnection:
    return tables.connect(tables.Limits(folder))


def _uploads(con: duckdb.DuckDBPyConnection, query: str, columns: list[str], name: str, folder: Path) -> list[entities.Chunk]:
    ready = folder / f"{name}-ready.parquet"
    cut = chunks.plan(con, query, columns, job_bytes=JOB_BYTES, out_ready=ready)
    for each in cut:
        chunks.write(con, ready, each, columns, folder / f"{name}-{each.number}.csv")
    return cut


def _chunks(folder: Path) -> list[entities.Chunk]:
    return [entities.Chunk(**each) for each in json.loads((folder / "chunks.json").read_text())]


def _fates(folder: Path) -> list[Path]:
    return sorted(folder.glob("fates-*.parquet"))
