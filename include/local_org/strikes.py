"""A request and the fault planned for it → the request gone wrong: a bad answer, none, half of one, a slow one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import abc, web

from include.local_org import answers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from multidict import CIMultiDict

    from include.local_org import org, planned

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HTML = "<html><head><title>{status}</title></head><body><h1>Service Unavailable</h1></body></html>"
BODIES = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    429: ("REQUEST_LIMIT_EXCEEDED", "Too many requests. Try again later."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: 0 (0)"),
}
BUSY = ("SERVER_UNAVAILABLE", "try again")
TOO_MANY = 429
# Paths that are counted one by one; jobs of weeks have more, and who asks for made-up ones shall not fill the memory.
MOST_PATHS, OTHERS = 20_000, "(others)"
JOB = re.compile(r"/jobs/(?:ingest|query)/(750\w{12}(?:\w{3})?)")
SOBJECT = re.compile(r"/sobjects/(\w+)")


def middleware(of: org.Org) -> Any:
    """Count each call, and let it go wrong if that is planned; the control endpoint is spared."""

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        called = f"{request.method} {request.path}"
        if called not in of.calls and len(of.calls) >= MOST_PATHS:
            called = f"{request.method} {OTHERS}"
        of.calls[called] = of.calls.get(called, 0) + 1
        if request.path.startswith("/control"):
            return await handler(request)
        path = unquote(request.path)
        rule = of.faults.for_request(request.method, path, lambda: _about(of, path))
        return await (handler(request) if rule is None else _strike(rule, request, handler))

    return strike


def _about(of: org.Org, path: str) -> tuple[str, int]:
    """The object that a request's path names or whose job it names, and the job's number; nothing and 0 if none."""
    named, job = SOBJECT.search(path), JOB.search(path)
    known = of.jobs.named(job[1]) if job else None
    if known is not None:
        return known["object"], known["nth"]
    return (named[1] if named else "\0"), 0


async def _strike(rule: planned.HttpFault, request: web.Request, handler: Handler) -> web.StreamResponse:
    if rule.kind == "slow":
        await asyncio.sleep(rule.seconds)
        return await handler(request)
    if rule.kind == "drip":
        _write_through(request, _Drip, rule.bytes, rule.seconds)
        return await handler(request)
    if rule.kind == "truncate":
        _write_through(request, _Cut, rule.keep, request)
        return await handler(request)
    if rule.kind in {"reset_after", "no_answer"} or rule.acted:
        await _acted(request, handler)
    if rule.kind == "status":
        return _bad(rule)
    if rule.kind == "unauthorized":
        raise answers.no_session()
    if rule.kind == "no_answer":
        await asyncio.sleep(rule.seconds)
    return _reset(request)


async def _acted(request: web.Request, handler: Handler) -> None:
    """Let the org do what it is asked for; what it answers goes nowhere."""
    writer = request._payload_writer  # noqa: SLF001 - aiohttp has no other place to put one in
    _write_through(request, _Nothing)
    with contextlib.suppress(answers.Refused):
        await handler(request)
    request._payload_writer = writer  # noqa: SLF001


def _bad(rule: planned.HttpFault) -> web.Response:
    code, message = BODIES.get(rule.status, BUSY)
    text = HTML.format(status=rule.status) if rule.html else json.dumps([{"errorCode": code, "message": message}])
    headers = {"Content-Type": "text/html" if rule.html else "application/json;charset=UTF-8"}
    if rule.retry_after is not None or rule.status == TOO_MANY:
        headers["Retry-After"] = str(1 if rule.retry_after is None else rule.retry_after)
    return web.Response(status=rule.status, body=(rule.body or text).encode(), headers=headers | rule.headers)


def _reset(request: web.Request) -> web.StreamResponse:
    """Break the connection off, with a TCP reset where the system lets us."""
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    raise asyncio.CancelledError


def _write_through(request: web.Request, kind: type[_Through], *more: Any) -> None:
    """Put something between the answer and the connection."""
    request._payload_writer = kind(request._payload_writer, *more)  # noqa: SLF001 - aiohttp has no other place for it


class _Through(abc.AbstractStreamWriter):
    """Writes on to aiohttp's own writer, as it comes."""

    def __init__(self, inner: abc.AbstractStreamWriter) -> None:
        self._inner = inner

    def __setattr__(self, name: str, value: Any) -> None:
        """Hand on what answers set: the body's length."""
        super().__setattr__(name, value)
        if not name.startswith("_"):
            setattr(self._inner, name, value)

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        await self._inner.write(chunk)

    async def write_eof(self, chunk: bytes = b"") -> None:
        if chunk:
            await self.write(chunk)
        await self._inner.write_eof()

    async def drain(self) -> None:
        await self._inner.drain()

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        self._inner.enable_compression(encoding, strategy)

    def enable_chunking(self) -> None:
        self._inner.enable_chunking()

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        await self._inner.write_headers(status_line, headers)

    def send_headers(self) -> None:
        self._inner.send_headers()


class _Nothing(_Through):
    """Writes nothing at all."""

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        pass

    async def write_eof(self, chunk: bytes = b"") -> None:
        pass

    async def drain(self) -> None:
        pass

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        pass

    def enable_chunking(self) -> None:
        pass

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        pass

    def send_headers(self) -> None:
        pass


class _Drip(_Through):
    """Writes a few bytes at a time, with pauses."""

    def __init__(self, inner: abc.AbstractStreamWriter, size: int, seconds: float) -> None:
        super().__init__(inner)
        self._size, self._seconds = size, seconds

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        for start in range(0, len(chunk), self._size):
            await self._inner.write(bytes(chunk[start : start + self._size]))
            self._inner.send_headers()
            await self._inner.drain()
            await asyncio.sleep(self._seconds)


class _Cut(_Through):
    """Keeps the body until it is whole, writes the first part of it, and closes the connection as if that were all."""

    def __init__(self, inner: abc.AbstractStreamWriter, share: float, request: web.Request) -> None:
        super().__init__(inner)
        self._share, self._request, self._kept = share, request, bytearray()

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self._kept += chunk

    async def drain(self) -> None:
        pass

    async def write_eof(self, chunk: bytes = b"") -> None:
        self._kept += chunk
        first = bytes(self._kept[: int(len(self._kept) * self._share)])
        if first:
            await self._inner.write(first)
        self._inner.send_headers()
        await self._inner.drain()
        if self._request.transport is not None:
            self._request.transport.close()
        raise asyncio.CancelledError
