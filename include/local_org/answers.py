"""What happened → Salesforce's JSON answer, errors as arrays (contract 1.1)."""

from __future__ import annotations

import json
import zlib
from typing import Any

from aiohttp import web

# Smaller answers become no smaller.
WORTH_PACKING = 1024
# What zlib calls gzip's form.
GZIP = 31


class Refused(Exception):
    """A request that is answered with an error array."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.headers = headers or {}
        self.code = code
        self.message = message

    def answer(self) -> web.Response:
        """The HTTP answer."""
        made = told([{"errorCode": self.code, "message": self.message}], self.status)
        made.headers.update(self.headers)
        return made


def told(document: Any, status: int = 200) -> web.Response:
    """Answer with JSON."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return web.Response(body=body, status=status, headers={"Content-Type": "application/json;charset=UTF-8"})


def pack(request: web.Request, answer: web.StreamResponse) -> None:
    """Compress an answer that isn't sent yet, if the client takes gzip."""
    if _takes_gzip(request):
        answer.headers.pop("Content-Length", None)
        answer.enable_compression(web.ContentCoding.gzip)


class Packing:
    """A long answer, compressed piece by piece if the client takes gzip: quickly, which for rows is nearly as well.

    Made before the answer is prepared; `last` ends what was packed.
    """

    def __init__(self, request: web.Request, answer: web.StreamResponse) -> None:
        self._gzip = zlib.compressobj(level=1, wbits=GZIP) if _takes_gzip(request) else None
        if self._gzip:
            answer.headers.pop("Content-Length", None)
            answer.headers["Content-Encoding"] = "gzip"

    def packed(self, piece: bytes) -> bytes:
        """A piece as it is sent; nothing if it is kept for the next one."""
        return self._gzip.compress(piece) if self._gzip else piece

    def last(self) -> bytes:
        """What was kept."""
        return self._gzip.flush() if self._gzip else b""


def _takes_gzip(request: web.Request) -> bool:
    """Whether the client takes gzip; any other packing it names is ignored (contract 1)."""
    named = [each.partition(";")[0].strip().lower() for each in request.headers.get("Accept-Encoding", "").split(",")]
    return "gzip" in named


def not_found() -> Refused:
    """What Salesforce says of anything that doesn't exist."""
    return Refused(404, "NOT_FOUND", "The requested resource does not exist")


def no_session() -> Refused:
    """What Salesforce says of a token that isn't good (any more)."""
    return Refused(401, "INVALID_SESSION_ID", "Session expired or invalid", {"WWW-Authenticate": "Token"})


def no_calls_left() -> Refused:
    """What Salesforce says when the day's API calls are used up (contract 1.1)."""
    return Refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
