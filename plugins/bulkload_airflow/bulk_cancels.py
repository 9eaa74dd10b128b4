"""A task that waits → a mark in the run folder; a person's cancel → obeyed before the summary is written.

Airflow kills a waiting trigger some seconds after somebody marked its task failed, and the summary may start
meanwhile. A trigger that no triggerer has taken up yet isn't told at all (measured on 3.3.2). So the summary
waits for the cancels that are due, and carries out the ones that don't come.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.steps import journal, trouble, wait

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.bulkload.ledger import entries
    from include.bulkload.steps import ports

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 10
LOOK_SECONDS = 1
WENT_ON = "it had waited, went on, and broke off without a word: its worker was lost, or somebody marked it failed; see its log"


def begin(folder: ports.RunFolder, label: str, jobs: Mapping[str, str], until: float, *, deferred: bool, of: str = "") -> None:
    """Mark that a task instance waits for jobs (id → object) until a wall-clock second, deferred or on a worker.

    `of`: id of the run whose ledger names them, "" for the one whose folder this is.
    """
    folder.write(_name(label), {"jobs": dict(jobs), "until": until, "deferred": deferred, "of": of})
    trouble.note(folder, label, f"somebody ended it while it waited for job {', '.join(jobs)}")


def begin_rest(folder: ports.RunFolder, label: str, moment: str, *, deferred: bool, of: str = "") -> None:
    """Mark that a task instance waits until a moment, with no job at work; `deferred` and `of` as for `begin`."""
    # Whenever that has come, the task goes on and ends its mark first: so one that stands was left by a person, or a worker that died then.
    folder.write(_name(label), {"jobs": {}, "until": None, "deferred": deferred, "of": of})
    trouble.note(folder, label, f"somebody ended it while it waited until {moment}")


def end(folder: ports.RunFolder, label: str) -> None:
    """Mark that a wait ended by itself, if one stands: done, timed out or gone wrong, or the task is begun anew."""
    waited = folder.read(_name(label))
    if waited is not None and (waited["jobs"] or waited["until"] is None):
        folder.write(_name(label), {"jobs": {}, "until": 0, "deferred": False})
        trouble.note(folder, label, WENT_ON)


def waited_for(folder: ports.RunFolder, label: str) -> list[str]:
    """Name the jobs that a task instance waits for."""
    return list((folder.read(_name(label)) or {"jobs": {}})["jobs"])


def obeyed(run: ports.Run, home: ports.RunFolder, labels: Sequence[str], of: str = "") -> None:
    """See to it that failed waits, which nothing of ours ended, have their jobs cancelled.

    Where a moment was waited for, and no job, nothing of the run goes by itself any more.

    `run`: whose ledger names the jobs; `home`: the folder of the run whose tasks waited, which may be another: then `of` is `run`'s id.
    A job that can't be aborted now is left to whoever tidies `run` up: its `cancel` stands.

    Only a person does that to a deferred wait before its time, while its job goes on: once that has ended, the task goes on, and its
    worker may be lost before it says so. A wait on a worker may also have lost its worker, so its job goes on, unless the worker
    itself wrote the cancel.
    """
    from include.bulkload.steps import unasked

    # Who broke off for good as he was to end his wait has said so.
    labels = trouble.ended_by_others(home, labels)
    if any(_rested(home, label, of) for label in labels):
        unasked.stopped(run)
    for _ in range(PATIENCE_SECONDS // LOOK_SECONDS):
        if not any(_due(run, home, label, of) for label in labels):
            return
        run.pause(LOOK_SECONDS)
    for place in [each for label in labels for each in _due(run, home, label, of, deferred=True)]:
        if _has_ended(run, place.job_id):
            continue
        journal.note(run, place.cancelled(run.now()))
        try:
            wait.abort(run, place)
        except errors.BulkloadError as wrong:
            log.error("job %s: can't be aborted now: %s", place.job_id, wrong)


def _has_ended(run: ports.Run, job_id: str) -> bool:
    """Whether a job has ended; one that can't be seen now goes on."""
    try:
        return wait.look(run, [job_id])[job_id].is_terminal
    except errors.BulkloadError as wrong:
        log.warning("job %s: can't be seen now: %s", job_id, wrong)
        return False


def _rested(home: ports.RunFolder, label: str, of: str) -> bool:
    """Whether a deferred wait for a moment of run `of` stands: the task failed before it went on."""
    waited: dict[str, Any] = home.read(_name(label)) or {"deferred": False}
    return waited["deferred"] and waited["until"] is None and waited["of"] == of


def _due(run: ports.Run, home: ports.RunFolder, label: str, of: str, *, deferred: bool = False) -> list[entries.JobPlace]:
    """The jobs whose cancel should stand in the ledger of run `of` and doesn't yet; only those of deferred waits, if told so."""
    waited: dict[str, Any] = home.read(_name(label)) or {"jobs": {}}
    # A task that replays several runs waits for one's jobs after the other's.
    if (
        not waited["jobs"]
        or waited.get("of", of) != of
        or run.clock().timestamp() >= waited["until"]
        or (deferred and not waited["deferred"])
    ):
        return []
    known = [each for name in sorted(set(waited["jobs"].values())) for each in journal.jobs(run, name)]
    return [each.place for each in known if each.place.job_id in waited["jobs"] and not each.has("cancel") and not each.has("ended")]


def _name(label: str) -> str:
    return f"waiting/{label}.json"
