"""A run base and a date → files of old runs removed, forgotten jobs ended; what others left is told, never touched.

A run that Airflow calls running is left alone, and so is one of which a job may still work, or that a running one replays or undoes.
A run's files stay while an earlier run of its plan may be replayed: only they tell which of that one's rows are older.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries
from include.bulkload.load import job
from include.bulkload.steps import journal, leftovers, old_runs, ports, summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from include.bulkload.basics import tables

Document = dict[str, Any]
# A run that Airflow doesn't know may be another deployment's, at work; after so long its waits are over.
UNKNOWN_FOR = timedelta(days=7)
# What a run may tell for longer: no row stands in it.
LONGER = ("ledger/", "plan-", "describe-", summarize.SUMMARY)
OPEN = entities.JobState.OPEN
# Before all runs that have read their sources.
NOWHERE: entries.Order = ("", 0, "")


@dataclass(frozen=True, slots=True)
class Ground:
    """All that a sweep is handed: the run folders, how an org is reached (by connection), what Airflow says, and whether it only tells."""

    archive: ports.Archive
    org: Callable[[str], ports.Salesforce]
    is_over: Callable[[ports.RunName], bool | None]
    scratch: Path
    limits: tables.Limits
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    dry_run: bool = False


def open_jobs(ground: Ground) -> Document:
    """Abort Open jobs of runs that are over. Returns {"done": [{"run", "job"}], "troubles": [sentence]}."""
    return _swept(ground, _given_up)


def finished_jobs(ground: Ground) -> Document:
    """Delete the jobs of runs past their `keep_days` from Salesforce. Returns like `open_jobs`."""
    return _swept(ground, _deleted)


def files(ground: Ground) -> Document:
    """Remove what holds rows of runs past their `keep_days`, and all of those past their `keep_ledger_days`.

    Earlier runs first; a run stays while an earlier one of its plan may be replayed. Returns {"done": [{"run", "files", "ledger":
    whether it went too}], "kept": [{"run", "for": the earlier one}], "troubles": [sentence]}.
    """
    troubles: list[str] = []
    unread: list[ports.RunName] = []
    done, kept, left, due = [], [], [], []
    for run in _standing(ground, troubles, unread):
        placed = run.placed
        left += [placed] if placed.has_left else []
        due += [placed] if _may_be_due(ground, run) else []
    for each in sorted(due, key=lambda placed: placed.place or NOWHERE):
        holder = next((other for other in left if other.precedes(each)), None)
        folder = ground.archive.folder(each.name)
        if each.name.dag_id in {other.dag_id for other in unread}:
            continue  # Which may be an earlier run that holds it; the trouble is told.
        if holder:
            kept.append({"run": folder.uri(""), "for": ground.archive.folder(holder.name).uri("")})
            continue
        with _told(each.name, troubles):
            found = _removed(ground, _old(ground, each.name, folder, folder.names("")))
            left = [other for other in left if not found or other.name != each.name]
            done += found
    return {"done": done, "kept": kept, "troubles": troubles}


def _may_be_due(ground: Ground, run: old_runs.Old) -> bool:
    return run.heard is None or old_runs.GOING in run.names or run.is_past(ground.clock(), min(run.days))


def strangers(ground: Ground, conn_ids: Sequence[str]) -> Document:
    """List Open jobs that users of ours created and no ledger names. Returns {"done": [{"job", "object", "since", "by"}], "troubles"}.

    They are never touched. Users of ours are those that created a job that a ledger tells of.
    """
    troubles: list[str] = []
    seen = [each for conn_id in conn_ids for each in _listed(ground, conn_id, troubles)]
    ours, users = set(), set()
    for run in _standing(ground, troubles):
        for facts in run.jobs():
            ours.add(facts.place.job_id[:15])
            users |= {str(facts.facts["ended"]["job"].get("createdById"))} if facts.has("ended") else set()
    found = [each for each in seen if each["createdById"] in users and each["id"][:15] not in ours]
    told = [{"job": each["id"], "object": each["object"], "since": each["createdDate"], "by": each["createdById"]} for each in found]
    return {"done": told, "troubles": troubles}


def _listed(ground: Ground, conn_id: str, troubles: list[str]) -> list[Document]:
    """The Open ingest jobs of an org; asked before ledgers are read, so that a job of ours never looks like another's."""
    try:
        return [each for each in ground.org(conn_id).jobs() if each["state"] == OPEN]
    except errors.BulkloadError as wrong:
        troubles.append(f"connection {conn_id}: {wrong}")
        return []


def _swept(ground: Ground, act: Callable[[Ground, old_runs.Old], list[Document]]) -> Document:
    """Go through all runs; what stands in the way of one doesn't keep the others."""
    troubles: list[str] = []
    done: list[Document] = []
    for run in _standing(ground, troubles):
        with _told(run.name, troubles):
            done += act(ground, run)
    return {"done": done, "troubles": troubles}


def _standing(ground: Ground, troubles: list[str], unread: list[ports.RunName] | None = None) -> Iterator[old_runs.Old]:
    """Read all runs that stand there. `unread` is filled with those that may be read another time."""
    for name in ground.archive.runs():
        folder = ground.archive.folder(name)
        with _told(name, troubles, unread):
            names = folder.names("")
            if names:
                yield _old(ground, name, folder, names)


@contextlib.contextmanager
def _told(name: ports.RunName, troubles: list[str], unread: list[ports.RunName] | None = None) -> Iterator[None]:
    try:
        yield
    except errors.BulkloadError as wrong:
        if unread is not None and isinstance(wrong, errors.TryAgain):
            unread.append(name)
        troubles.append(f"{name.dag_id} {name.run_id}: {wrong}")


def _old(ground: Ground, name: ports.RunName, folder: ports.Kept, names: Sequence[str]) -> old_runs.Old:
    return old_runs.read(_run(ground, folder, None), folder, name, names)


def _run(ground: Ground, folder: ports.Kept, org: ports.Salesforce | None) -> ports.Run:
    return ports.Run(folder, org, ground.scratch, ground.limits, ground.clock, ground.pause)  # type: ignore[arg-type]


def _connected(ground: Ground, run: old_runs.Old) -> ports.Run:
    """The run with its org. Raises WrongOrg if its connection leads elsewhere by now."""
    if run.opened is None:
        raise errors.LedgerDamaged(f"{run.folder.uri('')} has jobs, but its first entry is missing; look into it, then remove the folder")
    org = ground.org(run.opened.plan.conn_id)
    journal.same_org(run.opened.org_id, org.org_id())
    return _run(ground, run.folder, org)


def _given_up(ground: Ground, run: old_runs.Old) -> list[Document]:
    ended = ("closed", "ended", "aborted", "matched")
    maybe = [each for each in run.jobs() if not any(each.has(fact) for fact in ended)]
    if not maybe or not _nobody_goes_on(ground, run):
        return []
    connected, found = _connected(ground, run), []
    for facts in maybe:
        if _state(connected, facts.place.job_id) != OPEN:
            continue
        if ground.dry_run or leftovers.given_up(connected, facts):
            found.append({"run": run.folder.uri(""), "job": facts.place.job_id})
    return found


def _nobody_goes_on(ground: Ground, run: old_runs.Old) -> bool:
    if _is_worked_on(ground, run):
        return False
    said = ground.is_over(run.name)
    return said is True or (said is None and run.heard is not None and ground.clock() - run.heard > UNKNOWN_FOR)


def _is_worked_on(ground: Ground, run: old_runs.Old) -> bool:
    """Whether a run that Airflow calls running replays or undoes this one; who waits for an answer is running too."""
    return any(ground.is_over(each) is False for each in run.worked_on())


def _deleted(ground: Ground, run: old_runs.Old) -> list[Document]:
    mark = entries.Entry("ledger/jobs-deleted.json", {"at": ground.clock().isoformat(timespec="seconds")})
    jobs = run.jobs()
    if not jobs or mark.name in run.names or not _is_due(ground, run):
        return []
    connected = _connected(ground, run)
    found = [each.place.job_id for each in jobs if _state(connected, each.place.job_id) not in {None, OPEN}]
    if not ground.dry_run:
        for job_id in found:
            connected.salesforce.delete(job_id)
        journal.note(connected, mark)
    return [{"run": run.folder.uri(""), "job": job_id} for job_id in found]


def _is_due(ground: Ground, run: old_runs.Old) -> bool:
    """Whether its time is over, Airflow doesn't call it running, and no job of it works. Raises JobStillRunning.

    Raises LedgerDamaged for a run that is over and doesn't tell how old it is.
    """
    if run.heard is None and ground.is_over(run.name) is True:
        raise errors.LedgerDamaged(f"{run.folder.uri('')} doesn't tell how old it is: it broke before its first entry; remove it")
    if not run.is_past(ground.clock(), min(run.days)) or ground.is_over(run.name) is False or _is_worked_on(ground, run):
        return False
    unsure = [each.place.job_id for each in run.jobs() if not any(each.has(fact) for fact in ("ended", "aborted", "matched"))]
    connected = _connected(ground, run) if unsure else _run(ground, run.folder, None)
    for job_id in unsure:
        state = _state(connected, job_id)
        if state is not None and not state.is_terminal:
            raise errors.JobStillRunning(f"job {job_id} is {state} since long; abort it in Salesforce's Setup, or clear the run's summary")
    return True


def _state(run: ports.Run, job_id: str) -> entities.JobState | None:
    """The state of a job; None if Salesforce doesn't know it any more."""
    try:
        return job.state(run.salesforce.job(job_id))
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        return None


def _removed(ground: Ground, run: old_runs.Old) -> list[Document]:
    whole = old_runs.GOING in run.names or run.is_past(ground.clock(), max(run.days))
    going = [each for each in run.names if whole or not _stays(each)]
    if not going or (old_runs.GOING not in run.names and not _is_due(ground, run)):
        return []
    if not ground.dry_run:
        here, at = _run(ground, run.folder, None), ground.clock().isoformat(timespec="seconds")
        # Said first: who clears the run from now on is told why its files are missing.
        journal.note(here, entries.Entry(old_runs.GOING, {"at": at}) if whole else entries.swept(at))
        for each in going:
            if each != old_runs.GOING:
                run.folder.remove(each)
        if whole:
            run.folder.remove(old_runs.GOING)
        run.folder.tidy()
    return [{"run": run.folder.uri(""), "files": len(going), "ledger": whole}]


def _stays(name: str) -> bool:
    """Whether it holds no rows."""
    return name.startswith(LONGER)
