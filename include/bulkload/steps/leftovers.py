"""Jobs that their tasks left behind → collected if they have ended, given up if nobody closed them.

A job that is still Open is aborted. What runs on is left alone and named, unless a person cancelled it: a wait that
merely timed out is no reason to abort a healthy job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors
from include.bulkload.load import job
from include.bulkload.steps import collected, gone, journal, submit, wait

if TYPE_CHECKING:
    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports


def tidy(run: ports.Run, opened: journal.Opened, name: str) -> list[str]:
    """Bring each job of an object as far as it can go now; what stood in the way, one sentence each."""
    troubles = []
    for facts in journal.jobs(run, name):
        try:
            one(run, opened, facts)
        except errors.JobStillRunning:
            continue
        except errors.BulkloadError as wrong:
            troubles.append(f"job {facts.place.job_id} of {name}: {wrong}")
    return troubles


def running(run: ports.Run, opened: journal.Opened) -> list[str]:
    """Name the jobs of a run that may still write: neither collected nor given up."""
    found = [each for name in opened.plan.order() for each in journal.jobs(run, name)]
    return [each.place.job_id for each in found if not (each.has("matched") or each.is_replaced)]


def one(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts, *, looks_again: bool = False) -> None:
    """Bring one job as far as it can go now; one that is gone is noted, an aborted one that was collected is looked at again.

    `looks_again`: whoever calls looks at the records before he sends anything more, so a job that was never closed needn't count.
    Raises JobStillRunning if it runs, and what else is in the way.
    """
    if facts.is_replaced:
        return
    if facts.has("matched"):
        collected.anew(run, opened, facts)
        return
    try:
        _one(run, opened, facts, looks_again=looks_again)
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        collected.one(run, opened, gone.noted(run, opened, facts.place))


def _one(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts, *, looks_again: bool) -> None:
    if not facts.counts and _given_up(run, facts):
        return
    if _never_closed(run, facts):
        if looks_again and submit.give_up(run, facts.place):
            return
        # Its task may be slow, not dead, and close it even now: so it counts, and its results tell what it wrote.
        submit.stop(run, facts.place)
    if facts.has("cancel") and not job.state(run.salesforce.job(facts.place.job_id)).is_terminal:
        wait.abort(run, facts.place)
    collected.one(run, opened, facts)


def given_up(run: ports.Run, facts: resume.JobFacts) -> bool:
    """Abort a job that reads Open and of which no try is left, whatever was decided. False if somebody closed it meanwhile."""
    if facts.decision is entities.Decision.CLOSE:
        # Its results are collected by whoever clears or replays the run.
        return job.state(submit.stop(run, facts.place)) is entities.JobState.ABORTED
    return _given_up(run, facts)


def _never_closed(run: ports.Run, facts: resume.JobFacts) -> bool:
    """Whether a job that was to be closed is Open all the same: its task died in between, and nobody tries again."""
    return facts.is_unclosed and job.state(run.salesforce.job(facts.place.job_id)) is entities.JobState.OPEN


def _given_up(run: ports.Run, facts: resume.JobFacts) -> bool:
    """Give up a job that nobody closed. False if it was closed all the same, so that its results count."""
    if submit.decide(run, facts.place, entities.Decision.ABANDON) is entities.Decision.ABANDON:
        return submit.give_up(run, facts.place)
    return False
