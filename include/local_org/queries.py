"""Query jobs → created, run into a file, looked at, aborted, deleted (contract 5); they and their results survive a kill."""

from __future__ import annotations

import array
import datetime
import itertools
import json
import re
from typing import TYPE_CHECKING, Any

from include.local_org import answers, ids, jobs, soql, soql_parts, uploads

if TYPE_CHECKING:
    import sqlite3
    from concurrent import futures
    from pathlib import Path

    from include.local_org import site

REDUCED = tuple(name for name in jobs.REDUCED if name not in {"externalIdFieldName", "assignmentRuleId"})
CREATED = (*REDUCED, "lineEnding", "columnDelimiter")
FULL = (
    *REDUCED,
    "jobType",
    "lineEnding",
    "columnDelimiter",
    "numberRecordsProcessed",
    "retries",
    "totalProcessingTime",
    "isPkChunkingSupported",
)
LISTED = (*REDUCED, "jobType", "lineEnding", "columnDelimiter")
NOT_IN_BULK = {"EntityDefinition"}
TYPEOF = re.compile(r"\bTYPEOF\b", re.IGNORECASE)
TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
TABLE = 'CREATE TABLE IF NOT EXISTS "_queries" (id TEXT PRIMARY KEY, document TEXT NOT NULL)'
# Rows that are written at once.
AT_ONCE = 500
KEPT, DAY = datetime.timedelta(days=7), datetime.timedelta(days=1)


class Queries:
    """All query jobs of the org."""

    def __init__(self, of: site.Site, reader: futures.Executor) -> None:
        self.site, self.reader = of, reader
        with of.store.writing() as con:
            con.execute(TABLE)
            found = [json.loads(row[0]) for row in con.execute('SELECT document FROM "_queries"')]
        self._known: dict[str, dict[str, Any]] = {job["id"]: job for job in found}
        for job in found:
            if job["state"] == jobs.WORKING:
                self._start(job)

    def all(self) -> list[dict[str, Any]]:
        """All query jobs, oldest first; those that are too old are gone."""
        before = (self.site.clock() - KEPT).strftime("%Y-%m-%dT%H:%M:%S")
        for job in [each for each in self._known.values() if each["createdDate"] < before]:
            self._forget(job)
        return list(self._known.values())

    def last_day(self) -> int:
        """Count the jobs that were created in the last 24 hours."""
        since = (self.site.clock() - DAY).strftime("%Y-%m-%dT%H:%M:%S")
        return sum(job["createdDate"] >= since for job in self._known.values())

    def get(self, job_id: str) -> dict[str, Any]:
        """Find a job by its id of 15 or 18 characters. Raises Refused (404)."""
        self.all()
        found = self._known.get(ids.read(job_id) or "")
        if found is None:
            raise answers.not_found()
        return found

    def has(self, job_id: str) -> bool:
        """Whether an id is that of a query job."""
        return ids.read(job_id) in self._known

    def create(self, given: dict[str, Any], version: str, user_id: str) -> dict[str, Any]:
        """Create a job and begin to run its query. Raises Refused (400)."""
        enums = {name: jobs.ENUMS[name] for name in ("contentType", "lineEnding", "columnDelimiter")} | {"operation": ("query", "queryAll")}
        for name, allowed in enums.items():
            if name in given and given[name] not in allowed:
                raise answers.Refused(400, "API_ERROR", f"Invalid value: '{given[name]}' supplied for property: '{name}'")
        query = str(given.get("query", ""))
        if TYPEOF.search(TEXTS.sub("''", query)) or _beyond_bulk(soql_parts.read(query)):
            raise answers.Refused(400, "FEATURENOTENABLED", "FeatureNotEnabled : Aggregate Relationships not supported in Bulk Query")
        asked = soql.asked(self.site, query, deleted=given.get("operation") == "queryAll")
        if asked.sobject.name in NOT_IN_BULK:
            raise answers.Refused(400, "INVALIDENTITY", f"Entity '{asked.sobject.name}' is not supported by the Bulk API.")
        now = self.site.now()
        with self.site.store.writing() as con:
            (job_id,) = self.site.store.new_ids(con, "750", 1)
        job = {
            "id": job_id,
            "operation": given.get("operation", "query"),
            "object": asked.sobject.name,
            "createdById": user_id,
            "createdDate": now,
            "systemModstamp": now,
            "state": jobs.WORKING,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(version),
            "jobType": "V2Query",
            "lineEnding": given.get("lineEnding", "LF"),
            "columnDelimiter": given.get("columnDelimiter", "COMMA"),
            "numberRecordsProcessed": 0,
            "retries": 0,
            "totalProcessingTime": 0,
            "isPkChunkingSupported": True,
            "query": query,
            "columns": [".".join(column.way) for column in asked.columns],
            "looks": 0,
            "began": self.site.clock().timestamp(),
        }
        self._known[job_id] = job
        self._save(job)
        self._start(job)
        return {name: "UploadComplete" if name == "state" else job[name] for name in CREATED}

    def _save(self, job: dict[str, Any]) -> None:
        with self.site.store.writing() as con:
            con.execute('INSERT OR REPLACE INTO "_queries" VALUES (?, ?)', [job["id"], json.dumps(job)])

    def _start(self, job: dict[str, Any]) -> None:
        self.reader.submit(self._run, job)

    def _run(self, job: dict[str, Any]) -> None:
        """Write the rows to a file, and where each begins to another one."""
        try:
            asked = soql.asked(self.site, job["query"], deleted=job["operation"] == "queryAll", cells=True)
            ended = {"state": jobs.COMPLETE, "numberRecordsProcessed": self._written(job, asked.run(self.site))}
        except Exception:  # noqa: BLE001 - the job says it: nobody waits for this thread
            ended = {"state": jobs.FAILED}
        if job["state"] == jobs.WORKING and job["id"] in self._known:
            job.update(ended, systemModstamp=self.site.now())
            self._save(job)

    def _written(self, job: dict[str, Any], found: sqlite3.Cursor) -> int:
        """Write the rows of a cursor; how many there were. No step is taken per row in Python but its length."""
        lines: list[str] = []
        writer = uploads.writer(lines.append, job["columnDelimiter"], job["lineEnding"])
        at, count = 0, 0
        with self.rows_path(job).open("wb") as file, self._places_path(job).open("wb") as places:
            while rows := found.fetchmany(AT_ONCE):
                writer.writerows(rows)
                texts = [line.encode() for line in lines]
                lines.clear()
                *begins, at = itertools.accumulate(map(len, texts), initial=at)
                array.array("Q", begins).tofile(places)
                file.write(b"".join(texts))
                count += len(rows)
            array.array("Q", [at]).tofile(places)
        return count

    def rows_path(self, job: dict[str, Any]) -> Path:
        """Where a job's rows are kept."""
        return self.site.store.uploads / f"{job['id']}.rows"

    def _places_path(self, job: dict[str, Any]) -> Path:
        return self.site.store.uploads / f"{job['id']}.places"

    def stretch(self, job: dict[str, Any], start: int, rows: int) -> tuple[int, int]:
        """The first byte of row `start`, and how many bytes `rows` rows take from there."""
        with self._places_path(job).open("rb") as file:
            file.seek(start * 8)
            places = array.array("Q", file.read((rows + 1) * 8))
        return places[0], places[-1] - places[0]

    def state(self, job: dict[str, Any]) -> str:
        """A job's state as its clients see it: the settings may hold its end back."""
        if job["state"] != jobs.COMPLETE:
            return str(job["state"])
        given = self.site.settings
        late = self.site.clock().timestamp() < job["began"] + given.job_seconds
        return jobs.WORKING if late or job["looks"] < given.looks else jobs.COMPLETE

    def looked(self, job: dict[str, Any]) -> dict[str, Any]:
        """Count a look at a job and show it."""
        job["looks"] += 1
        return self.shown(job, FULL)

    def shown(self, job: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        """Show a job's fields."""
        state = self.state(job)
        whole = state in jobs.TERMINAL
        return {name: state if name == "state" else 0 if name == "numberRecordsProcessed" and not whole else job[name] for name in names}

    def abort(self, job: dict[str, Any]) -> dict[str, Any]:
        """Abort a job that goes on. Raises Refused (400)."""
        state = self.state(job)
        if state in jobs.TERMINAL:
            word = {jobs.COMPLETE: "Completed"}.get(state, state)
            raise answers.Refused(400, "INVALIDJOBSTATE", f"Aborting already {word} Job not allowed")
        job.update(state=jobs.ABORTED, systemModstamp=self.site.now())
        self._save(job)
        return self.shown(job, REDUCED)

    def delete(self, job: dict[str, Any]) -> None:
        """Delete an ended job and its results. Raises Refused (400)."""
        if self.state(job) not in jobs.TERMINAL:
            raise answers.Refused(400, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
        self._forget(job)

    def _forget(self, job: dict[str, Any]) -> None:
        del self._known[job["id"]]
        with self.site.store.writing() as con:
            con.execute('DELETE FROM "_queries" WHERE id = ?', [job["id"]])
        for path in (self.rows_path(job), self._places_path(job)):
            path.unlink(missing_ok=True)


def _beyond_bulk(query: soql_parts.Query) -> bool:
    """Whether a query is one that jobs don't run: groups, aggregates, records below, OFFSET (contract 5)."""
    return query.aggregate or bool(query.offset) or any(item.query is not None for item in query.items)
