"""query, queryAll and their next pages → records (contract 7.5)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, columns, ids, soql

if TYPE_CHECKING:
    from include.local_org import org

PAGE = 2000
# Cursors are kept in memory; whoever comes late for the oldest begins anew.
MOST_CURSORS = 50


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of queries that answer at once."""
    routed = _Routes(of)
    base = "/services/data/v{version}"
    return [
        web.get(base + "/query", routed.query, allow_head=False),
        web.get(base + "/query/{locator}", routed.more, allow_head=False),
        web.get(base + "/queryAll", routed.query_all, allow_head=False),
        web.get(base + "/queryAll/{locator}", routed.more, allow_head=False),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of
        self._cursors: OrderedDict[str, soql.Found] = OrderedDict()

    async def query(self, request: web.Request) -> web.Response:
        """Run a query; its first page."""
        return await self._run(request, deleted=False)

    async def query_all(self, request: web.Request) -> web.Response:
        """Run a query that sees deleted records too."""
        return await self._run(request, deleted=True)

    async def _run(self, request: web.Request, *, deleted: bool) -> web.Response:
        text, loop = request.query.get("q", ""), asyncio.get_running_loop()
        if request.query.get("columns", "").lower() == "true":
            return answers.told(columns.told(self.org, text, deleted=deleted))
        found = await loop.run_in_executor(self.org.reader, lambda: soql.run(self.org, text, deleted=deleted))
        locator = ""
        if len(found.rows) > PAGE:
            with self.org.store.writing() as con:
                (locator,) = self.org.store.new_ids(con, "01g", 1)
            self._cursors[locator] = found
            while len(self._cursors) > MOST_CURSORS:
                self._cursors.popitem(last=False)
        return await self._page(request, found, locator, 0)

    async def more(self, request: web.Request) -> web.Response:
        """The page that a locator names."""
        text, _, start = request.match_info["locator"].rpartition("-")
        locator = ids.read(text) or text
        if locator not in self._cursors or not start.isdigit():
            raise answers.Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return await self._page(request, self._cursors[locator], locator, int(start))

    async def _page(self, request: web.Request, found: soql.Found, locator: str, start: int) -> web.Response:
        version, end = request.match_info["version"], start + PAGE
        done = end >= len(found.rows)
        url = {} if done else {"nextRecordsUrl": f"/services/data/v{version}/query/{locator}-{end}"}
        records = found.records(start, end, version)
        return answers.told({"totalSize": found.total, "done": done, **url, "records": records})
