"""Closed jobs → rows saved chunk by chunk by one thread, many jobs and batches in turns, until each job ends (contract 8).

Each chunk and its outcomes are one transaction, so that a killed org goes on where it stood. In each round every
batch at work has one chunk saved; those count as simultaneous, see `locks`.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from include.local_org import faults, jobs, locks, results, rows, saving, task, timeline, uploads

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.local_org import site

PATIENCE = 10
# Batches at work in all jobs together: their rows are in memory.
MOST_LANES = 16
# About how many bytes they take; further jobs wait for their turn. A cell takes some beside its text.
MOST_HELD, CELL = 128 << 20, 64
# Seconds after which a job that had to wait looks for room again.
AGAIN = 0.05
TOO_MANY = "TooManyLockFailure : Too many lock failure {} Trying again later."
PLANNED = "InternalServerError : the job was to fail"
LOST = "UNABLE_TO_LOCK_ROW"


class Worker:
    """The thread that works on jobs."""

    def __init__(self, of: site.Site, all_jobs: jobs.Jobs) -> None:
        self.site = of
        self.jobs = all_jobs
        self.locks = locks.Locks(of.settings.seed)
        self.timelines = timeline.Timelines()
        self._tasks: list[task.Task] = []
        self._landing: list[task.Task] = []
        self._waiting: list[dict[str, Any]] = []
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to work, first on what was unfinished when the process ended."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the chunk at hand."""
        with self.jobs.changed:
            self._closing = True
            self.jobs.changed.notify_all()
        self.jobs.waiting.put(None)
        self._thread.join(PATIENCE)

    def _work(self) -> None:
        while not self._closing:
            self._admit()
            now = time.monotonic()
            self._leave(now)
            ready = [each for each in self._tasks if each.due <= now]
            if not ready:
                self._rest(now)
                continue
            settings = self.site.settings
            self.locks.new_round(settings.lock_share, settings.held_locks)
            for each in self.locks.shuffled(ready):
                self._safely(each.job, functools.partial(self._turn, each))

    def _admit(self) -> None:
        """Take up the jobs that were closed meanwhile; with nothing else to do, wait for one."""
        nothing_else = not self._tasks and not self._waiting and not self._landing
        with contextlib.suppress(queue.Empty):
            while True:
                job_id = self.jobs.waiting.get(block=nothing_else)
                if job_id is None:
                    return
                nothing_else = False
                job = self.jobs.known(job_id)
                if job is not None:
                    self._waiting.append(job)
        self._waiting = [job for job in self._waiting if job["state"] in {jobs.CLOSED, jobs.WORKING}]
        ready = [job for job in self._waiting if job["looks"] >= self.site.settings.looks]
        self._waiting = [job for job in self._waiting if job not in ready]
        for job in ready:
            self._safely(job, functools.partial(self._begin, job))

    def _leave(self, now: float) -> None:
        """Drop jobs that aren't at work any more; chunks in flight at an abort are committed a moment later (contract 8.10)."""
        left = [each for each in self._tasks if each.job["state"] != jobs.WORKING]
        self._tasks = [each for each in self._tasks if each not in left]
        for each in left:
            each.due = now + self.site.settings.abort_lag_seconds
        self._landing += [each for each in left if each.job["state"] == jobs.ABORTED and any(each.lanes)]
        landed = [each for each in self._landing if each.due <= now]
        self._landing = [each for each in self._landing if each not in landed]
        for each in landed:
            self._safely(each.job, functools.partial(self._land, each))

    def _land(self, each: task.Task) -> None:
        """Save the chunks that were at work at an abort."""
        self.locks.new_round(self.site.settings.lock_share, self.site.settings.held_locks)
        for lane in filter(None, each.lanes):
            lane[0].tries = self.site.settings.lock_tries
            self._chunk(each, lane[0])

    def _rest(self, now: float) -> None:
        """Wait until a job is due, looked at, aborted or closed."""
        due = min((each.due for each in (*self._tasks, *self._landing)), default=None)
        with self.jobs.changed:
            looked = any(job["looks"] >= self.site.settings.looks for job in self._waiting)
            if not self._closing and not looked and self.jobs.waiting.empty():
                self.jobs.changed.wait(None if due is None else max(due - now, 0.0))

    def _begin(self, job: dict[str, Any]) -> None:
        """Read a job's header and count its rows, or let it fail."""
        with self.jobs.changed:
            if job["state"] == jobs.CLOSED:
                self.jobs.set(job, state=jobs.WORKING)
        sobject, path = self.site.objects[job["object"].lower()], self.site.store.upload_path(job["id"])
        try:
            columns = uploads.check(path, job, sobject, self.site.objects) if path.exists() else []
            total = uploads.count(path, job["columnDelimiter"]) if path.exists() else 0
        except uploads.Unreadable as wrong:
            self._end(job, jobs.FAILED, str(wrong))
            return
        rule = faults.job_end(self.site.settings.job_ends, job)
        stop = total if rule is None else int(total * rule.at)
        source = uploads.rows(path, job["columnDelimiter"]) if total else iter(())
        now = time.monotonic()
        rest = 0.0 if total else self.site.settings.job_seconds
        done = self.site.store.finished_chunks(job["id"], rows.CHUNK)
        row_bytes = path.stat().st_size / total + CELL * len(columns) if total else 0.0
        self._tasks.append(task.Task(job, sobject, columns, source, total, stop, done, row_bytes, rule, now + rest, now))
        self._tasks[-1].timeline.total = total
        self.timelines.keep(job["id"], self._tasks[-1].timeline)

    def _safely(self, job: dict[str, Any], step: Callable[[], None]) -> None:
        """Go a step on with a job; a bug of ours ends this job, is told, and leaves the others alone."""
        try:
            step()
        except Exception as bug:  # noqa: BLE001 - anything else would leave all jobs InProgress for ever
            traceback.print_exc()
            self._end(job, jobs.FAILED, f"InternalServerError : {type(bug).__name__}")

    def _turn(self, each: task.Task) -> None:
        """Save one chunk of each of a job's batches at work."""
        began, settings = time.monotonic(), self.site.settings
        each.refill(max(1, min(settings.lanes, MOST_LANES // max(len(self._tasks), 1))), self._room, self._refused)
        if not each.lanes and not each.finished:
            each.due = began + AGAIN
            return
        saved = 0
        for lane in self.locks.shuffled(each.lanes):
            if self._closing or each.job["state"] != jobs.WORKING:
                return
            batch = each.timeline.batch(lane[0].start // task.BATCH)
            written = self._chunk(each, lane[0])
            saved += written
            if lane[0].start in each.done:
                lane.popleft()
            batch.tried(written, last=not lane)
        pause = settings.job_seconds * saved / max(each.total, 1)
        if settings.rows_per_second:
            pause = max(pause, saved / settings.rows_per_second)
        if pause:
            each.due = max(each.due, began) + pause
        if each.finished and not pause:
            self._finish(each)

    def _room(self) -> bool:
        """Whether another batch may be read into memory."""
        return sum(each.held for each in self._tasks) < MOST_HELD

    def _refused(self, count: int) -> str:
        """Use up a batch of the day's quotas; why it may not be, or nothing."""
        return self.site.quotas.take(count, self.site.clock(), self.site.settings)

    def _finish(self, each: task.Task) -> None:
        """End a job as planned, for want of quotas, or well."""
        milliseconds = max(int((time.monotonic() - each.began) * 1000), each.job["apiActiveProcessingTime"])
        if each.over:
            # Rows of batches past the quota have no result at all (contract 3.16).
            self._end(each.job, jobs.FAILED, each.over, milliseconds=milliseconds, beyond=True)
        elif each.rule is not None:
            self.site.faults.happened("job_end")
            message = each.rule.message or (PLANNED if each.rule.state == jobs.FAILED else "")
            self._end(each.job, each.rule.state, message, milliseconds=milliseconds)
        else:
            self._end(each.job, jobs.COMPLETE, "", milliseconds=milliseconds)

    def _chunk(self, each: task.Task, chunk: task.Chunk) -> int:
        """Save a chunk, its outcomes and the job's counters in one transaction; how many rows, 0 if it has to wait."""
        job, store = each.job, self.site.store
        work = self._work_on(each, chunk)
        began, counted = time.monotonic(), dict[str, Any]()
        try:
            # Whoever sees the counters finds the rows in the results: nobody sees them before the commit.
            with store.writing(lambda: job.update(counted)) as con:
                if job["state"] == jobs.GONE:
                    return 0
                outcomes = rows.save(store, con, work, chunk.rows)
                store.save_results(con, job["id"], results.written(job, outcomes, chunk.start))
                counted.update(self._counted(job, len(chunk.rows), len(outcomes.errors), began))
                store.save_job(con, job | counted)
        except locks.Contended:
            chunk.tries += 1
            job["retries"] += 1
            return 0
        each.done.add(chunk.start)
        self.site.faults.happened("row", len(work.planned))
        lost = sum(1 for row, error in outcomes.errors.items() if error.startswith(LOST) and row not in work.planned)
        self.site.faults.happened("lock", lost)
        each.lost += lost
        if 0 < self.site.settings.lock_failures <= each.lost:
            self._end(job, jobs.FAILED, TOO_MANY.format(each.lost))
        return len(chunk.rows)

    def _counted(self, job: dict[str, Any], saved: int, refused: int, began: float) -> dict[str, Any]:
        """The job's counters with a chunk more."""
        processed, failed = jobs.COUNTERS
        return {
            processed: job[processed] + saved,
            failed: job[failed] + refused,
            "apiActiveProcessingTime": job["apiActiveProcessingTime"] + max(1, int((time.monotonic() - began) * 1000)),
            "systemModstamp": self.site.now(),
        }

    def _work_on(self, each: task.Task, chunk: task.Chunk) -> saving.Job:
        """What saving a chunk needs of its job and the settings."""
        settings, job = self.site.settings, each.job
        refused = faults.for_rows(settings.row_faults, settings.seed, job, each.columns, chunk.rows, chunk.start)
        return saving.Job(
            each.sobject,
            self.site.objects,
            job["operation"],
            job.get("externalIdFieldName"),
            each.columns,
            job["createdById"],
            self.site.now(),
            refused,
            settings.echo,
            self.locks,
            last_try=chunk.tries >= settings.lock_tries,
        )

    def _end(self, job: dict[str, Any], state: str, message: str, *, milliseconds: int = 0, **more: Any) -> None:
        with self.jobs.changed:
            if job["state"] == jobs.WORKING:
                told = {"errorMessage": message} if message else {}
                self.jobs.set(job, state=state, totalProcessingTime=milliseconds, **told, **more)
