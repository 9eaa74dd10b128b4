"""A plan and a source → a begun run: checked against the org, rows staged, the parents' jobs cut.

Each stage is named in the ledger once it stands; a retry reads what stands there and never cuts anew.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors, tables
from include.bulkload.intake import plan, preflight, sources, split
from include.bulkload.ledger import entries
from include.bulkload.load import chunks
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import raw
    from include.bulkload.steps import ports

NO_SUCH_OBJECT = 404


def load(run: ports.Run, document: dict[str, Any], inlet: ports.Inlet) -> dict[str, Any]:
    """Begin the run by its plan and cut the first objects' jobs.

    `inlet` is where its sources are read from. Returns {"chunks": {object: [number, ...]},
    "rows": {object: {"rows", "rejected", "merged"}}, "folder": uri}. Raises PlanError with every finding,
    SourceError naming the place, before anything is sent.
    """
    opened = _begun(run, document)
    staged = _staged(run, opened, inlet)
    roots = [name for name in opened.plan.order() if not opened.plan.objects[name].parents]
    return {
        "chunks": {name: _planned(run, opened, name, staged[name]) for name in roots},
        "rows": {name: {count: staged[name][count] for count in ("rows", "rejected", "merged")} for name in staged},
        "folder": run.folder.uri(""),
    }


def _begun(run: ports.Run, document: dict[str, Any]) -> journal.Opened:
    """Open the run, or begin it: an earlier try's copy of the plan counts, whatever the plan says now."""
    if run.folder.read(entries.BEGUN) is None:
        checked = plan.plan_from(document)
        org_id = run.salesforce.org_id()
        describes = _described(run, checked)
        preflight.check(checked, describes)
        kept = journal.keep(run, journal.write_json(checked.model_dump(mode="json", by_alias=True), run.scratch / "plan.json"), "plan.json")
        told = journal.keep(run, journal.write_json(describes, run.scratch / "describes.json"), "describes.json")
        journal.note(run, entries.begun(org_id, kept, told, run.now()))
    return journal.opened(run)


def _described(run: ports.Run, checked: plan.Plan) -> dict[str, dict[str, Any]]:
    """Fetch the describe of each sobject of the plan. Raises PlanError naming all that the org doesn't have."""
    found, missing = {}, []
    for name, each in checked.objects.items():
        try:
            found[each.sobject] = run.salesforce.describe(each.sobject)
        except errors.RequestRefused as refused:
            if refused.status != NO_SUCH_OBJECT:
                raise
            missing.append(f"objects.{name}.sobject: the org has no {each.sobject}, or this user may not see it; mend its name")
    if missing:
        raise errors.PlanError(*missing)
    return found


def _staged(run: ports.Run, opened: journal.Opened, inlet: ports.Inlet) -> dict[str, dict[str, Any]]:
    """Read each source once, or what stands; per object its counts and stored files."""
    standing = run.folder.read(entries.STAGED)
    if standing is None:
        standing = journal.note(run, _read(run, opened, inlet))
    return dict(standing["objects"])


def _read(run: ports.Run, opened: journal.Opened, inlet: ports.Inlet) -> entries.Entry:
    """Read each source, stage each object's rows, store what was found."""
    with tables.connect(run.limits) as con:
        read = [_sourced(run, con, sources.Source(name, opened.plan, opened.describes), inlet) for name in opened.plan.all_sources]
        raws: Mapping[str, raw.Raw] = {name: found for each in read for name, found in each.raws.items()}
        found = {name: split.table_of(con, raws[name], opened.plan, opened.describes, name, run.scratch) for name in opened.plan.order()}
    objects = {
        name: {
            "rows": each.rows,
            "rejected": each.rejected,
            "merged": each.merged,
            "filtered": each.filtered,
            "changes": each.changes,
            "file": journal.keep(run, each.path, f"{name}/staged.parquet"),
            "rejected_csv": journal.keep(run, each.rejected_csv, f"{name}/rejected.csv"),
        }
        for name, each in found.items()
    }
    return entries.staged(objects, {each.source: each.sha256 for each in read})


def _sourced(run: ports.Run, con: duckdb.DuckDBPyConnection, source: sources.Source, inlet: ports.Inlet) -> sources.Read:
    if source.said.sql is not None:
        return sources.from_batches(source, inlet.batches(source.said.sql, str(source.said.conn_id)), run.scratch)
    return sources.from_files(con, source, inlet.files(str(source.said.uri), run.scratch / f"files-{source.number}"), run.scratch)


def _planned(run: ports.Run, opened: journal.Opened, name: str, staged: dict[str, Any]) -> list[int]:
    columns = list(opened.plan.objects[name].fields)
    cells = ", ".join(tables.quoted(column) for column in columns)
    source = tables.parquet(journal.bring(run, staged["file"]))
    query = f"SELECT row_id, key, parent_row, {cells} FROM {source} WHERE reason IS NULL AND merged_into IS NULL"
    return cut(run, opened, name, query, columns)


def cut(run: ports.Run, opened: journal.Opened, name: str, query: str, columns: list[str]) -> list[int]:
    """Cut an object's rows into jobs and store their CSVs, or read what stands; the chunks' numbers."""
    standing = run.folder.read(entries.planned_name(name))
    if standing is None:
        standing = journal.note(run, _cut(run, opened, name, query, columns))
    return [each["number"] for each in standing["chunks"]]


def _cut(run: ports.Run, opened: journal.Opened, name: str, query: str, columns: list[str]) -> entries.Entry:
    ready = run.scratch / f"{name}-ready.parquet"
    with tables.connect(run.limits) as con:
        found = chunks.plan(con, query, columns, job_bytes=opened.plan.job_bytes, out_ready=ready)
        stored = [_stored_chunk(run, name, each, con, ready, columns) for each in found]
    return entries.planned(name, journal.keep(run, ready, f"{name}/ready.parquet"), stored)


def _stored_chunk(
    run: ports.Run, name: str, each: entities.Chunk, con: duckdb.DuckDBPyConnection, ready: Path, columns: list[str]
) -> dict[str, Any]:
    local = run.scratch / f"{name}-chunk-{each.number:05d}.csv"
    chunks.write(con, ready, each, columns, local)
    kept = journal.keep(run, local, f"{name}/chunks/{each.number:05d}.csv")
    local.unlink(missing_ok=True)
    return {**dataclasses.asdict(each), "csv": kept}
