"""sobjects, describe, query, limits, versions → answers (contract 7.4, 7.5)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, columns, soql

if TYPE_CHECKING:
    from include.local_org import org

PAGE = 2000
VERSIONS = range(50, 68)


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of REST around the jobs."""
    routed = _Routes(of)
    base = "/services/data/v{version}"
    return [
        web.get("/services/data", routed.versions, allow_head=False),
        web.get(base + "/sobjects", routed.sobjects, allow_head=False),
        web.get(base + "/sobjects/{object}/describe", routed.describe, allow_head=False),
        web.get(base + "/query", routed.query, allow_head=False),
        web.get(base + "/query/{locator}", routed.more, allow_head=False),
        web.get(base + "/limits", routed.limits, allow_head=False),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of
        self._cursors: dict[str, list[dict[str, object]]] = {}

    async def versions(self, _: web.Request) -> web.Response:
        return answers.told(
            [{"label": f"v{number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"} for number in VERSIONS]
        )

    async def sobjects(self, _: web.Request) -> web.Response:
        shown = [{key: value for key, value in each.describe.items() if key != "fields"} for each in self.org.objects.values()]
        return answers.told({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})

    async def describe(self, request: web.Request) -> web.Response:
        found = self.org.objects.get(request.match_info["object"].lower())
        if found is None:
            raise answers.not_found()
        return answers.told(found.describe)

    async def query(self, request: web.Request) -> web.Response:
        version = request.match_info["version"]
        loop = asyncio.get_running_loop()
        if request.query.get("columns", "").lower() == "true":
            told = await loop.run_in_executor(self.org.reader, columns.told, self.org, request.query.get("q", ""), version)
            return answers.told(told)
        records = await loop.run_in_executor(self.org.reader, soql.run, self.org, request.query.get("q", ""), version)
        locator = f"01g{len(self._cursors):012d}AAA"
        if len(records) > PAGE:
            self._cursors[locator] = records
        return self._page(records, locator, 0, version)

    async def more(self, request: web.Request) -> web.Response:
        locator, _, start = request.match_info["locator"].rpartition("-")
        if locator not in self._cursors or not start.isdigit():
            raise answers.Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(self._cursors[locator], locator, int(start), request.match_info["version"])

    def _page(self, records: list[dict[str, object]], locator: str, start: int, version: str) -> web.Response:
        done = start + PAGE >= len(records)
        url = {} if done else {"nextRecordsUrl": f"/services/data/v{version}/query/{locator}-{start + PAGE}"}
        total = records.total if isinstance(records, soql.Counted) else len(records)
        return answers.told({"totalSize": total, "done": done, **url, "records": records[start : start + PAGE]})

    async def limits(self, _: web.Request) -> web.Response:
        names = {"DailyBulkApiBatches": 0, "DailyBulkV2QueryJobs": 10_000, "DataStorageMB": 1_000}
        most_calls = self.org.settings.daily_api_requests
        calls = {"DailyApiRequests": {"Max": most_calls, "Remaining": max(most_calls - self.org.api_calls, 0)}}
        batches = self.org.settings.daily_batches
        left = {"DailyBulkApiBatches": max(batches - self.org.quotas.batches(self.org.clock()), 0)}
        names["DailyBulkApiBatches"] = batches
        return answers.told(calls | {name: {"Max": most, "Remaining": left.get(name, most)} for name, most in names.items()})
