"""A task that waits, or waited → a mark in the run folder; a person's cancel → seen before the summary is written.

Airflow kills a waiting trigger some seconds after somebody marked its task failed, and the summary may start
meanwhile. It must not call a job "still running" that is about to be aborted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.steps import journal, trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.steps import ports

PATIENCE_SECONDS = 20
LOOK_SECONDS = 1


def begin(folder: ports.RunFolder, label: str, name: str, job_ids: Sequence[str]) -> None:
    """Mark that a task instance waits for jobs of object `name`; whoever ends it without our code is a person."""
    folder.write(_name(label), {"object": name, "jobs": list(job_ids)})
    trouble.note(folder, label, f"somebody ended it while it waited for job {', '.join(job_ids)}")


def end(folder: ports.RunFolder, label: str) -> None:
    """Mark that the wait ended by itself: done, timed out or gone wrong."""
    folder.write(_name(label), {"object": "", "jobs": []})


def awaited(run: ports.Run, labels: Sequence[str]) -> None:
    """Wait until the cancels of failed waits stand in the ledger, 20 seconds at most.

    Which is as long as it takes where it comes at all: a wait whose worker was lost gets none.
    """
    for _ in range(PATIENCE_SECONDS // LOOK_SECONDS):
        if not any(_is_due(run, label) for label in labels):
            return
        run.pause(LOOK_SECONDS)


def _is_due(run: ports.Run, label: str) -> bool:
    waited = run.folder.read(_name(label)) or {"jobs": []}
    jobs = journal.jobs(run, waited["object"]) if waited["jobs"] else []
    return any(each.place.job_id in waited["jobs"] and not each.has("cancel") and not each.has("ended") for each in jobs)


def _name(label: str) -> str:
    return f"waiting/{label}.json"
