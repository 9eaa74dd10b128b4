"""Job ids → one event when Salesforce has ended them all, or the wait is over; a person's cancel → the jobs aborted.

Events hold job ids and states only, and are the same however often they are found out: the task that resumes
asks Salesforce itself. The trigger may be stopped, moved and run twice at any time.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from bulkload_airflow import bulk_hook, bulk_polls, bulk_runs, outcomes
from include.bulkload.basics import entities, errors
from include.bulkload.steps import wait
from include.salesforce import pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)
# Airflow cancels on_kill after a second; the work goes on in a task that something must hold.
_CANCELS: set[asyncio.Task[None]] = set()
ENDED, OVER, REFUSED = "ended", "over", "refused"


class BulkJobTrigger(BaseTrigger):
    """Polls Bulk API 2.0 jobs until all have ended.

    :param conn_id: Airflow connection of type `salesforce`.
    :param jobs: job id → the plan's object that the job belongs to.
    :param poll_seconds: first pause between two looks.
    :param began: wall-clock second (Unix time) at which this try began to wait.
    :param deadline: wall-clock second at which the wait is over; the jobs go on.
    :param of: run id of the run whose ledger names the jobs, "" for the task's own.
    """

    def __init__(self, *, conn_id: str, jobs: dict[str, str], poll_seconds: float, began: float, deadline: float, of: str = "") -> None:
        super().__init__()
        self.conn_id = conn_id
        self.jobs = dict(jobs)
        self.poll_seconds = poll_seconds
        self.began = began
        self.deadline = deadline
        self.of = of

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and what it is made from again, in any triggerer."""
        given = ("conn_id", "jobs", "poll_seconds", "began", "deadline", "of")
        return f"{type(self).__module__}.{type(self).__qualname__}", {each: getattr(self, each) for each in given}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there is something to tell, then tell it once."""
        polls = bulk_polls.Polls(self.conn_id)
        states, faults = dict.fromkeys(self.jobs, ""), 0
        while True:
            # First the pause: the worker looked a moment ago, and after a restart all triggers begin at once.
            await asyncio.sleep(max(0.0, min(self._pause(faults, polls.asked_to_wait), self.deadline - time.time())))
            try:
                for job_id in [each for each, state in states.items() if not _is_over(state)]:
                    states[job_id] = await polls.state(job_id)
                faults = 0
            except errors.TryAgain as fault:
                faults += 1
                self.log.warning("poll failed, %d in a row, and is repeated: %s", faults, fault)
            except errors.MustStop as refused:
                self.log.error("%s", refused)
                yield TriggerEvent({"status": REFUSED, "states": states})
                return
            if all(_is_over(state) for state in states.values()):
                yield TriggerEvent({"status": ENDED, "states": states})
                return
            if time.time() >= self.deadline:
                yield TriggerEvent({"status": OVER, "states": states})
                return

    def _pause(self, faults: int, asked: float) -> float:
        """Seconds until the next look: slower for long jobs and after faults, never the same for all triggers."""
        pause = pace.pause(self.poll_seconds, time.time() - self.began)
        slower = min(pause * 2 ** min(faults, 10), max(pause, pace.LONGEST))
        return float(max(slower, asked)) * random.uniform(1, 1.1)  # noqa: S311 - as above

    async def on_kill(self) -> None:
        """Abort the jobs if a person marked the task failed. Airflow also calls this for clears, moves and successes."""
        work = asyncio.create_task(self._cancel())
        _CANCELS.add(work)
        work.add_done_callback(_CANCELS.discard)
        await asyncio.shield(work)

    async def _cancel(self) -> None:
        task_instance = self.task_instance
        if task_instance is None:
            return
        state = await asyncio.to_thread(bulk_runs.state_of, task_instance)
        if state != outcomes.FAILED:
            self.log.info("jobs %s go on: the task reads %s, nobody marked it failed", list(self.jobs), state)
            return
        place = bulk_runs.Place(task_instance.dag_id, task_instance.run_id)
        await asyncio.to_thread(abort, place, self.conn_id, self.jobs, self.of)


def abort(place: bulk_runs.Place, conn_id: str, jobs: dict[str, str], of: str = "") -> None:
    """Write each job's `cancel` into the ledger that names it, then abort it; what can't be aborted now the summary aborts."""
    with bulk_runs.opened(place, bulk_hook.BulkHook(conn_id), of) as run:
        for job_id, name in jobs.items():
            try:
                wait.cancel(run, name, job_id)
                log.info("job %s: aborted, because its task was marked failed", job_id)
            except errors.BulkloadError as wrong:
                log.error("job %s: can't be aborted now: %s", job_id, wrong)


def _is_over(state: str) -> bool:
    return state == bulk_polls.GONE or (bool(state) and entities.JobState(state).is_terminal)
