"""Ingest jobs → created, uploaded, closed, worked on chunk by chunk, ended (contract 2).

One thread works on the jobs. Each chunk and its outcomes are one transaction, so that a killed org goes on where
it stood.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import threading
from typing import TYPE_CHECKING, Any

from include.local_org import answers, rows, uploads

if TYPE_CHECKING:
    from pathlib import Path

    from include.local_org import org, schema

OPEN, CLOSED, WORKING, COMPLETE, FAILED, ABORTED = "Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"
TERMINAL = {COMPLETE, FAILED, ABORTED}
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
ENUMS = {
    "operation": OPERATIONS,
    "contentType": ("CSV",),
    "lineEnding": ("LF", "CRLF"),
    "columnDelimiter": tuple(uploads.DELIMITERS),
}
REDUCED = ("id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "externalIdFieldName", "concurrencyMode", "contentType", "apiVersion")
CREATED = (*REDUCED, "contentUrl", "lineEnding", "columnDelimiter")
LISTED = (*CREATED[: CREATED.index("contentUrl")], "jobType", *CREATED[CREATED.index("contentUrl") :])
COUNTERS = ("numberRecordsProcessed", "numberRecordsFailed")
FULL = (*REDUCED, "jobType", "contentUrl", "lineEnding", "columnDelimiter", *COUNTERS, "retries", "totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime", "errorMessage")


class Jobs:
    """All ingest jobs of the org."""

    def __init__(self, of: org.Org) -> None:
        self.org = of
        self._known: dict[str, dict[str, Any]] = {job["id"]: job for job in of.store.jobs()}
        self._places = itertools.count(len(self._known))
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to work, first on what was unfinished when the process ended."""
        for job in self._known.values():
            if job["state"] in {CLOSED, WORKING}:
                self._waiting.put(job["id"])
        self._thread.start()

    def stop(self) -> None:
        """Stop after the chunk at hand."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._waiting.put(None)
        self._thread.join(10)

    def all(self) -> list[dict[str, Any]]:
        """All jobs, oldest first."""
        return sorted(self._known.values(), key=lambda job: job["place"])

    def get(self, job_id: str) -> dict[str, Any]:
        """Find a job by its id of 15 or 18 characters. Raises Refused (404)."""
        for known in (job_id, *[each for each in self._known if each[:15] == job_id]):
            if known in self._known:
                return self._known[known]
        raise answers.not_found()

    def looked(self, job: dict[str, Any]) -> dict[str, Any]:
        """Count a look at a job and show it."""
        with self._changed:
            job["looks"] += 1
            self._changed.notify_all()
        return shown(job, FULL)

    def create(self, given: dict[str, Any], version: str) -> dict[str, Any]:
        """Create a job. Raises Refused (400) as contract 2.1.1 lists."""
        for name, allowed in ENUMS.items():
            if name in given and given[name] not in allowed:
                raise answers.Refused(400, "API_ERROR", f"Invalid value: '{given[name]}' supplied for property: '{name}'")
        sobject = self.org.objects.get(str(given.get("object", "")).lower())
        if sobject is None:
            raise answers.Refused(400, "INVALIDJOB", f"InvalidJob : Unable to find object: {given.get('object', '')}")
        if "operation" not in given:
            raise answers.Refused(400, "API_ERROR", "Invalid value: 'null' supplied for property: 'operation'")
        external = self._external_id(given, sobject)
        with self.org.store.writing() as con:
            (job_id,) = self.org.store.new_ids(con, "750", 1)
            now = self.org.now()
            job = {
                "id": job_id,
                "operation": given["operation"],
                "object": sobject.name,
                "createdById": self.org.user_id,
                "createdDate": now,
                "systemModstamp": now,
                "state": OPEN,
                **({"externalIdFieldName": external} if external else {}),
                "concurrencyMode": "Parallel",
                "contentType": "CSV",
                "apiVersion": float(version),
                "jobType": "V2Ingest",
                "contentUrl": f"services/data/v{version}/jobs/ingest/{job_id}/batches",
                "lineEnding": given.get("lineEnding", "LF"),
                "columnDelimiter": given.get("columnDelimiter", "COMMA"),
                **dict.fromkeys(COUNTERS, 0),
                "retries": 0,
                "totalProcessingTime": 0,
                "apiActiveProcessingTime": 0,
                "apexProcessingTime": 0,
                "place": next(self._places),
                "looks": 0,
                "uploaded": False,
            }
            self.org.store.save_job(con, job)
        self._known[job_id] = job
        return shown(job, CREATED)

    def _external_id(self, given: dict[str, Any], sobject: schema.SObject) -> str | None:
        if given["operation"] != "upsert":
            return None
        name = given.get("externalIdFieldName")
        if name is None:
            message = f"InvalidJob : External ID was blank for {sobject.name}. An External ID must be specified for upsert."
            raise answers.Refused(400, "INVALIDJOB", message)
        field = sobject.field(str(name))
        if field is None or not (field.external_id or field.id_lookup):
            message = f"InvalidJob : Field name provided, {name} does not match an External ID for {sobject.name}"
            raise answers.Refused(400, "INVALIDJOB", message)
        return str(name)

    def upload_path(self, job: dict[str, Any]) -> Path:
        """Where a job's CSV is kept."""
        return self.org.store.uploads / f"{job['id']}.csv"

    def begin_upload(self, job: dict[str, Any]) -> None:
        """Allow the one PUT (contract 2.2). Raises Refused."""
        if job["state"] != OPEN:
            raise answers.Refused(400, "INVALIDJOBSTATE", f"Upload to a job in state {job['state']} not allowed")
        if job["uploaded"]:
            job["poisoned"] = True
            raise answers.Refused(400, "BULK_API_ERROR", _twice(job))

    def uploaded(self, job: dict[str, Any]) -> None:
        """Remember that the CSV is there, whole."""
        self._set(job, uploaded=True)

    def patch(self, job: dict[str, Any], state: str) -> dict[str, Any]:
        """Close or abort. Raises Refused (400, contract 2.5)."""
        with self._changed:
            if state == CLOSED:
                self._close(job)
            elif state == ABORTED:
                self._refuse(job, "Aborting", {COMPLETE: "Completed", FAILED: "Failed", ABORTED: "Aborted"})
                self._set(job, state=ABORTED)
            else:
                raise answers.Refused(400, "API_ERROR", f"Invalid value: '{state}' supplied for property: 'state'")
            self._changed.notify_all()
        return shown(job, REDUCED)

    def _close(self, job: dict[str, Any]) -> None:
        self._refuse(job, "Closing", {COMPLETE: "Completed", FAILED: "Failed", ABORTED: "aborted", CLOSED: "closed", WORKING: "closed"})
        if job.get("poisoned"):
            raise answers.Refused(400, "INVALIDJOB", _twice(job))
        self._set(job, state=CLOSED)
        self._waiting.put(job["id"])

    def _refuse(self, job: dict[str, Any], doing: str, words: dict[str, str]) -> None:
        if job["state"] in words:
            raise answers.Refused(400, "INVALIDJOBSTATE", f"{doing} already {words[job['state']]} Job not allowed")

    def delete(self, job: dict[str, Any]) -> None:
        """Delete an ended job (contract 2.8). Raises Refused (400)."""
        if job["state"] not in {*TERMINAL, CLOSED}:
            raise answers.Refused(400, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
        with self.org.store.writing() as con:
            con.execute('DELETE FROM "_jobs" WHERE id = ?', [job["id"]])
            con.execute('DELETE FROM "_outcomes" WHERE job = ?', [job["id"]])
        del self._known[job["id"]]
        self.upload_path(job).unlink(missing_ok=True)

    def _set(self, job: dict[str, Any], **values: Any) -> None:
        job.update(values, systemModstamp=self.org.now())
        with self.org.store.writing() as con:
            self.org.store.save_job(con, job)

    def _work(self) -> None:
        while (job_id := self._waiting.get()) is not None and not self._closing:
            job = self._known.get(job_id)
            if job is not None and job["state"] in {CLOSED, WORKING}:
                with contextlib.suppress(_Stopped):
                    self._worked(job)

    def _worked(self, job: dict[str, Any]) -> None:
        """Work on one job to its end, or until it is aborted."""
        self._pause(job, until=lambda: job["looks"] >= self.org.settings.looks)
        if job["state"] == CLOSED:
            self._set(job, state=WORKING)
        sobject, path = self.org.objects[job["object"].lower()], self.upload_path(job)
        try:
            columns = uploads.check(path, job, sobject) if path.exists() else []
            total = sum(1 for _ in uploads.rows(path, job["columnDelimiter"])) if path.exists() else 0
        except uploads.Unreadable as wrong:
            self._end(job, FAILED, str(wrong))
            return
        rule = self._planned_end(job)
        stop = total if rule is None else int(total * float(rule["at"]))
        self._chunks(job, sobject, columns, total, stop)
        if job["state"] == WORKING:
            state, message = (COMPLETE, "") if rule is None else (rule["state"], rule.get("message", ""))
            self._end(job, state, message)

    def _chunks(self, job: dict[str, Any], sobject: schema.SObject, columns: list[str], total: int, stop: int) -> None:
        source = uploads.rows(self.upload_path(job), job["columnDelimiter"]) if total else iter(())
        done = job[COUNTERS[0]]
        for start in range(0, stop, rows.CHUNK):
            chunk = list(itertools.islice(source, min(rows.CHUNK, stop - start)))
            if start < done:
                continue
            if job["state"] != WORKING:
                return
            self._chunk(job, sobject, columns, start, chunk)
            if self.org.settings.job_seconds:
                self._pause(job, seconds=self.org.settings.job_seconds * len(chunk) / max(total, 1))
        if not total and self.org.settings.job_seconds:
            self._pause(job, seconds=self.org.settings.job_seconds)

    def _chunk(self, job: dict[str, Any], sobject: schema.SObject, columns: list[str], start: int, chunk: list[list[str]]) -> None:
        """Save a chunk, its outcomes and the job's counters in one transaction."""
        settings = self.org.settings
        work = rows.Job(
            sobject, self.org.objects, job["operation"], job.get("externalIdFieldName"), columns, self.org.user_id, self.org.now(), settings.row_faults, settings.echo
        )
        with self.org.store.writing() as con:
            outcomes = rows.save(self.org.store, con, work, chunk)
            self.org.store.save_outcomes(con, [_outcome(job["id"], start + place, each) for place, each in enumerate(outcomes)])
            job[COUNTERS[0]] = start + len(chunk)
            job[COUNTERS[1]] += sum(1 for each in outcomes if each.error)
            job["systemModstamp"] = self.org.now()
            self.org.store.save_job(con, job)

    def _planned_end(self, job: dict[str, Any]) -> dict[str, Any] | None:
        """The rule that lets this job end Failed or Aborted, if there is one."""
        nth = sum(1 for other in self.all() if other["object"] == job["object"] and other["uploaded"] and other["place"] <= job["place"])
        for rule in self.org.settings.job_ends:
            if rule["object"].lower() == job["object"].lower() and rule.get("job", nth) == nth:
                return rule
        return None

    def _end(self, job: dict[str, Any], state: str, message: str) -> None:
        with self._changed:
            if job["state"] == WORKING:
                self._set(job, state=state, totalProcessingTime=job["numberRecordsProcessed"], **({"errorMessage": message} if message else {}))

    def _pause(self, job: dict[str, Any], *, seconds: float | None = None, until: Any = None) -> None:
        """Wait, but not for an aborted job, nor when the org ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or job["state"] in TERMINAL or (until is not None and until()), timeout=seconds)
        if self._closing:
            raise _Stopped


class _Stopped(Exception):
    """The org ends; the job goes on at its next start."""


def _outcome(job_id: str, place: int, each: rows.Outcome) -> tuple[Any, ...]:
    cells = json.dumps(each.cells)
    return job_id, place, "f" if each.error else "s", each.sf_id, "true" if each.created else "false", each.error, cells


def _twice(job: dict[str, Any]) -> str:
    return (
        f"Found multipe contents for job: <{job['id'][:15]}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job "
        "and make sure you only do 'PUT' once on a given Job."
    )


def shown(job: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Show a job's fields as far as they stand in this phase (contract 2.6)."""
    hidden = set()
    if job["state"] != OPEN:
        hidden.add("contentUrl")
    if job["state"] == OPEN and not job["uploaded"]:
        hidden |= set(COUNTERS)
    return {name: job[name] for name in names if name in job and name not in hidden}
