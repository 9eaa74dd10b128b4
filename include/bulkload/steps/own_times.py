"""A run's jobs → the times in which they wrote, by the org's clock, and as whom: what changed then by that user is our own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.match import changes
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports

Document = dict[str, Any]
# Of an aborted job a chunk may be committed after its end, and stamps are cut to seconds.
LATE = timedelta(seconds=60)
NOT_OVER = "9999-12-31T23:59:59"


def of(run: ports.Run, names: Iterable[str]) -> list[Document]:
    """When the jobs of these objects wrote, as far as they have been seen to end: {"begin", "end", "by"} each, merged."""
    return merged(_window(facts.last) for name in names for facts in journal.jobs(run, name) if facts.last)


def until_now(run: ports.Run, names: Iterable[str]) -> list[Document]:
    """The same, with those that nobody has seen end: their time isn't over. Raises what looks at jobs raise."""
    found = [(facts, facts.last or _looked_at(run, facts)) for name in names for facts in journal.jobs(run, name) if not facts.is_replaced]
    return merged(_window(job) | ({} if facts.last else {"end": NOT_OVER}) for facts, job in found if job)


def merged(given: Iterable[Document]) -> list[Document]:
    """Make one window of those of a user that overlap."""
    found: list[Document] = []
    for each in sorted(given, key=lambda one: (one["by"], one["begin"])):
        if found and found[-1]["by"] == each["by"] and each["begin"] <= found[-1]["end"]:
            found[-1] = {**found[-1], "end": max(found[-1]["end"], each["end"])}
        else:
            found.append(each)
    return found


def _window(job: Document) -> Document:
    late = datetime.fromisoformat(job["systemModstamp"]) + LATE
    return {"begin": job["createdDate"][: changes.SECONDS], "end": late.isoformat()[: changes.SECONDS], "by": job["createdById"]}


def _looked_at(run: ports.Run, facts: resume.JobFacts) -> Document:
    """A job as the org shows it; {} if it is gone."""
    try:
        return dict(run.salesforce.job(facts.place.job_id))
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        return {}
