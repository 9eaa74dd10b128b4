"""A job that Salesforce doesn't know any more → in the ledger, and whether its rows go again or stay in doubt; results that it never had.

Jobs and their results live seven days, and anybody may delete a job that has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from include.bulkload.ledger import entries, undos
from include.bulkload.load import job
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports

WHY = "its job is gone from Salesforce, and whether it was written can't be told"
# So many jobs of one chunk may be lost, one after the other, before a person must look.
MOST = 5


def noted(run: ports.Run, opened: journal.Opened, place: entries.JobPlace) -> resume.JobFacts:
    """Note that a job is gone, unless its results were collected before; its facts as they stand then.

    What is upserted, updated or deleted twice ends as if it were once; an insert would be stored twice, so its rows stay
    in doubt. What somebody aborted goes by no task: its chunk becomes void, its rows are a replay's. Raises WrongOrg, and
    RequestRefused if it isn't only this job that isn't found.
    """
    # Asked by a path of the same API version: a wrong one would make every job look gone.
    journal.same_org(opened.org_id, run.salesforce.org_id())
    wave = journal.wave_of(run, place.name, place.number)
    again = not wave.inserts
    # First, so that no task finds the one without the other. An undo looks at its records before it sends anything again.
    if again and journal.job(run, place).is_unwanted and undos.object_of(place.name) == place.name:
        journal.note(run, entries.void(place.name, place.number, run.now()))
    journal.note(run, place.gone(run.now(), again=again))
    return journal.job(run, place)


def fetched(run: ports.Run, job_id: str, kind: str, path: Path) -> None:
    """Fetch a result file of an ended job; an empty one if the job did nothing and Salesforce has none (contract 3.15).

    Raises RequestRefused with status 404 if the job itself is gone, ResultsIncomplete if it stands, has done something, and only
    the file isn't found.
    """
    try:
        run.salesforce.fetch_result(job_id, kind, path)
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        end = job.end(run.salesforce.job(job_id))
        if end.processed:
            message = f"job {job_id} has {end.processed} rows, but Salesforce doesn't find its {kind}; the next try looks again"
            raise errors.ResultsIncomplete(message) from refused
        path.write_bytes(b"")


def bounded(facts: resume.JobFacts) -> None:
    """Raise JobGone if the jobs of a chunk are lost again and again; whoever clears the task has as many tries once more."""
    if (facts.attempt + 1) % MOST == 0:
        place = facts.place
        message = (
            f"chunk {place.number} of {place.name}: its jobs are gone from Salesforce one after the other, {place.job_id} is the last; "
            "find out who deletes them, then clear this task"
        )
        raise errors.JobGone(message)
