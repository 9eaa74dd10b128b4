"""Job ids → their states as Salesforce says them; their ends in the ledger; a person's cancel, obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors
from include.bulkload.load import job
from include.bulkload.steps import journal, stops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.ledger import entries, resume
    from include.bulkload.steps import ports


# Two looks at an aborted job must agree, this many seconds apart: a chunk in flight may still commit (contract 8.10).
LOOKS_APART = 10.0
LOOKS = 6


def look(run: ports.Run, job_ids: Sequence[str]) -> dict[str, entities.JobState]:
    """Ask for the state of each job, once; `gone` for one that Salesforce doesn't know any more."""
    return {job_id: _state(run, job_id) for job_id in job_ids}


def _state(run: ports.Run, job_id: str) -> entities.JobState:
    try:
        return job.state(run.salesforce.job(job_id))
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        return entities.JobState.GONE


def ended(run: ports.Run, name: str, job_ids: Sequence[str]) -> dict[str, entities.JobState]:
    """Write down how jobs of an object ended; `gone` is left for settling. Raises JobStillRunning if one hasn't, whatever an event said."""
    found = {}
    for job_id in job_ids:
        try:
            found[job_id] = end(run, _place(run, name, job_id)).state
        except errors.RequestRefused as refused:
            if not refused.is_missing:
                raise
            found[job_id] = entities.JobState.GONE
    return found


def end(run: ports.Run, place: entries.JobPlace) -> entities.JobEnd:
    """Ask how one job ended and note it; what was noted first stands. RequestRefused with status 404 if the job is gone."""
    return job.end(noted(run, place))


def noted(run: ports.Run, place: entries.JobPlace) -> ports.Document:
    """The same as the job's own document. A job that failed for its header or file stops its object."""
    standing = run.folder.read(place.entry_name("ended"))
    if standing is None:
        standing = journal.note(run, place.ended(still(run, place.job_id), run.now()))
    stops.note(run, place, job.end(standing["job"]))
    return dict(standing["job"])


def still(run: ports.Run, job_id: str) -> ports.Document:
    """Look at a job that has ended; at one that was aborted until its numbers stand still. Raises JobStillRunning, ResultsIncomplete."""
    return _still(run, run.salesforce.job(job_id))


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
