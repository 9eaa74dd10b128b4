"""/control → settings shown and changed, faults counted, tokens revoked at run time; off unless asked for, and for this machine only."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, routes_bulk, settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from include.local_org import org

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of the control endpoint; none if it is off."""
    if not of.control:
        return []
    routed = _Routes(of)
    return [
        web.get("/control", _local(routed.shown), allow_head=False),
        web.patch("/control", _local(routed.change)),
        web.post("/control/settings", _local(routed.change)),
        web.get("/control/faults", _local(routed.counts), allow_head=False),
        web.post("/control/faults", _local(routed.change)),
        web.post("/control/revoke", _local(routed.revoke)),
    ]


def _local(handler: Handler) -> Handler:
    """Answer callers on this machine only: there is no token to know them by."""

    async def checked(request: web.Request) -> web.StreamResponse:
        if not loopback(request.remote):
            return answers.told({"error": "/control answers to this machine only"}, 403)
        return await handler(request)

    return checked


def loopback(address: str | None) -> bool:
    """Whether a caller's address is this machine's own."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    async def shown(self, _: web.Request) -> web.Response:
        """Show all settings, what faults did, and how often each path was called."""
        jobs: dict[str, int] = {}
        for job in self.org.jobs.all():
            jobs[job["state"]] = jobs.get(job["state"], 0) + 1
        told = {"settings": self.org.settings.model_dump(mode="json"), "time": self.org.now(), "jobs": jobs}
        return answers.told(told | self._counted())

    async def change(self, request: web.Request) -> web.Response:
        """Change some settings; 400 and nothing changed if one can't be."""
        try:
            self.org.change(await routes_bulk.read_json(request))
        except settings.Unfit as wrong:
            return answers.told({"error": str(wrong)}, 400)
        return answers.told({"counts": dict(self.org.faults.counts)})

    async def counts(self, _: web.Request) -> web.Response:
        """Count what faults did."""
        return answers.told(self._counted())

    def _counted(self) -> dict[str, object]:
        return {"counts": dict(self.org.faults.counts), "calls": self.org.calls}

    async def revoke(self, _: web.Request) -> web.Response:
        """Make all tokens worthless."""
        self.org.tokens.clear()
        return answers.told({})
