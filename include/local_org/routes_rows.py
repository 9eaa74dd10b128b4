"""sobjects/X and sobjects/X/{id or key} → single records made, read, changed, deleted (contract 7.6)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from include.local_org import answers, ids, reading, records, routes_bulk, rows

# Since this version the answer to an upsert says what it did (contract 7.6).
TOLD_SINCE = 46.0

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.local_org import org, schema


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of single records."""
    routed = _Routes(of)
    base = "/services/data/v{version}"
    one, by_key = base + "/sobjects/{object}/{id}", base + "/sobjects/{object}/{field}/{value}"
    return [
        web.get(base + "/limits/recordCount", routed.counts),
        web.post(base + "/sobjects/{object}", routed.create),
        web.get(base + "/sobjects/{object}/deleted", routed.gone),
        web.get(base + "/sobjects/{object}/updated", routed.changed),
        web.get(one, routed.read),
        web.patch(one, routed.change),
        web.delete(one, routed.delete),
        web.get(by_key, routed.read_by_key),
        web.patch(by_key, routed.upsert),
        web.delete(by_key, routed.delete_by_key),
    ]


class RowRefused(answers.Refused):
    """A record that is refused, with the fields it is about."""

    def __init__(self, error: str) -> None:
        code, message, self.fields = records.parted(error)
        about_itself = code in {"ENTITY_IS_DELETED", "MALFORMED_ID"} and self.fields in ([], ["Id"])
        super().__init__(404 if about_itself else 400, code, message)

    def answer(self) -> web.Response:
        """The HTTP answer."""
        return answers.told([{"message": self.message, "errorCode": self.code, "fields": self.fields}], self.status)


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    def _sobject(self, request: web.Request) -> schema.SObject:
        found = self.org.objects.get(request.match_info["object"].lower())
        if found is None:
            raise answers.not_found()
        return found

    async def counts(self, request: web.Request) -> web.Response:
        """Count objects' records."""
        wanted = [name for name in request.query.get("sObjects", "").split(",") if name]
        known = [self.org.objects[name.lower()] for name in wanted or self.org.objects if name.lower() in self.org.objects]
        con = self.org.store.reading()
        counted = [(each.name, con.execute(f'SELECT count(*) FROM "{each.name}" WHERE "IsDeleted" = 0').fetchone()[0]) for each in known]
        return answers.told({"sObjects": [{"count": count, "name": name} for name, count in counted if count or wanted]})

    async def create(self, request: web.Request) -> web.Response:
        """Make a record."""
        sobject = self._sobject(request)
        made = await self._saved(request, "insert", await routes_bulk.read_json(request))
        path = f"/services/data/v{request.match_info['version']}/sobjects/{sobject.name}/{made.sf_id}"
        answer = answers.told({"id": made.sf_id, "success": True, "errors": []}, 201)
        answer.headers["Location"] = path
        return answer

    async def read(self, request: web.Request) -> web.Response:
        """Show a record, all its fields or those of `?fields=`."""
        sobject, sf_id, version = self._sobject(request), request.match_info["id"], request.match_info["version"]
        return answers.told(await self._read(reading.by_id, self.org, sobject, sf_id, version, request.query.get("fields")))

    async def read_by_key(self, request: web.Request) -> web.Response:
        """Show the record with a key, or those that a relationship of a record leads to."""
        sobject, name, value = self._sobject(request), request.match_info["field"], request.match_info["value"]
        version, fields = request.match_info["version"], request.query.get("fields")
        if sobject.field(name) is None and ids.read(name):
            query, parent = await self._read(reading.related, self.org, sobject, ids.read(name), value, fields)
            found = await self._read(self._begun, query, version)
            return answers.told(found["records"][0] if parent else found)
        try:
            return answers.told(await self._read(reading.by_key, self.org, sobject, name, value, version, fields))
        except reading.Several as several:
            return answers.told(several.paths, 300)

    def _begun(self, query: str, version: str) -> dict[str, Any]:
        return self.org.cursors.begun(query, version, deleted=False)

    async def _read(self, act: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.org.reader, act, *given)

    async def gone(self, request: web.Request) -> web.Response:
        """List the records of an object that were deleted from `start` until `end`."""
        return await self._since(request, deleted=True)

    async def changed(self, request: web.Request) -> web.Response:
        """List the records of an object that were made or changed from `start` until `end`."""
        return await self._since(request, deleted=False)

    async def _since(self, request: web.Request, *, deleted: bool) -> web.Response:
        sobject, times = self._sobject(request), [request.query.get(name, "") for name in ("start", "end")]
        return answers.told(await self._read(lambda: reading.changed(self.org, sobject, *times, deleted=deleted)))

    async def change(self, request: web.Request) -> web.Response:
        """Change a record."""
        await self._saved(request, "update", {**await routes_bulk.read_json(request), "Id": request.match_info["id"]})
        return web.Response(status=204)

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a record."""
        await self._saved(request, "delete", {"Id": request.match_info["id"]})
        return web.Response(status=204)

    async def delete_by_key(self, request: web.Request) -> web.Response:
        """Delete the record with a key; 300 and the paths if several have it."""
        sobject, name, value = self._sobject(request), request.match_info["field"], request.match_info["value"]
        try:
            found = await self._read(reading.by_key, self.org, sobject, name, value, request.match_info["version"], "Id")
        except reading.Several as several:
            return answers.told(several.paths, 300)
        await self._saved(request, "delete", {"Id": found["Id"]})
        return web.Response(status=204)

    async def upsert(self, request: web.Request) -> web.Response:
        """Change the record with a key, or make it; 300 and the paths if several have it."""
        sobject, value = self._sobject(request), request.match_info["value"]
        field, version = reading.key_field(sobject, request.match_info["field"]), request.match_info["version"]
        try:
            reading.one_only(self.org, sobject, field, value, version)
        except reading.Several as several:
            return answers.told(several.paths, 300)
        document = {**await routes_bulk.read_json(request), field.name: value}
        done = await self._saved(request, "upsert", document, field.name)
        told = {"id": done.sf_id, "success": True, "errors": [], "created": done.created}
        if not done.created and float(version) < TOLD_SINCE:
            return web.Response(status=204)
        return answers.told(told, 201 if done.created else 200)

    async def _saved(self, request: web.Request, operation: str, document: dict[str, Any], key: str | None = None) -> rows.Outcome:
        """Save one record as a job's row would be. Raises Refused."""
        loop = asyncio.get_running_loop()
        outcome = await loop.run_in_executor(self.org.reader, self._written, request, operation, document, key)
        if outcome.error:
            raise RowRefused(outcome.error)
        return outcome

    def _written(self, request: web.Request, operation: str, document: dict[str, Any], key: str | None) -> rows.Outcome:
        with self.org.store.writing() as con:
            return records.saved(self.org, con, request["user_id"], self._sobject(request), operation, document, key)
