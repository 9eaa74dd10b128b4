"""Aborted jobs of a run that is undone → looked at again: which have stored more since its dry run, which may do so still.

A chunk that was in flight at the abort may be committed after a dry run has seen nothing of it.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from include.bulkload.steps import collected, journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports

# Salesforce gives up what it works at long before, ten minutes a batch; nobody says how long an aborted job's chunk may take.
LATE = timedelta(hours=1)


def moves(run: ports.Run, opened: journal.Opened) -> dict[str, int]:
    """How often each settled job of the load was collected anew, by its id: what a dry run looked at."""
    return {facts.place.job_id: facts.moves for facts in _settled(run, opened)}


def moved(run: ports.Run, opened: journal.Opened, looked_at: Mapping[str, int]) -> dict[str, list[str]]:
    """Look at the aborted jobs of the load again; those that aren't as `moves` told, by object: records of theirs are in no dry run.

    What contradicts stays as it was collected. Raises what looks at jobs raise.
    """
    for facts in _settled(run, opened):
        with contextlib.suppress(errors.ContradictingIds):
            collected.anew(run, opened, facts)
    found: dict[str, list[str]] = {}
    for facts in _settled(run, opened):
        place = facts.place
        if looked_at.get(place.job_id, facts.moves) != facts.moves:
            found.setdefault(place.name, []).append(place.job_id)
    return found


def may_write(run: ports.Run, opened: journal.Opened) -> dict[str, list[tuple[str, str]]]:
    """Find the aborted jobs that left rows which they may store still, by object: (job id, until when, ISO)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for facts in _settled(run, opened):
        until = _until(facts)
        if until and run.clock() < until:
            found.setdefault(facts.place.name, []).append((facts.place.job_id, until.isoformat(timespec="seconds")))
    return found


def told(run: ports.Run, opened: journal.Opened) -> list[str]:
    """Say of each such job what follows."""
    return [
        f"job {job_id} of {name} was aborted: until {until} it may store rows that it left, so their payload counts as inserted; "
        "an undo after that looks again"
        for name, found in may_write(run, opened).items()
        for job_id, until in found
    ]


def _until(facts: resume.JobFacts) -> datetime | None:
    """Until when a settled job may store what it left; None: it won't."""
    return datetime.fromisoformat(facts.facts["ended"]["at"]) + LATE if facts.may_move else None


def _settled(run: ports.Run, opened: journal.Opened) -> list[resume.JobFacts]:
    return [facts for name in opened.plan.order() for facts in journal.jobs(run, name) if facts.has("matched")]
