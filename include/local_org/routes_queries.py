"""jobs/query → answers: jobs, their results page by page with locators (contract 5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from include.local_org import answers, jobs, listing, routes_bulk, uploads

if TYPE_CHECKING:
    from include.local_org import org

# What Salesforce sends at once is its own choice; jsforce 3 mixes up pages, so most results are one.
PAGE = 250_000
PAGES_AT_ONCE = 5
AT_ONCE = 1 << 18


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

    def _job(self, request: web.Request) -> dict[str, Any]:
        return self.org.queries.get(request.match_info["job"])

    async def create(self, request: web.Request) -> web.Response:
        """Create a job; it is told as UploadComplete, later looks see it go on."""
        given = await routes_bulk.read_json(request)
        return answers.told(self.org.queries.create(given, request.match_info["version"], request["user_id"]))

    async def listed(self, request: web.Request) -> web.Response:
        """List the query jobs, unless others are asked for."""
        return answers.told(listing.page(self.org, request.match_info["version"], request.query, "V2Query"))

    async def info(self, request: web.Request) -> web.Response:
        """Show a job; an ingest job's id is as good."""
        job_id = request.match_info["job"]
        if not self.org.queries.has(job_id):
            return answers.told(self.org.jobs.looked(self.org.jobs.get(job_id)))
        return answers.told(self.org.queries.looked(self._job(request)))

    async def abort(self, request: web.Request) -> web.Response:
        """Abort a job."""
        job, state = self._job(request), (await routes_bulk.read_json(request)).get("state")
        if state != jobs.ABORTED:
            raise answers.Refused(400, "API_ERROR", f"Invalid value: '{state}' supplied for property: 'state'")
        return answers.told(self.org.queries.abort(job))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a job and its results."""
        self.org.queries.delete(self._job(request))
        return web.Response(status=204)

    async def part(self, request: web.Request) -> web.StreamResponse:
        """Send a page of results, or the list of pages."""
        job, part = self._job(request), request.match_info["part"].lower()
        if part not in {"results", "resultpages"}:
            raise answers.not_found()
        if job["apiVersion"] != float(request.match_info["version"]):
            raise answers.Refused(409, "API_ERROR", "The job was created with another API version")
        if self.org.queries.state(job) != jobs.COMPLETE:
            raise answers.Refused(400, "INVALIDJOBSTATE", "The results are available once the job is complete")
        return await self._results(request, job) if part == "results" else self._pages(request, job)

    async def _results(self, request: web.Request, job: dict[str, Any]) -> web.StreamResponse:
        start, total = _place(request), int(job["numberRecordsProcessed"])
        most = request.query.get("maxRecords", str(PAGE))
        if not most.isdigit() or not int(most):
            raise answers.Refused(400, "API_ERROR", f"Invalid value: '{most}' supplied for property: 'maxRecords'")
        rows = max(min(int(most), total - start), 0)
        end = start + rows
        headers = {
            "Content-Type": "text/csv",
            "Sforce-NumberOfRecords": str(rows),
            "Sforce-Locator": _locator(end) if end < total else "null",
        }
        header = uploads.line(job["columns"], job["columnDelimiter"], job["lineEnding"]).encode()
        at, size = self.org.queries.stretch(job, start, rows) if rows else (0, 0)
        answer = web.StreamResponse(headers={**headers, "Content-Length": str(len(header) + size)})
        packing = answers.Packing(request, answer)
        await answer.prepare(request)
        await answer.write(packing.packed(header))
        with self.org.queries.rows_path(job).open("rb") as file:
            file.seek(at)
            while size:
                block = file.read(min(size, AT_ONCE))
                size -= len(block)
                await answer.write(packing.packed(block))
        await answer.write_eof(packing.last())
        return answer

    def _pages(self, request: web.Request, job: dict[str, Any]) -> web.Response:
        base = f"/services/data/v{request.match_info['version']}/jobs/query/{job['id']}"
        starts = range(_place(request), max(int(job["numberRecordsProcessed"]), 1), PAGE)
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
