"""A dry run that was agreed to → records deleted and fields restored, in waves of the first run's own ledger; what came of it.

Call `act` again whenever the jobs it names have ended, until it is done. A call that dies may be followed by another at any time.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import lists, same_records
from include.bulkload.ledger import entries, replays, undos, waves
from include.bulkload.load import job
from include.bulkload.match import since, undoing
from include.bulkload.report import undone
from include.bulkload.steps import (
    forget,
    journal,
    lease,
    leftovers,
    payloads,
    ports,
    targets,
    undo_late,
    undo_plan,
    undo_wave,
    undo_written,
    untold,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.bulkload.ledger import resume

SUMMARY, STILL_RUNNING = "summary.json", "still running"


def plan(run: ports.Run, of: str) -> dict[str, Any]:
    """Make the dry run (see `undo_plan.make`): {"number", "summary", "nothing"}.

    `run`: in the folder of the run that is undone, by the name of the one that does it; `of`: the former's run id. Raises AnotherRun
    if that run, or a replay of it, isn't over.
    """
    _over(run, of)
    made = undo_plan.make(run)
    if made["nothing"] and run.folder.read(entries.STAGED) is not None:
        # Nothing more comes of this undo, so it is now that its payload may be inserted again.
        _let_go(run, journal.opened(run), made)
    return made


def _let_go(run: ports.Run, opened: journal.Opened, made: dict[str, Any]) -> None:
    """Let payloads of which nothing is left, or in doubt, be inserted again: by a new run, or what this one lost of them by a replay.

    Whoever inserts first has them (`payloads.elsewhere`).
    """
    _forget(run, opened, made["summary"], {})
    # Who sends meanwhile notes its job before it looks for the mark: so it sees that there is none, or is seen here.
    looked_at = journal.demand(run, undos.plan_name(made["number"]))["jobs"]
    sending = [name for name in opened.plan.order() if undo_written.sent_of(run, name).difference(looked_at)]
    payloads.loaded(run, opened, sending, whole=False)


def _forget(run: ports.Run, opened: journal.Opened, document: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Forget that payloads were inserted of which nothing stands or is in doubt; no aborted job may still store more or has done so.

    `document`: a dry run that found nothing to do, or an undo. `more`: objects of which more was stored since it looked.
    """
    kept = {*more, *undo_late.may_write(run, opened)}
    kept.update(name for name, part in document["objects"].items() if part.get("stays", part["changedSince"]) or part.get("inDoubt"))
    payloads.forget(run, opened, [name for name in document["objects"] if name not in kept])


def _over(run: ports.Run, of: str) -> None:
    """Raise AnotherRun while the run itself, or a replay of it, may still send rows."""
    names = run.folder.names(replays.FOLDER)
    goes_on = [number for number in replays.numbers(names) if number not in replays.numbers(names, replays.CLOSED)]
    others = [of, *(journal.demand(run, replays.name(number, replays.BEGUN))["by"] for number in goes_on)]
    for each in others:
        if lease.goes_on(run, each):
            raise errors.AnotherRun(f"the run {each} isn't over, and sends rows itself; wait for it, or mark it failed")


def act(run: ports.Run, of: str, number: int) -> dict[str, Any]:
    """Undo what dry run `number` listed, as far as nothing has changed since: restores first, then deletes, children first.

    `run` and `of` as for `plan`. Returns {"waiting": [job id, ...], "not_before": ISO time or None, "summary": document or None,
    "clean": bool, "why": [...]}: call again when those jobs have ended and that time has come, until there is a summary.
    Raises TryAgain kinds where a later try settles it, MustStop kinds where a person must look: DryRunOutdated if the run sent
    or stored anything after the dry run.
    """
    opened = journal.opened(run)
    undo = undo_wave.Undo(run, opened, number, dict(journal.demand(run, undos.plan_name(number))["rows"]))
    if run.folder.read(undos.ended_name(number)) is None:
        _over(run, of)
        undo = dataclasses.replace(undo, held=lease.hold(run, opened))
        _not_moved(undo, of)
        # Twice: the first leaves the load free to go on. Who sends notes its job, then looks for this entry: so one sees the other.
        _stands(undo, of)
        journal.note(run, undos.begun(number, run.now()))
        _stands(undo, of)
        for name, kind in _order(undo):
            if (found := _advanced(undo, name, kind)) is not None:
                return found | {"summary": None, "clean": False, "why": []}
    return {"waiting": [], "not_before": None, **_closed(undo)}


def _stands(undo: undo_wave.Undo, of: str) -> None:
    """Raise DryRunOutdated if the run has sent anything since the dry run: it would stay, and nobody agreed that it may."""
    looked_at = journal.demand(undo.run, undos.plan_name(undo.number))["jobs"]
    if later := sorted(undo_written.sent(undo.run, undo.opened).difference(looked_at)):
        message = (
            f"the run {of} has sent more since this dry run looked at it (job {', '.join(later)}): nothing of it is touched by this undo; "
            "start another run of mode undo, which looks anew"
        )
        raise errors.DryRunOutdated(message)


def _not_moved(undo: undo_wave.Undo, of: str) -> None:
    """Raise DryRunOutdated if an aborted job of the run has stored more since the dry run. An undo that has sent something goes on."""
    if undo.has_begun():
        return
    if moved := [job_id for ids in _moved(undo).values() for job_id in ids]:
        message = (
            f"the run {of} has stored more since this dry run looked at it (job {', '.join(moved)}, which was aborted): nothing is "
            "touched; start another run of mode undo, which looks anew"
        )
        raise errors.DryRunOutdated(message)


def _moved(undo: undo_wave.Undo) -> dict[str, list[str]]:
    """The aborted jobs that have stored more since the dry run, by object. An older dry run didn't note what it looked at."""
    looked_at = journal.demand(undo.run, undos.plan_name(undo.number)).get("moves", {})
    return undo_late.moved(undo.run, undo.opened, looked_at)


def so_far(run: ports.Run, number: int) -> tuple[dict[str, Any], list[str]]:
    """Bring the jobs of an undo that broke off as far as they can go, as a summary does: (its objects' parts, what stood in the way).

    Nothing is sent. No part if it had nothing to send yet. Raises AnotherRun if another run writes by now.
    """
    opened, planned = journal.opened(run), journal.demand(run, undos.plan_name(number))
    undo = undo_wave.Undo(run, opened, number, dict(planned["rows"]))
    if not undo.has_begun():
        return {}, []
    # What stands Open might be another run's by now.
    lease.hold(run, opened)
    troubles = [each for name in undo.rows for each in leftovers.tidy(run, opened, undos.place(name))]
    return {name: _part(undo, name, planned["summary"]["objects"][name]) for name in undo.rows}, troubles


def _order(undo: undo_wave.Undo) -> Iterator[tuple[str, waves.Kind]]:
    """What is done after what: a restored record leaves its new parent before that goes, a child goes before its parent."""
    names = [name for name in reversed(undo.opened.plan.order()) if name in undo.rows]
    for kind in (waves.Kind.UNDO_RESTORE, waves.Kind.UNDO_DELETE):
        for name in names:
            yield name, kind


def _advanced(undo: undo_wave.Undo, name: str, kind: waves.Kind) -> dict[str, Any] | None:
    """Bring one act on one object as far as it can go now; None: it is done."""
    while True:
        if waiting := undo_wave.running(undo, name):
            return {"waiting": waiting, "not_before": None}
        with tables.connect(undo.run.limits) as con:
            left = undo_wave.left(undo, con, name, kind)
            if not left.rows:
                return None
            if left.not_before and undo.run.clock() < datetime.fromisoformat(left.not_before):
                return {"waiting": [], "not_before": left.not_before}
            if waiting := undo_wave.send(undo, con, name, kind, left.tried):
                return {"waiting": waiting, "not_before": None}


def _closed(undo: undo_wave.Undo) -> dict[str, Any]:
    """Account for every planned row, once; later runs and the first run's summary are told each time."""
    run, moved = undo.run, _moved(undo)
    standing = run.folder.read(undos.ended_name(undo.number))
    if standing is None:
        planned = journal.demand(run, undos.plan_name(undo.number))["summary"]
        told = {name: _part(undo, name, planned["objects"][name]) for name in undo.rows}
        begun, not_known = journal.demand(run, undos.BEGUN)["at"], planned.get("notKnown", [])
        document = undone.account(told, run.folder.uri(""), begun, run.now(), not_known)
        standing = journal.note(run, undos.ended(undo.number, undone.stored_since(document, moved)))
    _forget(run, undo.opened, standing, moved)
    if (summary := run.folder.read(SUMMARY)) is not None:
        run.folder.write(SUMMARY, summary | told_of(run))
    lease.give_back(run, undo.opened)
    why = undone.why(standing)
    return {"summary": standing, "clean": not why, "why": why}


def _part(undo: undo_wave.Undo, name: str, planned: dict[str, Any]) -> dict[str, Any]:
    """What became of an object's planned rows: forgotten by later runs, listed for people, counted."""
    run, out = undo.run, undo.run.scratch / f"{name}-undone.parquet"
    shown, files = lists.cells(undo.opened.plan.objects[name]), {}
    with tables.connect(run.limits) as con:
        attempts = {act: undo_wave.attempts(undo, name, kind) for kind, act in undo_wave.ACTS.items()}
        undoing.ended(con, undo.planned(name), attempts, out)
        counted = undoing.counts(con, out)
        for title, condition in undone.LISTS.items():
            local = run.scratch / f"{name}-{title}.csv"
            if undoing.for_people(con, name, shown, targets.staged_file(run, name), out, condition, local):
                files[title] = undo_plan.kept(run, local, name, title, undo.number)
    # What stays as this run left it, or as others did, is remembered as it is; all else isn't what was sent any more.
    touched = f"(FROM {tables.parquet(out)} WHERE state NOT IN ('{since.CHANGED}', '{since.AS_IT_WAS}'))"
    # Other objects may have sent the same records.
    for other in [name, *same_records.beside(undo.opened.plan, name)]:
        forget.records(run, undo.opened, other, touched, f"undo-{undo.number}")
    untold.take_undone(run, undo.opened, undos.place(name))
    jobs = [_job(facts) for facts in journal.jobs(run, undos.place(name)) if facts.counts]
    return undone.part(counted, planned, jobs, files)


def _job(facts: resume.JobFacts) -> dict[str, Any]:
    """Say how a job of the undoing ended."""
    if not facts.last:
        return {"id": facts.place.job_id, "state": STILL_RUNNING}
    end = job.end(facts.last)
    return {"id": end.job_id, "state": str(end.state), "processed": end.processed, "failed": end.failed}


def told_of(run: ports.Run) -> dict[str, Any]:
    """What a run's summary says of its undoing: {"undone": {...}}, or nothing."""
    ends = [journal.demand(run, each) for each in run.folder.names(undos.ENDED)]
    return {"undone": undone.together(ends)} if ends else {}
