"""`/` → the page, for people on this machine; /control/journal and /control/jobs/{id} → the same as JSON, with --control."""

from __future__ import annotations

import asyncio
import math
import re
import time
from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, page, routes_control, task

if TYPE_CHECKING:
    from include.local_org import org

MOST_JOBS, MOST_REQUESTS = 25, 2000
# Counting reads whole tables: it may take this share of the time.
COUNTING = 0.05
HOST = re.compile(r"(?i)(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of what people look at."""
    routed = _Routes(of)
    found = [web.get("/", routed.shown, allow_head=False)]
    if of.control:
        found += [
            web.get("/control/journal", routed.requests, allow_head=False),
            web.get("/control/jobs/{job}", routed.job, allow_head=False),
        ]
    return found


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of
        self._counts: list[tuple[str, int]] = []
        self._fresh_until = 0.0

    async def shown(self, request: web.Request) -> web.Response:
        """Show the page. Elsewhere than on this machine there is none."""
        _refuse_others(request)
        # Through the proxy everybody comes from this machine, but only to the HTTPS listener.
        if request.secure or not HOST.fullmatch(request.host):
            raise answers.not_found()
        loop = asyncio.get_running_loop()
        counts = await loop.run_in_executor(self.org.reader, self._counted)
        jobs, count = self._jobs()
        requests = self.org.journal.last(MOST_REQUESTS)[::-1]
        about = f"{request.host} · {self.org.org_id} · {count:,} jobs · {self.org.api_calls:,} API calls · times in UTC"
        return web.Response(text=page.written(about, counts, jobs, requests), content_type="text/html", headers=HEADERS)

    def _counted(self) -> list[tuple[str, int]]:
        """Count the records, not more often than counting allows."""
        began = time.monotonic()
        if began >= self._fresh_until:
            con = self.org.store.reading()
            query = 'SELECT count(*) FROM "{}" WHERE "IsDeleted" = 0'
            self._counts = [(each.name, con.execute(query.format(each.name)).fetchone()[0]) for each in self.org.objects.values()]
            now = time.monotonic()
            self._fresh_until = now + (now - began) / COUNTING
        return self._counts

    def _jobs(self) -> tuple[list[page.JobLine], int]:
        """The last jobs of both kinds, the newest first, and how many there are."""
        loads, queries = self.org.jobs.all(), self.org.queries.all()
        asked = [{**job, "state": self.org.queries.state(job), "numberRecordsFailed": 0} for job in queries[-MOST_JOBS:]]
        # Ids are handed out in their order.
        newest = sorted([*loads[-MOST_JOBS:], *asked], key=lambda job: str(job["id"]), reverse=True)[:MOST_JOBS]
        return [self._line(job) for job in newest], len(loads) + len(queries)

    def _line(self, job: dict[str, object]) -> page.JobLine:
        found = self.org.worker.timelines.get(str(job["id"]))
        if found is None:
            return page.JobLine(job)
        ended = sum(each.ended is not None for each in list(found.batches.values()))
        return page.JobLine(job, found.total, math.ceil(found.total / task.BATCH), ended)

    async def requests(self, request: web.Request) -> web.Response:
        """List the last requests, oldest first; `?last=n`: only so many."""
        _refuse_others(request)
        given = request.query.get("last", "")
        entries = self.org.journal.last(int(given)) if given.isdecimal() else self.org.journal.last()
        return answers.told({"requests": [each._asdict() for each in entries]})

    async def job(self, request: web.Request) -> web.Response:
        """Show when a job's batches were worked on."""
        _refuse_others(request)
        job = self.org.jobs.get(request.match_info["job"])
        found = self.org.worker.timelines.get(job["id"])
        told = {name: job[name] for name in ("id", "object", "operation", "state", "retries")}
        return answers.told(told | {"rows": found.total if found else None, "batches": found.shown() if found else []})


def _refuse_others(request: web.Request) -> None:
    """Answer only this machine. Raises Refused (404)."""
    if not routes_control.loopback(request.remote):
        raise answers.not_found()
