"""/control → settings changed and faults counted at run time; off unless asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from include.local_org import answers, routes_bulk

if TYPE_CHECKING:
    from include.local_org import org


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of the control endpoint; none if it is off."""
    if not of.control:
        return []

    async def change(request: web.Request) -> web.Response:
        try:
            of.change(await routes_bulk.read_json(request))
        except ValueError as wrong:
            return answers.told({"error": str(wrong)}, 400)
        return answers.told({"counts": dict(of.faults.counts)})

    async def counts(_: web.Request) -> web.Response:
        return answers.told({"counts": dict(of.faults.counts), "calls": of.calls})

    async def revoke(_: web.Request) -> web.Response:
        of.tokens.clear()
        return answers.told({})

    return [
        web.post("/control/settings", change),
        web.get("/control/faults", counts, allow_head=False),
        web.post("/control/revoke", revoke),
    ]
