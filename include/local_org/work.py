"""Closed jobs → rows saved chunk by chunk by one thread, until the job ends (contract 8).

Each chunk and its outcomes are one transaction, so that a killed org goes on where it stood.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

from include.local_org import jobs, rows, uploads

if TYPE_CHECKING:
    from include.local_org import schema, site

PATIENCE = 10


class Worker:
    """The thread that works on jobs, one after the other."""

    def __init__(self, of: site.Site, all_jobs: jobs.Jobs) -> None:
        self.site = of
        self.jobs = all_jobs
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
        while (job_id := self.jobs.waiting.get()) is not None and not self._closing:
            job = self.jobs.known(job_id)
            if job is not None and job["state"] in {jobs.CLOSED, jobs.WORKING}:
                with contextlib.suppress(_Stopped):
                    self._worked(job)

    def _worked(self, job: dict[str, Any]) -> None:
        """Work on one job to its end, or until it is aborted."""
        self._pause(job, until=lambda: job["looks"] >= self.site.settings.looks)
        if job["state"] == jobs.CLOSED:
            self.jobs.set(job, state=jobs.WORKING)
        sobject, path = self.site.objects[job["object"].lower()], self.site.store.upload_path(job["id"])
        try:
            columns = uploads.check(path, job, sobject) if path.exists() else []
            total = sum(1 for _ in uploads.rows(path, job["columnDelimiter"])) if path.exists() else 0
        except uploads.Unreadable as wrong:
            self._end(job, jobs.FAILED, str(wrong))
            return
        rule = self._planned_end(job)
        stop = total if rule is None else int(total * float(rule["at"]))
        self._chunks(job, sobject, columns, total, stop)
        if job["state"] == jobs.WORKING:
            state, message = (jobs.COMPLETE, "") if rule is None else (rule["state"], rule.get("message", ""))
            self._end(job, state, message)

    def _chunks(self, job: dict[str, Any], sobject: schema.SObject, columns: list[str], total: int, stop: int) -> None:
        source = uploads.rows(self.site.store.upload_path(job["id"]), job["columnDelimiter"]) if total else iter(())
        done = job[jobs.COUNTERS[0]]
        for start in range(0, stop, rows.CHUNK):
            chunk = list(itertools.islice(source, min(rows.CHUNK, stop - start)))
            if start < done:
                continue
            if job["state"] != jobs.WORKING:
                return
            self._chunk(job, sobject, columns, start, chunk)
            if self.site.settings.job_seconds:
                self._pause(job, seconds=self.site.settings.job_seconds * len(chunk) / max(total, 1))
        if not total and self.site.settings.job_seconds:
            self._pause(job, seconds=self.site.settings.job_seconds)

    def _chunk(self, job: dict[str, Any], sobject: schema.SObject, columns: list[str], start: int, chunk: list[list[str]]) -> None:
        """Save a chunk, its outcomes and the job's counters in one transaction."""
        settings = self.site.settings
        work = rows.Job(
            sobject,
            self.site.objects,
            job["operation"],
            job.get("externalIdFieldName"),
            columns,
            self.site.user_id,
            self.site.now(),
            settings.row_faults,
            settings.echo,
        )
        with self.site.store.writing() as con:
            outcomes = rows.save(self.site.store, con, work, chunk)
            self.site.store.save_outcomes(con, [_outcome(job["id"], start + place, each) for place, each in enumerate(outcomes)])
            job[jobs.COUNTERS[0]] = start + len(chunk)
            job[jobs.COUNTERS[1]] += sum(1 for each in outcomes if each.error)
            job["systemModstamp"] = self.site.now()
            self.site.store.save_job(con, job)

    def _planned_end(self, job: dict[str, Any]) -> dict[str, Any] | None:
        """The rule that lets this job end Failed or Aborted, if there is one."""
        nth = sum(
            1 for other in self.jobs.all() if other["object"] == job["object"] and other["uploaded"] and other["place"] <= job["place"]
        )
        for rule in self.site.settings.job_ends:
            if rule["object"].lower() == job["object"].lower() and rule.get("job", nth) == nth:
                return rule
        return None

    def _end(self, job: dict[str, Any], state: str, message: str) -> None:
        with self.jobs.changed:
            if job["state"] == jobs.WORKING:
                self.jobs.set(
                    job, state=state, totalProcessingTime=job["numberRecordsProcessed"], **({"errorMessage": message} if message else {})
                )

    def _pause(self, job: dict[str, Any], *, seconds: float | None = None, until: Any = None) -> None:
        """Wait, but not for an aborted job, nor when the org ends."""
        with self.jobs.changed:
            self.jobs.changed.wait_for(
                lambda: self._closing or job["state"] in jobs.TERMINAL or (until is not None and until()), timeout=seconds
            )
        if self._closing:
            raise _Stopped


class _Stopped(Exception):
    """The org ends; the job goes on at its next start."""


def _outcome(job_id: str, place: int, each: rows.Outcome) -> tuple[Any, ...]:
    cells = json.dumps(each.cells)
    return job_id, place, "f" if each.error else "s", each.sf_id, "true" if each.created else "false", each.error, cells
