"""A run that was settled, with `verify: true` → the org asked whether each row that succeeded is there once, as it was meant.

One question per object, by key; by Id where rows have none. Nothing of it changes a row's fate.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries
from include.bulkload.match import columns, verified
from include.bulkload.report import reconcile
from include.bulkload.steps import journal, later_objects, later_runs, org_rows, outcome, parts, sending, targets, written

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from include.bulkload.ledger import waves
    from include.bulkload.steps import ports

Document = dict[str, Any]
ID = "Id"
BY_ID = (ID, entities.KeyRule.RECORD_ID)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an object: rows that succeeded (`verified.sent`), by which key, which of its fields."""

    sobject: str
    name: str
    rows: Path
    key: entities.KeyColumn | None
    fields: list[columns.Field]


def told(run: ports.Run, opened: journal.Opened, name: str) -> Document:
    """Verify what stands settled of an object, once; {} if the plan doesn't ask for it, or none of its rows succeeded.

    Returns {"verified": {"rows", and of each problem the rows that have it, "file": URI of their list, "notChecked": lookups,
    "superseded": rows that a later run wrote, left out}}; what is none is left out.
    Raises WrongOrg if the connection leads elsewhere, and what `query_rows` raises.
    """
    if not opened.plan.verify or opened.plan.dry_run:
        return {}
    standing = outcome.of(run, name)
    if not any(facts.has("matched") for facts in standing.jobs.values()):
        return {}
    entry = f"ledger/{name}/verified-{standing.mark}.json"
    found = run.folder.read(entry) or journal.note(run, entries.Entry(entry, _verified(run, opened, name, standing)))
    return {"verified": found}


def _verified(run: ports.Run, opened: journal.Opened, name: str, standing: outcome.Standing) -> Document:
    # A summary is written wherever the connection leads by now, and what is noted here stands for ever.
    journal.same_org(opened.org_id, run.salesforce.org_id())
    each, asked = opened.plan.objects[name], _question(run, opened, name, standing)
    asked, newer = _without_newer(run, opened, asked)
    with tables.connect(run.limits) as con:
        if each.operation in entities.DELETES:
            verified.remaining(con, asked.rows, _seen(run, con, asked, "own", []))
        else:
            _judge(run, opened, con, asked)
        rows = verified.keys(con, asked.rows, "own", run.scratch / f"{name}-verified.parquet")
        said: Document = {"rows": rows, **({"superseded": newer} if newer else {}), **verified.counts(con)}
        local = run.scratch / f"{name}-differences.csv"
        if verified.for_people(con, name, asked.rows, local):
            said["file"] = run.folder.uri(journal.keep(run, local, f"{name}/differences.csv")["name"])
    hidden = sorted({field.name for field in asked.fields if field.shown is None})
    return said | ({"notChecked": hidden} if hidden else {})


def _without_newer(run: ports.Run, opened: journal.Opened, asked: Question) -> tuple[Question, int]:
    """Leave out rows whose records later runs, or later objects of this one, wrote, or may have, and count them: these verify them."""
    # There are such runs when one that was replayed, or cleared late, is verified.
    later = [*later_runs.written(run, opened, asked.name)[asked.name], *later_objects.written(run, opened, asked.name)]
    if not later:
        return asked, 0
    out = run.scratch / f"{asked.name}-own.parquet"
    with tables.connect(run.limits) as con:
        left_out = verified.without(con, asked.rows, targets.staged_file(run, asked.name), later, out)
    return dataclasses.replace(asked, rows=out), left_out


def _judge(run: ports.Run, opened: journal.Opened, con: duckdb.DuckDBPyConnection, asked: Question) -> None:
    """Compare records with what was sent; those that aren't found by their key are asked for by Id."""
    by = "key" if asked.key else "own"
    paths = columns.asked(asked.fields)
    seen = [_seen(run, con, asked, by, paths)]
    verified.find(con, asked.rows, by, seen[0])
    left = run.scratch / f"{asked.name}-left.parquet"
    if asked.key and verified.missing(con, asked.rows, left):
        more = run.scratch / f"{asked.name}-by_id.parquet"
        org_rows.read(run, (asked.sobject, *BY_ID), left, paths, more)
        seen.append(more)
    lookups = set(opened.plan.objects[asked.name].links)
    verified.judge(con, asked.rows, seen, asked.fields, lookups, asked.key.name if asked.key else ID)


def _seen(run: ports.Run, con: duckdb.DuckDBPyConnection, asked: Question, by: str, paths: list[str]) -> Path:
    keys, out = run.scratch / f"{asked.name}-asked.parquet", run.scratch / f"{asked.name}-there.parquet"
    verified.keys(con, asked.rows, by, keys)
    whose = (asked.key.name, asked.key.rule) if asked.key and by == "key" else BY_ID
    org_rows.read(run, (asked.sobject, *whose), keys, paths, out)
    return out


def _question(run: ports.Run, opened: journal.Opened, name: str, standing: outcome.Standing) -> Question:
    met, how, out = outcome.met(run, standing), sending.of(opened, name), run.scratch / f"{name}-succeeded.parquet"
    key = None if how.key is None or how.key.name == ID else how.key
    waves = [
        _wave(run, opened, wave, each.settled, key)
        for wave, each in zip(standing.waves, met, strict=True)
        if wave.ready is not None and each.settled
    ]
    fields = list({each.column: each for wave in waves for each in wave.fields}.values())
    with tables.connect(run.limits) as con:
        # As the summary has it: a record that lacks its link is no success, whatever its own job said.
        reconcile.account(con, parts.files_of(run, opened, name, standing))
        verified.sent(con, waves, fields, "FROM final", out)
    return Question(opened.sobject(name), name, out, key, fields)


def _wave(run: ports.Run, opened: journal.Opened, wave: waves.Wave, settled: Any, key: entities.KeyColumn | None) -> verified.Wave:
    keyed = key is not None and wave.key == key
    return verified.Wave(journal.bring(run, wave.ready or {}), settled, written.fields(opened, wave.name, wave.columns), keyed)
