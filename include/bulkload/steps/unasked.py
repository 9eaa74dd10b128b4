"""An earlier run that lost rows → how many of them may go though nobody asked, or why only a person may send them.

What a person stopped, what stopped as all would fail alike, and what somebody is about to mend, is people's to send: by a replay that
somebody starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.ledger import entries, replays
from include.bulkload.steps import choice, journal, replay, turn

if TYPE_CHECKING:
    from include.bulkload.steps import ports

CANCELLED, ABORTED, STOPPED, UNFINISHED = "cancelled", "aborted", "stopped", "unfinished"


def look(run: ports.Run, opened: journal.Opened) -> tuple[int, str]:
    """Collect what has ended of a run; how many of its rows would go now, and why none may: one of the words above, or "".

    What its jobs have done is known then; besides that it leaves no trace. Jobs that still run aren't waited for.
    """
    for name in opened.plan.order():
        turn.collected(run, opened, name)
    left = choice.look(run, opened)
    return left.rows, _why_not(run, opened, left) if left.rows else ""


def stopped(run: ports.Run) -> None:
    """Note that a person marked the run, or a task at work, failed, if it ever began."""
    if run.folder.read(entries.BEGUN) is not None:
        journal.note(run, entries.cancelled(run.now()))


def _why_not(run: ports.Run, opened: journal.Opened, left: choice.Left) -> str:
    """Why no row of a run goes by itself."""
    jobs = [facts for name in opened.plan.order() for facts in journal.jobs(run, name)]
    if run.folder.read(entries.CANCELLED) is not None or any(each.has("cancel") for each in jobs):
        return CANCELLED
    if any(each.place.job_id in left.jobs and each.is_aborted_by_others for each in jobs):
        return ABORTED
    if left.stopped:
        return STOPPED
    names = run.folder.names(replays.FOLDER)
    closed = replays.numbers(names, replays.CLOSED)
    # Somebody mends its rows, maybe by an edited copy: as they were they must not come before.
    if any(not each.by_itself and each.number not in closed for each in replay.begun(run, names)):
        return UNFINISHED
    return ""
