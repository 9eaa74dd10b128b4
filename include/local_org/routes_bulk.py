"""jobs/ingest → answers (contract 2 and 3)."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from include.local_org import answers, bodies, jobs, listing, results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local_org import org

MOST_UPLOAD = 150_000_000
MOST_JSON = MOST_PARTS = 1_000_000
MOST_MULTIPART = 100_000
PARTS = {"job", "content"}
AT_ONCE = 1 << 18


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of the ingest jobs."""
    routed = _Routes(of)
    base = "/services/data/v{version}/jobs/ingest"
    return [
        web.post(base, routed.create),
        web.get(base, routed.listed, allow_head=False),
        web.get(base + "/{job}", routed.info, allow_head=False),
        web.patch(base + "/{job}", routed.patch),
        web.delete(base + "/{job}", routed.delete),
        web.put(base + "/{job}/batches", routed.upload),
        web.get(base + "/{job}/{part}", routed.result, allow_head=False),
    ]


async def read_json(request: web.Request) -> dict[str, Any]:
    """Read a small JSON object. Raises Refused; 413 for more than a megabyte."""
    return _object(await bodies.whole(request, MOST_JSON))


def _object(text: bytes) -> dict[str, Any]:
    """Read a JSON object. Raises Refused."""
    try:
        found = json.loads(text)
        if b"\\u" in text:
            # Half a character, written as \ud800, is no text that could be stored or told.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as wrong:
        raise answers.Refused(400, "JSON_PARSER_ERROR", ascii(str(wrong))[1:-1]) from wrong
    if not isinstance(found, dict):
        raise answers.Refused(400, "JSON_PARSER_ERROR", "a JSON object is expected")
    return found


async def _parts(request: web.Request) -> tuple[dict[str, Any], bytes]:
    """Read a job and its data from one request (contract 2.9). Raises Refused."""
    found: dict[str, bytes] = {}
    try:
        async for part in await request.multipart():
            # Whatever else there is, or comes twice, isn't read any more.
            if not isinstance(part, BodyPartReader) or part.name not in PARTS - found.keys():
                break
            found[str(part.name)] = await _part(part)
        document, content = _object(found["job"]), found["content"]
    except (KeyError, ValueError) as wrong:
        raise answers.Refused(400, "INVALIDJOB", "InvalidJob : the parts job and content are expected") from wrong
    if len(content.decode("utf-8", "replace")) > MOST_MULTIPART:
        raise answers.Refused(400, "CLIENTINPUTERROR", f"ClientInputError : more than {MOST_MULTIPART} characters of data")
    return document, content


async def _part(part: BodyPartReader) -> bytes:
    """Read one part of a request, not more than it may have. Raises Refused."""
    found = b""
    while block := await part.read_chunk():
        found += block
        if len(found) > MOST_PARTS:
            raise answers.Refused(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large")
    return found


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    def _job(self, request: web.Request) -> dict[str, Any]:
        return self.org.jobs.get(request.match_info["job"])

    async def create(self, request: web.Request) -> web.StreamResponse:
        version = request.match_info["version"]
        if request.content_type != "multipart/form-data":
            return answers.told(self.org.jobs.create(await read_json(request), version, request["user_id"]))
        document, content = await _parts(request)
        made = self.org.jobs.create(document, version, request["user_id"])
        self.org.store.upload_path(made["id"]).write_bytes(content)
        job = self.org.jobs.get(made["id"])
        self.org.jobs.uploaded(job)
        self.org.jobs.patch(job, jobs.CLOSED)
        return answers.told(jobs.shown(job, jobs.CREATED))

    async def listed(self, request: web.Request) -> web.StreamResponse:
        return answers.told(listing.page(self.org, request.match_info["version"], request.query))

    async def info(self, request: web.Request) -> web.StreamResponse:
        # A query job's id is as good (contract 2.6).
        if self.org.queries.has(request.match_info["job"]):
            return answers.told(self.org.queries.looked(self.org.queries.get(request.match_info["job"])))
        return answers.told(self.org.jobs.looked(self._job(request)))

    async def patch(self, request: web.Request) -> web.StreamResponse:
        return answers.told(self.org.jobs.patch(self._job(request), jobs.word((await read_json(request)).get("state"))))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        self.org.jobs.delete(self._job(request))
        return web.Response(status=204)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take the one PUT; a broken one leaves nothing."""
        job = self._job(request)
        self.org.jobs.begin_upload(job)
        if (request.content_length or 0) > MOST_UPLOAD:
            raise _too_large()
        path = self.org.store.upload_path(job["id"])
        part, size = path.with_suffix(f".{id(request)}.part"), 0
        try:
            with part.open("wb") as file:
                async for block in bodies.blocks(request):
                    size += len(block)
                    if size > MOST_UPLOAD:
                        raise _too_large()
                    file.write(block)
            self.org.jobs.begin_upload(job)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self.org.jobs.uploaded(job)
        return web.Response(status=201)

    async def result(self, request: web.Request) -> web.StreamResponse:
        kind = results.KINDS.get(request.match_info["part"].lower())
        if kind is None:
            raise answers.not_found()
        if self.org.queries.has(request.match_info["job"]):
            # A query job's id is as good, though it has no such rows (contract 2.6).
            text = results.of_query(self.org.queries.get(request.match_info["job"]), kind)
            return web.Response(body=text.encode(), headers={"Content-Type": "text/csv"})
        job = self._job(request)
        answer = web.StreamResponse(headers={"Content-Type": "text/csv"})
        packing = answers.Packing(request, answer)
        await answer.prepare(request)
        pieces, loop = results.pieces(self.org, job, kind), asyncio.get_running_loop()
        following = loop.run_in_executor(self.org.reader, _gathered, pieces, packing)
        while (block := await following) is not None:
            # While these are sent the next ones are read.
            following = loop.run_in_executor(self.org.reader, _gathered, pieces, packing)
            await answer.write(block)
        await answer.write_eof(packing.last())
        return answer


def _too_large() -> answers.Refused:
    """Salesforce's text isn't known (contract 2.2); the rest of the upload isn't waited for."""
    return answers.Refused(
        413, "CLIENTINPUTERROR", f"ClientInputError : the upload has more than {MOST_UPLOAD} bytes", {"Connection": "close"}
    )


def _gathered(pieces: Iterator[str], packing: answers.Packing) -> bytes | None:
    """Take pieces until there is enough to send, and pack them; None at the end."""
    found: list[str] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= AT_ONCE:
            break
    return packing.packed("".join(found).encode(errors="surrogateescape")) if found else None
