"""A run id → the dry run of its undoing: what would be deleted and restored, what has changed since, in stored files.

Nothing of it writes to the org. It bounds what an undo may touch: what the dry run doesn't list stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import lists
from include.bulkload.ledger import entries, undos
from include.bulkload.match import columns, restored, since, undoing
from include.bulkload.report import undone
from include.bulkload.steps import journal, org_rows, remember, targets, undo_late, undo_look, undo_newer, undo_written

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from include.bulkload.steps import ports


@dataclass
class Plan:
    """A dry run while it is made: by object its planned rows (`undoing.COLUMNS`), lists for people, what to say of it."""

    number: int
    rows: dict[str, Path] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)


def make(run: ports.Run) -> dict[str, Any]:
    """Look at all that a run wrote and plan its undoing. `run`: the run that is to be undone, its folder and ledger.

    Returns {"number": of this dry run, "summary": document (report/undone), "nothing": whether nothing is left to undo}.
    Raises JobStillRunning while a job of the run runs; what queries raise.
    """
    opened = journal.opened(run)
    number = undos.next_number(run.folder.names(undos.PLAN))
    if run.folder.read(entries.STAGED) is None:
        return _noted(run, number, undone.dry({}, run.folder.uri(""), run.now(), []), {"rows": {}, "jobs": [], "moves": {}})
    troubles = undo_written.collect(run, opened) + undo_late.told(run, opened)
    # Before the looks: what is sent or stored while they last counts as after them.
    looked_at = {"jobs": sorted(undo_written.sent(run, opened)), "moves": undo_late.moves(run, opened)}
    # What the load left to later runs must stand before some of it is forgotten.
    remember.objects(run, opened)
    found = undo_written.of(run, opened)
    made = Plan(number)
    with tables.connect(run.limits) as con:
        looks = undo_look.look(run, opened, con)
        for each in found:
            _restores(run, opened, con, each, made)
        for each in found:
            created = f"(SELECT row_id, sf_id FROM {tables.parquet(each.records)} WHERE created)"
            looks.at(con, each.name, created, tables.parquet(each.doubtful) if each.doubtful else "")
        since.keep_parents(con)
        parts = {each.name: _part(run, opened, con, each, made) for each in found}
    for name, part in parts.items():
        part["notChecked"] = looks.unchecked.get(opened.sobject(name), [])
        part["inDoubt"] = undo_written.in_doubt(run, name)
    document = undone.dry(parts, run.folder.uri(""), run.now(), troubles)
    rows = {name: journal.keep(run, path, f"undo/{name}-{number:03d}.parquet") for name, path in made.rows.items()}
    return _noted(run, number, document, {"rows": rows, **looked_at})


def _noted(run: ports.Run, number: int, document: dict[str, Any], looked_at: dict[str, Any]) -> dict[str, Any]:
    """Take the dry run's number; one that was made at the same time has the next. `looked_at`: "rows", stored files; "jobs"; "moves"."""
    while True:
        try:
            run.folder.create(undos.plan_name(number), {**looked_at, "summary": document, "by": run.name.run_id})
        except FileExistsError:
            number += 1
            continue
        left = any(part["delete"] or part["restore"] for part in document["objects"].values())
        return {"number": number, "summary": document, "nothing": not left}


def _restores(run: ports.Run, opened: journal.Opened, con: duckdb.DuckDBPyConnection, each: undo_written.Written, made: Plan) -> None:
    """Judge the changed records of an object; note which are about to leave their parents."""
    if each.values is None:
        return
    look(run, opened, con, each, f"(SELECT * FROM {tables.parquet(each.values)})")
    out = run.scratch / f"{each.name}-restores.parquet"
    undoing.restores(con, out)
    made.rows[each.name] = out
    listed = run.scratch / f"{each.name}-restore.csv"
    if undoing.restores_for_people(con, each.name, listed):
        made.files.setdefault(each.name, {})["restore"] = kept(run, listed, each.name, "restore", made.number)
    con.execute(f"INSERT INTO leaving SELECT left(sf_id, 15), field FROM fields WHERE state = '{since.DUE}'")


def look(run: ports.Run, opened: journal.Opened, con: duckdb.DuckDBPyConnection, each: undo_written.Written, values: str) -> None:
    """Ask for the changed records (`values`: an SQL table expression of some of them) as they stand, and judge them (`restored.judge`)."""
    chosen, keys, seen = (run.scratch / f"{each.name}-changed-{part}.parquet" for part in ("values", "keys", "seen"))
    tables.write_parquet(con, f"SELECT * FROM {values}", chosen)
    tables.write_parquet(con, f"SELECT left(sf_id, 15) AS key, sf_id AS text FROM {tables.parquet(chosen)}", keys)
    org_rows.read(run, (opened.sobject(each.name), "Id", entities.KeyRule.RECORD_ID), keys, columns.asked(each.fields), seen)
    restored.judge(con, chosen, seen, each.fields, undo_newer.records(run, opened, each.name))


def _part(run: ports.Run, opened: journal.Opened, con: duckdb.DuckDBPyConnection, each: undo_written.Written, made: Plan) -> dict[str, Any]:
    """Put an object's planned rows together, list them for people, count them."""
    out = run.scratch / f"{each.name}-planned.parquet"
    undoing.planned(con, each.name, made.rows.get(each.name), out)
    made.rows[each.name] = out
    files = made.files.setdefault(each.name, {})
    shown = lists.cells(opened.plan.objects[each.name])
    for title, condition in undoing.LISTS.items():
        local = run.scratch / f"{each.name}-{title}.csv"
        if undoing.for_people(con, each.name, shown, targets.staged_file(run, each.name), out, condition, local):
            files[title] = kept(run, local, each.name, title, made.number)
    operation = opened.plan.objects[each.name].operation
    deleted_by_run = undoing.count(con, each.records) if operation in entities.DELETES else 0
    not_kept = 0 if operation in entities.DELETES else undoing.count(con, each.records, _not_kept(each))
    return undone.planned(undoing.counts(con, out), not_kept=not_kept, deleted_by_run=deleted_by_run, files=files)


def _not_kept(each: undo_written.Written) -> str:
    """Which of an object's records the run changed, without what they held before."""
    known = f" AND left(sf_id, 15) NOT IN (SELECT left(sf_id, 15) FROM {tables.parquet(each.kept)})" if each.kept else ""
    return f"NOT coalesce(created, false) AND {since.unlisted()}{known}"


def kept(run: ports.Run, local: Path, name: str, title: str, number: int) -> str:
    """Store a list for people; say where."""
    return run.folder.uri(journal.keep(run, local, f"undo/{name}-{title}-{number:03d}.csv")["name"])
