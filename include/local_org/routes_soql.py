"""query, queryAll and their next pages → records (contract 7.5)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, columns, cursors

if TYPE_CHECKING:
    from include.local_org import org

SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of queries that answer at once."""
    routed = _Routes(of)
    base = "/services/data/v{version}"
    return [
        web.get(base + "/query", routed.query),
        web.get(base + "/query/{locator}", routed.more),
        web.get(base + "/queryAll", routed.query_all),
        web.get(base + "/queryAll/{locator}", routed.more),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    async def query(self, request: web.Request) -> web.Response:
        """Run a query; its first page."""
        return await self._run(request, deleted=False)

    async def query_all(self, request: web.Request) -> web.Response:
        """Run a query that sees deleted records too."""
        return await self._run(request, deleted=True)

    async def _run(self, request: web.Request, *, deleted: bool) -> web.Response:
        text, version, loop = request.query.get("q", ""), request.match_info["version"], asyncio.get_running_loop()
        if request.query.get("columns", "").lower() == "true":
            return answers.told(columns.told(self.org, text, deleted=deleted))
        page = _size(request) or cursors.PAGE
        begun = lambda: self.org.cursors.begun(text, version, deleted=deleted, page=page)  # noqa: E731 - for the other thread
        return answers.told(await loop.run_in_executor(self.org.reader, begun))

    async def more(self, request: web.Request) -> web.Response:
        """The page that a locator names."""
        locator, version, loop = request.match_info["locator"], request.match_info["version"], asyncio.get_running_loop()
        return answers.told(await loop.run_in_executor(self.org.reader, self.org.cursors.more, locator, version, _size(request)))


def _size(request: web.Request) -> int | None:
    """How many records a page is to have; Salesforce gives neither less than 200 nor more than 2000 [K]."""
    found = SIZE.search(request.headers.get("Sforce-Query-Options", ""))
    return max(cursors.LEAST_PAGE, min(int(found[1]), cursors.PAGE)) if found else None
