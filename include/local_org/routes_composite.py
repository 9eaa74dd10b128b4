"""composite and what is below it → many records, or many requests, in one (contract 7.6)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from include.local_org import answers, reading, routes_bulk, several
from include.local_org import composite as dependent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from include.local_org import org

RESOURCES = ("batch", "sobjects", "tree")
MOST_READ = 2000


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of composite."""
    routed = _Routes(of)
    base = "/services/data/v{version}/composite"
    return [
        web.get(base, routed.resources),
        web.post(base, routed.composite),
        web.post(base + "/batch", routed.batch),
        web.post(base + "/sobjects", routed.create),
        web.patch(base + "/sobjects", routed.update),
        web.delete(base + "/sobjects", routed.delete),
        web.get(base + "/sobjects/{object}", routed.read),
        web.post(base + "/sobjects/{object}", routed.read),
        web.patch(base + "/sobjects/{object}/{field}", routed.upsert),
        web.post(base + "/tree/{object}", routed.tree),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    async def resources(self, request: web.Request) -> web.Response:
        """List what is below composite."""
        base = f"/services/data/v{request.match_info['version']}/composite"
        return answers.told({name: f"{base}/{name}" for name in RESOURCES})

    async def composite(self, request: web.Request) -> web.Response:
        """Answer dependent requests, each with what those before it gave."""
        document = await routes_bulk.read_json(request)
        return await self._answer(lambda con: dependent.run(self._inner(request, con), document))

    async def batch(self, request: web.Request) -> web.Response:
        """Answer requests that don't know of each other."""
        document = await routes_bulk.read_json(request)
        return await self._answer(lambda con: dependent.batch(self._inner(request, con), document))

    async def create(self, request: web.Request) -> web.Response:
        """Make up to 200 records."""
        return await self._collection(request, "insert")

    async def update(self, request: web.Request) -> web.Response:
        """Change up to 200 records."""
        return await self._collection(request, "update")

    async def upsert(self, request: web.Request) -> web.Response:
        """Change up to 200 records by a key, or make them."""
        sobject = self.org.objects.get(request.match_info["object"].lower())
        if sobject is not None:
            reading.key_field(sobject, request.match_info["field"])
        return await self._collection(request, "upsert", (request.match_info["object"], request.match_info["field"]))

    async def read(self, request: web.Request) -> web.Response:
        """Show up to 2000 records by their Ids (`ids` and `fields`, in the address or the body), null for those that aren't there."""
        given = await routes_bulk.read_json(request) if request.method == "POST" else request.query
        wanted, fields = (_listed(given.get(name, "")) for name in ("ids", "fields"))
        sobject = self.org.objects.get(request.match_info["object"].lower())
        if sobject is None:
            raise answers.not_found()
        if len(wanted) > MOST_READ:
            raise answers.Refused(
                400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_READ} records into this call"
            )
        version, loop = request.match_info["version"], asyncio.get_running_loop()
        found = await loop.run_in_executor(self.org.reader, reading.several, self.org, sobject, wanted, ",".join(fields), version)
        return answers.told(found)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete up to 200 records of any objects."""
        wanted = _listed(request.query.get("ids", ""))
        strict = request.query.get("allOrNone", "").lower() == "true"
        user_id = request["user_id"]
        return await self._answer(lambda con: several.deleted(self.org, con, user_id, wanted, all_or_none=strict))

    async def tree(self, request: web.Request) -> web.Response:
        """Make records with their children, all or none."""
        document, user_id = await routes_bulk.read_json(request), request["user_id"]
        return await self._answer(lambda con: several.tree(self.org, con, user_id, request.match_info["object"], document), 201, 400)

    def _inner(self, request: web.Request, con: sqlite3.Connection) -> dependent.Inner:
        return dependent.Inner(self.org, self.org.cursors, con, request["user_id"], request.match_info["version"])

    async def _collection(self, request: web.Request, operation: str, key: tuple[str, str] | None = None) -> web.Response:
        document, user_id = await routes_bulk.read_json(request), request["user_id"]
        return await self._answer(lambda con: several.saved(self.org, con, user_id, operation, document, key))

    async def _answer(self, act: Callable[[sqlite3.Connection], Any], status: int = 200, undone_status: int = 200) -> web.Response:
        """Do it in one transaction, which is taken back where the answer says so."""
        try:
            told = await asyncio.get_running_loop().run_in_executor(self.org.reader, self._done, act)
        except several.Undone as undone:
            return answers.told(undone.told, undone_status)
        return answers.told(told, status)

    def _done(self, act: Callable[[sqlite3.Connection], Any]) -> Any:
        with self.org.store.writing() as con:
            return act(con)


def _listed(given: Any) -> list[str]:
    """Names given as a list, or with commas between them."""
    parts = given if isinstance(given, list) else str(given).split(",")
    return [str(each).strip() for each in parts if str(each).strip()]
