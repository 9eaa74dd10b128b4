"""Job ids → their states as Salesforce says them; their ends in the ledger; a person's cancel, obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors
from include.bulkload.load import job
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.ledger import entries, resume
    from include.bulkload.steps import ports


# Two looks at an aborted job must agree, this many seconds apart: a chunk in flight may still commit (contract 8.10).
LOOKS_APART = 10.0
LOOKS = 6


def look(run: ports.Run, job_ids: Sequence[str]) -> dict[str, entities.JobState]:
    """Ask for the state of each job, once."""
    return {job_id: job.state(run.salesforce.job(job_id)) for job_id in job_ids}


def ended(run: ports.Run, name: str, job_ids: Sequence[str]) -> dict[str, entities.JobState]:
    """Write down how jobs of an object ended. Raises JobStillRunning if one hasn't, whatever an event said."""
    return {job_id: end(run, _place(run, name, job_id)).state for job_id in job_ids}


def end(run: ports.Run, place: entries.JobPlace) -> entities.JobEnd:
    """Ask how one job ended and note it; what was noted first stands."""
    noted = run.folder.read(place.entry_name("ended"))
    if noted is None:
        noted = journal.note(run, place.ended(_still(run, run.salesforce.job(place.job_id)), run.now()))
    return job.end(noted["job"])


def _still(run: ports.Run, seen: ports.Document) -> ports.Document:
    """Look at an aborted job until its numbers stand still; others are still when they have ended."""
    last = job.end(seen)
    for _ in range(LOOKS if last.state is entities.JobState.ABORTED else 0):
        run.pause(LOOKS_APART)
        seen = run.salesforce.job(last.job_id)
        now = job.end(seen)
        if now == last:
            return seen
        last = now
    if last.state is entities.JobState.ABORTED:
        raise errors.ResultsIncomplete(f"job {last.job_id} was aborted and its counts still move; the next try looks again")
    return seen


def cancel(run: ports.Run, name: str, job_id: str) -> None:
    """Abort a job because a person marked its task or run failed; the ledger says so first.

    A job that has ended meanwhile stays as it ended.
    """
    place = _place(run, name, job_id)
    journal.note(run, place.cancelled(run.now()))
    abort(run, place)


def abort(run: ports.Run, place: entries.JobPlace) -> None:
    """Abort a job; one that has ended can't be and needn't be."""
    try:
        run.salesforce.abort(place.job_id)
    except errors.RequestRefused:
        if not job.state(run.salesforce.job(place.job_id)).is_terminal:
            raise


def _place(run: ports.Run, name: str, job_id: str) -> entries.JobPlace:
    """Find a job of ours. Raises LedgerDamaged for a job that the ledger doesn't name."""
    known: dict[str, resume.JobFacts] = {each.place.job_id: each for each in journal.jobs(run, name)}
    if job_id not in known:
        raise errors.LedgerDamaged(f"the ledger names no job {job_id} of {name}; clear the task that submits it")
    return known[job_id].place
