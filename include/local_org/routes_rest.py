"""sobjects, describe, limits, versions → answers (contract 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers

if TYPE_CHECKING:
    from include.local_org import org

VERSIONS = range(50, 68)


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of REST around the jobs."""
    routed = _Routes(of)
    base = "/services/data/v{version}"
    return [
        web.get("/services/data", routed.versions, allow_head=False),
        web.get(base + "/sobjects", routed.sobjects, allow_head=False),
        web.get(base + "/sobjects/{object}/describe", routed.describe, allow_head=False),
        web.get(base + "/limits", routed.limits, allow_head=False),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

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

    async def limits(self, _: web.Request) -> web.Response:
        names = {"DailyBulkApiBatches": 0, "DailyBulkV2QueryJobs": 10_000, "DataStorageMB": 1_000}
        most_calls = self.org.settings.daily_api_requests
        calls = {"DailyApiRequests": {"Max": most_calls, "Remaining": max(most_calls - self.org.api_calls, 0)}}
        batches = self.org.settings.daily_batches
        left = {"DailyBulkApiBatches": max(batches - self.org.quotas.batches(self.org.clock()), 0)}
        names["DailyBulkApiBatches"] = batches
        return answers.told(calls | {name: {"Max": most, "Remaining": left.get(name, most)} for name, most in names.items()})
