"""Ingest jobs → created, uploaded, closed, worked on chunk by chunk, ended (contract 2).

`work` has the thread that works on them.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from include.local_org import answers, ids, retention, uploads

if TYPE_CHECKING:
    from include.local_org import schema, site

OPEN, CLOSED, WORKING, COMPLETE, FAILED, ABORTED = "Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"
# A job that was deleted; nobody sees it, but it may still be at work.
GONE = "Deleted"
TERMINAL = {COMPLETE, FAILED, ABORTED}
ASSIGNED, ASSIGNED_SINCE = {"Case", "Lead"}, 49.0
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
ENUMS = {
    "operation": OPERATIONS,
    "contentType": ("CSV",),
    "lineEnding": ("LF", "CRLF"),
    "columnDelimiter": tuple(uploads.DELIMITERS),
}
REDUCED = (
    "id",
    "operation",
    "object",
    "createdById",
    "createdDate",
    "systemModstamp",
    "state",
    "externalIdFieldName",
    "assignmentRuleId",
    "concurrencyMode",
    "contentType",
    "apiVersion",
)
CREATED = (*REDUCED, "contentUrl", "lineEnding", "columnDelimiter")
LISTED = (*CREATED[: CREATED.index("contentUrl")], "jobType", *CREATED[CREATED.index("contentUrl") :])
COUNTERS = ("numberRecordsProcessed", "numberRecordsFailed")
FULL = (
    *REDUCED,
    "jobType",
    "contentUrl",
    "lineEnding",
    "columnDelimiter",
    *COUNTERS,
    "retries",
    "totalProcessingTime",
    "apiActiveProcessingTime",
    "apexProcessingTime",
    "errorMessage",
)


class Jobs:
    """All ingest jobs of the org."""

    def __init__(self, of: site.Site) -> None:
        self.site = of
        self._known: dict[str, dict[str, Any]] = {job["id"]: job for job in of.store.jobs()}
        self._places = itertools.count(max((job["place"] for job in self._known.values()), default=-1) + 1)
        self._nth: Counter[str] = Counter()
        for job in self._known.values():
            job.setdefault("nth", 0)
            self._nth[job["object"]] = max(self._nth[job["object"]], job["nth"])
        self._swept = ""
        self.waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.changed = threading.Condition()
        for job in self._known.values():
            if job["state"] in {CLOSED, WORKING}:
                self.waiting.put(job["id"])

    def known(self, job_id: str) -> dict[str, Any] | None:
        """Find a job that may have been deleted."""
        return self._known.get(job_id)

    def named(self, job_id: str) -> dict[str, Any] | None:
        """Find a job by its id of 15 or 18 characters; None if there is none."""
        return self._known.get(job_id) or self._known.get(ids.read(job_id) or "")

    def all(self) -> list[dict[str, Any]]:
        """All jobs, oldest first."""
        self._sweep()
        return sorted(self._known.values(), key=lambda job: job["place"])

    def get(self, job_id: str) -> dict[str, Any]:
        """Find a job by its id of 15 or 18 characters. Raises Refused (404)."""
        self._sweep()
        found = self.named(job_id)
        if found is None:
            raise answers.not_found()
        return found

    def looked(self, job: dict[str, Any]) -> dict[str, Any]:
        """Count a look at a job and show it."""
        with self.changed:
            job["looks"] += 1
            if job["state"] == CLOSED:
                self.changed.notify_all()
        return shown(job, FULL)

    def create(self, given: dict[str, Any], version: str, user_id: str) -> dict[str, Any]:
        """Create a job. Raises Refused (400) as contract 2.1.1 lists."""
        for name, allowed in ENUMS.items():
            if name in given and given[name] not in allowed:
                raise answers.Refused(400, "API_ERROR", f"Invalid value: '{word(given[name])}' supplied for property: '{name}'")
        job = self._new(given, self._allowed(given, user_id), version, user_id)
        with self.site.store.writing() as con:
            self.site.store.save_job(con, job)
        self._known[job["id"]] = job
        return shown(job, CREATED)

    def _allowed(self, given: dict[str, Any], user_id: str) -> schema.SObject:
        """Find a new job's object. Raises Refused if there is none, or the user may not do this to it."""
        name = str(given.get("object") or "")
        sobject = self.site.objects.get(name.lower())
        if sobject is None:
            raise answers.Refused(400, "INVALIDJOB", f"InvalidJob : Unable to find object: {name}")
        if not any(sobject.describe[each] for each in ("createable", "updateable", "deletable")):
            raise answers.Refused(400, "INVALIDENTITY", f"Entity '{sobject.name}' is not supported by the Bulk API.")
        if "operation" not in given:
            raise answers.Refused(400, "API_ERROR", "Invalid value: 'null' supplied for property: 'operation'")
        if given["operation"] == "hardDelete" and user_id == self.site.limited_user_id:
            raise answers.Refused(400, "FEATURENOTENABLED", "FeatureNotEnabled : hardDelete not enabled")
        return sobject

    def _new(self, given: dict[str, Any], sobject: schema.SObject, version: str, user_id: str) -> dict[str, Any]:
        """Make a job's document; `nth`: how many of its object were created until now."""
        external = self._external_id(given, sobject)
        with self.site.store.writing() as con:
            (job_id,) = self.site.store.new_ids(con, "750", 1)
        now = self.site.now()
        self._nth[sobject.name] += 1
        return {
            "id": job_id,
            "operation": given["operation"],
            "object": sobject.name,
            "createdById": user_id,
            "createdDate": now,
            "systemModstamp": now,
            "state": OPEN,
            **({"externalIdFieldName": external} if external else {}),
            **_assignment(given, sobject, version),
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
            "nth": self._nth[sobject.name],
        }

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

    def begin_upload(self, job: dict[str, Any]) -> None:
        """Allow the one PUT (contract 2.2). Raises Refused."""
        if job["state"] != OPEN:
            raise answers.Refused(400, "INVALIDJOBSTATE", f"Upload to a job in state {job['state']} not allowed")
        if job["uploaded"]:
            job["poisoned"] = True
            raise answers.Refused(400, "BULK_API_ERROR", _twice(job))

    def uploaded(self, job: dict[str, Any]) -> None:
        """Remember that the CSV is there, whole."""
        self.set(job, uploaded=True)

    def patch(self, job: dict[str, Any], state: str) -> dict[str, Any]:
        """Close or abort. Raises Refused (400, contract 2.5)."""
        with self.changed:
            if state == CLOSED:
                self._close(job)
            elif state == ABORTED:
                self._refuse(job, "Aborting", {COMPLETE: "Completed", FAILED: "Failed", ABORTED: "Aborted"})
                self.set(job, state=ABORTED)
            else:
                raise answers.Refused(400, "API_ERROR", f"Invalid value: '{state}' supplied for property: 'state'")
            self.changed.notify_all()
        return shown(job, REDUCED)

    def _close(self, job: dict[str, Any]) -> None:
        self._refuse(job, "Closing", {COMPLETE: "Completed", FAILED: "Failed", ABORTED: "aborted", CLOSED: "closed", WORKING: "closed"})
        if job.get("poisoned"):
            raise answers.Refused(400, "INVALIDJOB", _twice(job))
        self.set(job, state=CLOSED)
        self.waiting.put(job["id"])

    def _refuse(self, job: dict[str, Any], doing: str, words: dict[str, str]) -> None:
        if job["state"] in words:
            raise answers.Refused(400, "INVALIDJOBSTATE", f"{doing} already {words[job['state']]} Job not allowed")

    def delete(self, job: dict[str, Any]) -> None:
        """Delete an ended job (contract 2.8). Raises Refused (400)."""
        if job["state"] not in {*TERMINAL, CLOSED}:
            raise answers.Refused(400, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
        self._remove(job)

    def _sweep(self) -> None:
        """Once a second of the org's clock: remove what is too old, abort what was open for too long (contract 2.10)."""
        now = self.site.now()
        if now == self._swept:
            return
        self._swept = now
        for job in retention.outdated(self._known.values(), self.site.clock()):
            self._remove(job)
        for job in retention.forgotten(self._known.values(), self.site.clock()):
            self.set(job, state=ABORTED)

    def _remove(self, job: dict[str, Any]) -> None:
        """Take a job away with its results; a chunk of it at work is the last one."""
        with self.changed:
            job["state"] = GONE
            self._known.pop(job["id"], None)
        with self.site.store.writing() as con:
            con.execute('DELETE FROM "_jobs" WHERE id = ?', [job["id"]])
            con.execute('DELETE FROM "_results" WHERE job = ?', [job["id"]])
        self.site.store.upload_path(job["id"]).unlink(missing_ok=True)

    def set(self, job: dict[str, Any], **values: Any) -> None:
        """Change a job and write it down."""
        job.update(values, systemModstamp=self.site.now())
        with self.site.store.writing() as con:
            self.site.store.save_job(con, job)


def word(given: Any) -> str:
    """A JSON value as Salesforce names it in its errors."""
    return "null" if given is None else str(given)


def _assignment(given: dict[str, Any], sobject: schema.SObject, version: str) -> dict[str, str]:
    """The assignment rule of cases and leads, told where it was given; it assigns nothing here."""
    rule = given.get("assignmentRuleId")
    fits = sobject.name in ASSIGNED and float(version) >= ASSIGNED_SINCE
    return {"assignmentRuleId": str(rule)} if rule and fits else {}


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
