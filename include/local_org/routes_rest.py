"""versions, sobjects, describe, limits → answers (contract 6, 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, describes, versions

if TYPE_CHECKING:
    from include.local_org import org, schema

LIMITS = {
    "AnalyticsExternalDataSizeMB": 40_960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 1_000,
    "FileStorageMB": 1_000,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 1_000,
}
BATCHES = "DailyBulkApiBatches"
# Until version 48 the batches had another name (contract 6).
BATCHES_BEFORE, RENAMED = "DailyBulkApiRequests", 49.0


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of REST around the jobs."""
    routed = _Routes(of)
    base = "/services/data/v{version}"
    return [
        web.get("/services/data", routed.versions),
        web.get(base, routed.root),
        web.get(base + "/sobjects", routed.sobjects),
        web.get(base + "/sobjects/{object}", routed.basics),
        web.get(base + "/sobjects/{object}/describe", routed.describe),
        web.get(base + "/limits", routed.limits),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    async def versions(self, _: web.Request) -> web.Response:
        """List the API versions; nobody needs a session for that."""
        return answers.told(versions.listed())

    async def root(self, request: web.Request) -> web.Response:
        """List what a version has."""
        return answers.told(versions.root(request.match_info["version"]))

    def _sobject(self, request: web.Request) -> schema.SObject:
        found = self.org.objects.get(request.match_info["object"].lower())
        if found is None:
            raise answers.not_found()
        return found

    async def sobjects(self, request: web.Request) -> web.Response:
        """List all objects."""
        shown = [describes.brief(each, request.match_info["version"]) for each in self.org.objects.values()]
        return answers.told({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})

    async def basics(self, request: web.Request) -> web.Response:
        """Say of one object what the list says."""
        return answers.told({"objectDescribe": describes.brief(self._sobject(request), request.match_info["version"]), "recentItems": []})

    async def describe(self, request: web.Request) -> web.Response:
        """Describe one object, its fields and its children."""
        return answers.told(describes.whole(self.org.objects, self._sobject(request), request.match_info["version"]))

    async def limits(self, request: web.Request) -> web.Response:
        """Tell the org's limits and what is left of them."""
        given, used = self.org.settings, self.org.quotas.batches(self.org.clock())
        name = BATCHES if float(request.match_info["version"]) >= RENAMED else BATCHES_BEFORE
        found = {key: {"Max": most, "Remaining": most} for key, most in LIMITS.items()}
        found["DailyApiRequests"] = {
            "Max": given.daily_api_requests,
            "Remaining": max(given.daily_api_requests - self.org.api_calls, 0),
        }
        found[name] = {"Max": given.daily_batches, "Remaining": max(given.daily_batches - used, 0)}
        found["DailyBulkV2QueryJobs"]["Remaining"] -= self.org.queries.last_day()
        return answers.told(dict(sorted(found.items())))
