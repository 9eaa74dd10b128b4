"""Requests → time, method, path, status, bytes, milliseconds of the last 10,000; also lines in a file if one is wanted.

No secrets and no record data: a query string keeps only values that are none, a path no key of a record. A connection
that was broken off, by a fault or by the client, has status 0. Bytes out are those of the answer with its head.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import re
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import abc, web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEPT = 10_000
BROKEN_OFF = 0
# A record addressed by its key; the key is the record's data.
BY_KEY = re.compile(r"(/sobjects/[^/]+/[^/]+)/.+")
PLAIN = {"columns", "concurrencyMode", "fields", "isPkChunkingEnabled", "jobType", "locator", "maxRecords", "queryLocator", "sObjects"}
ELSE = "…"


class Entry(NamedTuple):
    """One request, as it was answered."""

    time: str
    method: str
    path: str
    status: int
    bytes_in: int
    bytes_out: int
    ms: float


class Journal:
    """What was asked of the org, newest last. `file`: gets each entry as a line of JSON too."""

    def __init__(self, file: Path | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._file = file.open("a", encoding="utf-8", buffering=1) if file else None

    def note(self, request: web.BaseRequest, status: int, bytes_out: int, seconds: float) -> None:
        """Take down a request that has just ended."""
        began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
        when = began.strftime("%Y-%m-%dT%H:%M:%S.") + f"{began.microsecond // 1000:03d}Z"
        path = shown(request.path, request.query)
        entry = Entry(when, request.method, path, status, request.content.total_bytes, bytes_out, round(seconds * 1000, 1))
        self._entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry._asdict(), ensure_ascii=False) + "\n")

    def last(self, count: int = KEPT) -> list[Entry]:
        """List the last entries, oldest first."""
        return list(self._entries)[-count:] if count else []

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


def shown(path: str, query: Mapping[str, str]) -> str:
    """Write path and query string without what might be a secret or a record's data."""
    told = BY_KEY.sub(rf"\1/{ELSE}", path)
    given = "&".join(f"{name}={value if name in PLAIN else ELSE}" for name, value in query.items())
    return f"{told}?{given}" if given else told


def logger(of: Journal) -> type[abc.AbstractAccessLogger]:
    """Make the class that aiohttp tells of each answer once it is sent."""

    class Noting(abc.AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            of.note(request, response.status, response.body_length, time)

    return Noting


def middleware(of: Journal) -> Any:
    """Make the middleware that notes what never gets an answer."""

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        try:
            return await handler(request)
        except asyncio.CancelledError:
            of.note(request, BROKEN_OFF, 0, time.monotonic() - began)
            raise

    return note
