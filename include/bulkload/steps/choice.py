"""Where a run stands → the rows that a replay takes, object by object, chosen once and kept in the run's ledger."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import same_records
from include.bulkload.ledger import replays
from include.bulkload.match import chosen
from include.bulkload.report import reconcile, summary
from include.bulkload.steps import (
    edited,
    elsewhere,
    journal,
    later_children,
    later_edits,
    later_objects,
    later_parents,
    later_runs,
    outcome,
    parts,
    stops,
    targets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from include.bulkload.intake.copies import Copy  # a variable is called copies
    from include.bulkload.match import newer
    from include.bulkload.steps import ports

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What is found of one object: what is left (row_id, fate, how; superseded rows too), how many rows stay, what an edited copy says.

    `elsewhere`: which other run has inserted the same payload, and how many rows stay for that; None: none.
    `held`: how many more stay since they may be another run's, by that one's id.
    """

    left: Path
    superseded: int
    edits: edited.Edits | None = None
    elsewhere: Document | None = None
    held: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a replay would take, by object: where its rows stand, what is found, what is taken, keys of parents that came later."""

    final: dict[str, Path]
    found: dict[str, Found]
    taken: dict[str, tuple[chosen.Member, Path]]
    parents: dict[str, Path]


def of(run: ports.Run, opened: journal.Opened, replay: replays.Replay, inlet: ports.Inlet, held: int) -> Document:
    """Choose what a replay takes, or read what it chose. `held`: the number of the lease under which that is done; 0: there is none.

    Returns {"lease": that number, "at": when, "objects": {name:
    {"rows": stored (row_id, how), "send", "links", "rejected", "superseded": rows, "heldBack": {run id: rows}, "skipped": {fate: rows},
    "mark": as it stood, "refused": stored or None, "staged": the object's staged rows with the edited ones, or None, "later": stored
    keys of the object by which its children are linked to what later runs wrote, or None, "elsewhere": {"run": URI of another run that
    has inserted the same payload, "whole": all of it, "rows": how many stay for that}, or None}}}.
    Raises PlanError with every finding if the edited copy is wrong.
    """
    standing = run.folder.read(replays.name(replay.number, replays.CHOSEN))
    if standing:
        return standing
    copies = edited.read(run, opened, replay.file, inlet) if replay.file else None
    sought = _sought(run, opened, copies, by_itself=replay.by_itself)
    objects = {name: _told(run, name, sought, replay) for name in opened.plan.order()}
    return journal.note(run, replay.chosen({"lease": held, "at": run.now(), "objects": objects}))


@dataclass(frozen=True, slots=True)
class Left:
    """What a replay that nobody asked for would take now.

    `rows`: how many; `stopped`: whether the last turn that was to send one of them was stopped; `jobs`: those in which rows of the
    run were left.
    """

    rows: int
    stopped: bool
    jobs: frozenset[str]


def look(run: ports.Run, opened: journal.Opened) -> Left:
    """Find what a replay that nobody asked for would take now.

    It leaves no trace. What runs or was never sent needn't be settled: the one is in doubt, the other is left.
    """
    sought = _sought(run, opened, None, by_itself=True)
    taken = {name: f"SELECT row_id FROM {tables.parquet(rows)}" for name, (_, rows) in sought.taken.items()}
    rows = " UNION ALL ".join(taken.values())
    stopped = " UNION ALL ".join(
        f"{own} SEMI JOIN ({found}) USING (row_id)" for name, own in taken.items() if (found := _stopped(run, opened, name))
    )
    jobs = " UNION ".join(f"SELECT job_id FROM {tables.parquet(final)} WHERE {chosen.IS_LEFT}" for final in sought.final.values())
    with tables.connect(run.limits) as con:
        (count,) = con.execute(f"SELECT count(*) FROM ({rows})").fetchone() or (0,)
        (kept,) = con.execute(f"SELECT count(*) FROM ({stopped})").fetchone() or (0,) if stopped else (0,)
        left_in = con.execute(f"SELECT job_id FROM ({jobs}) WHERE job_id IS NOT NULL").fetchall()
    return Left(int(count), bool(kept), frozenset(str(job_id) for (job_id,) in left_in))


def _stopped(run: ports.Run, opened: journal.Opened, name: str) -> str:
    """The query of an object's rows (row_id) of which the last turn that was to send them was stopped; "": there are none."""
    standing = outcome.of(run, name)
    return reconcile.stopped(parts.files_of(run, opened, name, standing)) if stops.last(run, name, standing.waves) else ""


def _sought(run: ports.Run, opened: journal.Opened, copies: Mapping[str, list[Copy]] | None, *, by_itself: bool) -> Sought:
    """Find what a replay takes. `copies`: of an edited file, by object; None: all that is left goes as it was."""
    names = opened.plan.order()
    standing = {name: final(run, opened, name) for name in names}
    runs = later_runs.named(run, opened) if by_itself else later_runs.written(run, opened)
    later = {name: [*runs[name], *later_objects.written(run, opened, name)] for name in names}
    # They aren't newer than what a copy edits now.
    mended = later_edits.named(run, opened) if by_itself else later_edits.written(run, opened)
    old = {name: [*later[name], *mended[name]] for name in names}
    found = {}
    for name in names:
        rows = left(run, name, standing[name])
        if by_itself and not is_known(run, opened, name):
            rows = _none(run, name, rows)
        edits = None
        if copies is not None:
            edits = edited.of(run, opened, name, edited.Given(copies.get(name, []), rows, standing[name], later[name]))
        found[name] = _with_superseded(run, name, rows, edits, old[name])
    taken = _taken(run, opened, found)
    for name, (rows, stay, other) in ({} if by_itself else elsewhere.without(run, opened, taken)).items():
        taken[name] = taken[name][0], rows
        found[name] = dataclasses.replace(found[name], superseded=found[name].superseded + stay, elsewhere={**other, "rows": stay})
    parents = later_parents.of(run, opened, taken, standing, None if by_itself else old)
    for name, (rows, others) in later_children.without(run, opened, taken, parents).items():
        taken[name] = taken[name][0], rows
        same = others.count - sum(others.held.values())
        found[name] = dataclasses.replace(found[name], superseded=found[name].superseded + same, held=others.held)
    return Sought(standing, found, taken, parents)


def is_known(run: ports.Run, opened: journal.Opened, name: str) -> bool:
    """Whether newer sources can be asked for an object's rows. A newer plan may have brought back what this one's would delete."""
    newer_plans = later_edits.plans(run, opened) if opened.plan.objects[name].operation in entities.DELETES else []
    return same_records.is_known(opened.plan, name, [each for newer_plan in newer_plans for each in newer_plan["objects"].values()])


def final(run: ports.Run, opened: journal.Opened, name: str) -> Path:
    """Write where each row of an object stands that was in a wave, or should have been: row_id, fate, sf_id, created, error, job_id.

    Rows of a job that is gone and may go again were never sent, whether their chunk is void by now or not.
    """
    standing, out = outcome.of(run, name), run.scratch / f"{name}-final.parquet"
    files, gone = parts.files_of(run, opened, name, standing), {facts.place.job_id for facts in standing.gone.values()}
    still, again = ([each for each in files.running if (each.job_id in gone) is lost] for lost in (False, True))
    with tables.connect(run.limits) as con:
        reconcile.account(con, dataclasses.replace(files, running=still, unsent=[*files.unsent, *again]))
        tables.write_parquet(con, "FROM final", out)
    return out


def left(run: ports.Run, name: str, standing: Path) -> Path:
    """Write what a replay may take of an object (row_id, fate, how), by where its rows stand."""
    out = run.scratch / f"{name}-left.parquet"
    doubtful = _doubtful(run, name)
    with tables.connect(run.limits) as con:
        chosen.left(con, tables.parquet(standing), doubtful, out)
    return out


def _none(run: ports.Run, name: str, left: Path) -> Path:
    """No row of an object: whether a newer source has it can't be told."""
    out = run.scratch / f"{name}-none.parquet"
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, f"FROM {tables.parquet(left)} LIMIT 0", out)
    return out


def _doubtful(run: ports.Run, name: str) -> list[str]:
    """Queries of the rows of chunks that some job may carry which can't be proven to have written nothing."""
    standing = outcome.of(run, name)
    open_ends = {each.place.number for each in journal.jobs(run, name) if not (each.has("matched") or each.is_replaced)}
    return outcome.rows_in(run, standing, open_ends)


def _with_superseded(run: ports.Run, name: str, left: Path, edits: edited.Edits | None, later: list[newer.Keys]) -> Found:
    out = run.scratch / f"{name}-superseded.parquet"
    with tables.connect(run.limits) as con:
        rows = chosen.superseded(con, left, targets.staged_file(run, name), later, out)
    return Found(out, edits.superseded if edits else rows, edits)


def _taken(run: ports.Run, opened: journal.Opened, found: dict[str, Found]) -> dict[str, tuple[chosen.Member, Path]]:
    members = [
        chosen.Member(
            name,
            each.edits.staged if each.edits else targets.staged_file(run, name),
            each.left,
            chosen.hangs(opened.plan.objects[name]),
            each.edits.rows if each.edits else None,
        )
        for name, each in found.items()
    ]
    outs = [run.scratch / f"{name}-taken.parquet" for name in found]
    with tables.connect(run.limits) as con:
        chosen.take(con, members, outs)
    return {member.name: (member, out) for member, out in zip(members, outs, strict=True)}


def _told(run: ports.Run, name: str, sought: Sought, replay: replays.Replay) -> Document:
    found, (_, rows), parents = sought.found[name], sought.taken[name], sought.parents.get(name)
    with tables.connect(run.limits) as con:
        counts = {chosen.REFUSED: 0} | chosen.counts(con, rows)
    told: Document = {"rows": journal.keep(run, rows, f"{name}/replay-{replay.number:03d}.parquet"), **counts}
    told |= {"superseded": found.superseded, summary.HELD_BACK: found.held, "mark": outcome.of(run, name).mark}
    told |= {"skipped": {}, "refused": None, "staged": None}
    told["elsewhere"] = found.elsewhere
    told["later"] = journal.keep(run, parents, f"{name}/later.parquet") if parents else None
    return told | (found.edits.told(run, name, replay.number) if found.edits else {})
