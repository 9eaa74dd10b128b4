"""What earlier runs of a plan loaded into its org → rows that needn't be sent again; and what this run leaves for later ones.

docs/changed_only.md says what is remembered, what counts as an edit, and when a row goes again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors, tables
from include.bulkload.intake import same_records
from include.bulkload.ledger import entries
from include.bulkload.match import changes
from include.bulkload.steps import earlier_objects, generations, journal, org_keys, own_times, untold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]
SOURCE = "source"
WATCHED = ("Id", "LastModifiedById", "LastModifiedDate", "SystemModstamp")
# What is committed late, or stamped by another server's clock, is asked for twice rather than never.
OVERLAP = timedelta(hours=1)


def compared_name(name: str, replay: int = 0) -> str:
    """Where an object's look into the memory stands: the run's own, or that of one of its replays."""
    return f"ledger/{name}/compared-{replay:03d}.json" if replay else f"ledger/{name}/compared.json"


def unchanged(
    run: ports.Run,
    opened: journal.Opened,
    name: str,
    ready: Path,
    columns: Sequence[str],
    out_aside: Path,
    out_ready: Path,
    *,
    replay: int = 0,
) -> dict[str, int]:
    """Leave out the rows that an earlier run loaded with the same cells; call it for each wave that sends whole rows.

    `ready`: linked rows with row_id, key and `columns`, as they will be sent, in sending order, which `out_ready` keeps.
    `out_aside`: rows with the fate unchanged and their Id. Returns {"unchanged": rows left out because nothing changed, "edited":
    rows whose record others edited, left out too unless the plan says `win: source`, "forgotten": remembered records that are
    gone from the org}. Raises what `query_rows` raises.
    """
    compared = _compared(run, opened, name, replay)
    each, remembered = opened.plan.objects[name], journal.bring(run, compared["known"])
    with tables.connect(run.limits) as con:
        told = changes.leave_out(
            con,
            ready,
            remembered,
            changes.digest(columns, seed(opened, name, columns)),
            source_wins=each.win == SOURCE,
            again=earlier_objects.again(run, opened, name, replay),
            out_aside=out_aside,
            out_ready=out_ready,
        )
    return {**dataclasses.asdict(told), "forgotten": int(compared["forgotten"])}


def unchanged_links(
    run: ports.Run, opened: journal.Opened, name: str, ready: Path, columns: Sequence[str], out_ready: Path, *, replay: int = 0
) -> int:
    """Leave out the rows of a second pass (Id and links) that an earlier run sent alike; return how many.

    They need no fate of their own: the record has these links already.
    """
    compared = _compared(run, opened, name, replay)
    digested = changes.digest(columns, seed(opened, name, columns))
    source_wins, remembered = opened.plan.objects[name].win == SOURCE, journal.bring(run, compared["known"])
    again = earlier_objects.again(run, opened, name, replay)
    with tables.connect(run.limits) as con:
        return changes.leave_links_out(con, ready, remembered, digested, source_wins=source_wins, again=again, out_ready=out_ready)


def look_ahead(run: ports.Run, opened: journal.Opened, name: str, *, replay: int = 0) -> None:
    """Look for the other objects of the sobject too, before this one writes: afterwards its user stands where an edit's stood.

    Not in a plan that deletes: what goes between this look and the job isn't there any more. Raises what `query_rows` raises.
    """
    if not any(each.operation in entities.DELETES for each in opened.plan.objects.values()):
        for other in same_records.beside(opened.plan, name):
            if opened.plan.objects[other].changed_only:
                _compared(run, opened, other, replay)


def seed(opened: journal.Opened, name: str, columns: Sequence[str]) -> str:
    """What the plan says of the cells: with another field, operation or policy the same cells mean something else."""
    each = opened.plan.objects[name]
    said = {
        "columns": list(columns),
        "operation": each.operation,
        "update_only": each.update_only,
        "external_id": each.external_id,
        "nulls": {field: opened.plan.nulls_of(name, field) for field in each.fields},
        "missing": {field: [link.missing for link in links] for field, links in each.links.items()},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _compared(run: ports.Run, opened: journal.Opened, name: str, replay: int) -> Document:
    """Look into the memory and ask the org what became of it since, once a run and once a replay."""
    return run.folder.read(compared_name(name, replay)) or journal.note(run, _compare(run, opened, name, replay))


def _compare(run: ports.Run, opened: journal.Opened, name: str, replay: int) -> entries.Entry:
    kept, where = generations.demanded(run, name), generations.place(opened, name)
    # A run that forgets has told anew what it loaded: its replay goes on from there.
    forget = opened.plan.forget and not replay
    # Before the newest generation: who tells what it wrote takes its mark away after that.
    untold_of = untold.of_others(run, opened, name, replay)
    number, document = generations.newest(kept, where)
    out, found = run.scratch / f"{name}-known.parquet", {"seen": None, "forgotten": 0}
    if forget or not document.get("rows"):
        with tables.connect(run.limits) as con:
            changes.nothing(con, out)
    else:
        found = _asked(run, opened, name, document, out, users={each["by"] for each in untold_of.values()})
    windows = [] if forget else document.get("windows", [])
    known = journal.keep(run, out, f"{name}/known.parquet")
    said = {"generation": number, "known": known, "windows": windows, "untold": sorted(untold_of)}
    return entries.Entry(compared_name(name, replay), said | found)


def _asked(run: ports.Run, opened: journal.Opened, name: str, document: Document, out: Path, *, users: Collection[str]) -> Document:
    """Ask the org which remembered records are still there, and which changed since; write what is still known.

    `users`: of runs that never told what they wrote.
    """
    sobject, remembered = opened.plan.objects[name].sobject, generations.file(generations.demanded(run, name), document, run.scratch)
    keys, there, seen = (run.scratch / f"{name}-{part}" for part in ("remembered.parquet", "there.parquet", "changed.csv"))
    _watchable(opened, name)
    # Asked before the records are looked up, so that what changes in between is told the next time.
    since = (datetime.fromisoformat(document["seen"]) - OVERLAP).isoformat(timespec="seconds")
    run.salesforce.query_rows(f"SELECT {', '.join(WATCHED)} FROM {sobject} WHERE SystemModstamp >= {since}Z", seen)
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, f"SELECT left(sf_id, 15) AS key, sf_id AS text FROM {tables.parquet(remembered)}", keys)
    org_keys.found(run, sobject, "Id", entities.KeyRule.RECORD_ID, keys, there)
    # What other objects of this run have just written to the same records is no edit.
    windows = [changes.Window(**each) for each in (*document["windows"], *own_times.until_now(run, same_records.beside(opened.plan, name)))]
    with tables.connect(run.limits) as con:
        forgotten = changes.known(con, remembered, there, seen, windows, since=since, users=users, out=out)
        latest = changes.latest(con, seen)
    return {"seen": max(document["seen"], latest or ""), "forgotten": forgotten}


def _watchable(opened: journal.Opened, name: str) -> None:
    """Raise PlanError unless the org tells when records of the object changed, and by whom."""
    sobject = opened.plan.objects[name].sobject
    fields = {field["name"] for field in opened.describes[sobject]["fields"]}
    if missing := [each for each in WATCHED if each not in fields]:
        raise errors.PlanError(f"objects.{name}.changed_only: {sobject} has no {missing[0]} that tells who changed it when; leave it out")
