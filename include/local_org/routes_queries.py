"""jobs/query → query jobs, their results page by page with locators (contract 5).

Query jobs and their results are kept in memory: they end with the process.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from include.local_org import answers, jobs, routes_bulk, soql, uploads

if TYPE_CHECKING:
    from include.local_org import org

SHOWN = (*(name for name in jobs.REDUCED if name != "externalIdFieldName"), "lineEnding", "columnDelimiter")
NOT_IN_BULK = re.compile(r"\bGROUP\s+BY\b|\bOFFSET\b|\bTYPEOF\b|\bCOUNT\s*\(|\(\s*SELECT\b", re.IGNORECASE)
PAGE = 50_000
PAGES_AT_ONCE = 5


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of query jobs."""
    routed = _Routes(of)
    base = "/services/data/v{version}/jobs/query"
    return [
        web.post(base, routed.create),
        web.get(base, routed.listed, allow_head=False),
        web.get(base + "/{job}", routed.info, allow_head=False),
        web.patch(base + "/{job}", routed.abort),
        web.delete(base + "/{job}", routed.delete),
        web.get(base + "/{job}/{part}", routed.part, allow_head=False),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of
        self._jobs: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, list[list[str]]] = {}
        self._columns: dict[str, list[str]] = {}

    def _job(self, request: web.Request) -> dict[str, Any]:
        found = self._jobs.get(request.match_info["job"])
        if found is None:
            raise answers.not_found()
        return found

    async def create(self, request: web.Request) -> web.Response:
        """Run the query; the job is told as UploadComplete, later looks see it complete."""
        given, version = await routes_bulk.read_json(request), request.match_info["version"]
        for name, allowed in {
            "operation": ("query", "queryAll"),
            **{each: jobs.ENUMS[each] for each in ("lineEnding", "columnDelimiter")},
        }.items():
            if name in given and given[name] not in allowed:
                raise answers.Refused(400, "API_ERROR", f"Invalid value: '{given[name]}' supplied for property: '{name}'")
        query = str(given.get("query", ""))
        if NOT_IN_BULK.search(query):
            raise answers.Refused(400, "FEATURENOTENABLED", "FeatureNotEnabled : Aggregate Relationships not supported in Bulk Query")
        loop = asyncio.get_running_loop()
        records = await loop.run_in_executor(self.org.reader, soql.run, self.org, query, version)
        job = self._new(given, query, version)
        self._columns[job["id"]] = columns = [name.strip() for name in re.findall(r"(?is)select\s+(.*?)\s+from\s", query)[0].split(",")]
        self._rows[job["id"]] = [[_cell(record, column) for column in columns] for record in records]
        told = {name: job[name] for name in SHOWN}
        job.update(state="JobComplete", numberRecordsProcessed=len(records))
        return answers.told(told)

    def _new(self, given: dict[str, Any], query: str, version: str) -> dict[str, Any]:
        """Make the job's document."""
        with self.org.store.writing() as con:
            (job_id,) = self.org.store.new_ids(con, "750", 1)
        named = re.findall(r"(?is)\sfrom\s+(\w+)", query)[0]
        now = self.org.now()
        job = {
            "id": job_id,
            "operation": given.get("operation", "query"),
            "object": self.org.objects[named.lower()].name,
            "createdById": self.org.user_id,
            "createdDate": now,
            "systemModstamp": now,
            "state": "UploadComplete",
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
        }
        self._jobs[job_id] = job
        return job

    async def listed(self, _: web.Request) -> web.Response:
        """List all query jobs."""
        told = [{name: job[name] for name in (*SHOWN, "jobType")} for job in self._jobs.values()]
        return answers.told({"done": True, "records": told, "nextRecordsUrl": None})

    async def info(self, request: web.Request) -> web.Response:
        """Show a job."""
        return answers.told(self._job(request))

    async def abort(self, request: web.Request) -> web.Response:
        """Refuse to abort: a job is complete when it is looked at."""
        self._job(request)
        raise answers.Refused(400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a job and its results."""
        job_id = self._job(request)["id"]
        for kept in (self._jobs, self._rows, self._columns):
            kept.pop(job_id)
        return web.Response(status=204)

    async def part(self, request: web.Request) -> web.Response:
        """Send a page of results, or the list of pages."""
        job, part = self._job(request), request.match_info["part"].lower()
        if job["apiVersion"] != float(request.match_info["version"]):
            raise answers.Refused(409, "API_ERROR", "The job was created with another API version")
        if part == "results":
            return self._results(request, job)
        if part == "resultpages":
            return self._pages(request, job)
        raise answers.not_found()

    def _results(self, request: web.Request, job: dict[str, Any]) -> web.Response:
        rows, start = self._rows[job["id"]], _place(request)
        most = request.query.get("maxRecords", str(PAGE))
        if not most.isdigit() or not int(most):
            raise answers.Refused(400, "API_ERROR", f"Invalid value: '{most}' supplied for property: 'maxRecords'")
        page, end = rows[start : start + int(most)], start + int(most)
        dialect = job["columnDelimiter"], job["lineEnding"]
        text = "".join(uploads.line(row, *dialect) for row in [self._columns[job["id"]], *page])
        headers = {
            "Content-Type": "text/csv",
            "Sforce-NumberOfRecords": str(len(page)),
            "Sforce-Locator": _locator(end) if end < len(rows) else "null",
        }
        return web.Response(body=text.encode(), headers=headers)

    def _pages(self, request: web.Request, job: dict[str, Any]) -> web.Response:
        base = f"/services/data/v{request.match_info['version']}/jobs/query/{job['id']}"
        starts = range(_place(request), max(len(self._rows[job["id"]]), 1), PAGE)
        told = [{"resultUrl": f"{base}/results?locator={_locator(start)}"} for start in starts[:PAGES_AT_ONCE]]
        done = len(starts) <= PAGES_AT_ONCE
        more = {} if done else {"nextRecordsUrl": f"{base}/resultpages?locator={_locator(starts[PAGES_AT_ONCE])}"}
        return answers.told({"resultPages": told, **more, "done": done})


def _locator(start: int) -> str:
    """Write a place in the results as an opaque text."""
    return f"M{start:x}"


def _place(request: web.Request) -> int:
    """Read a locator; 0 without one. Raises Refused."""
    text = request.query.get("locator", "M0")
    if not re.fullmatch("M[0-9a-f]{1,12}", text):
        raise answers.Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return int(text[1:], 16)


def _cell(record: dict[str, Any] | None, path: str) -> str:
    """Show a value by its path, whatever the path's case; null is empty."""
    value: Any = record
    for name in path.split("."):
        value = next((each for key, each in (value or {}).items() if key.lower() == name.lower()), None)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
