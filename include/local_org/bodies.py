"""A request → its body, decompressed if it came so, never more of it than may be (contract 1)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from include.local_org import answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from aiohttp import web

AT_ONCE = 1 << 18
GZIP = zlib.MAX_WBITS | 16


async def whole(request: web.Request, most: int) -> bytes:
    """Read a small body. Raises Refused (413) for a larger one."""
    found = bytearray()
    async for block in blocks(request):
        found += block
        if len(found) > most:
            raise answers.Refused(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large", {"Connection": "close"})
    return bytes(found)


async def blocks(request: web.Request) -> AsyncIterator[bytes]:
    """Read a body piece by piece. Raises Refused (400) for one that broke off, or can't be decompressed."""
    packed, size = "gzip" in request.headers.get("Content-Encoding", "").lower(), 0
    unpacking = zlib.decompressobj(GZIP)
    async for block in request.content.iter_chunked(AT_ONCE):
        size += len(block)
        for piece in _unpacked(unpacking, block) if packed else [block]:
            yield piece
    if request.content_length not in {None, size} or (packed and not unpacking.eof):
        raise _broken("the body broke off")


def _unpacked(unpacking: zlib._Decompress, block: bytes) -> Iterator[bytes]:
    """Decompress a little at a time: what was a kilobyte may be a megabyte."""
    try:
        while block:
            yield unpacking.decompress(block, AT_ONCE)
            block = unpacking.unconsumed_tail
    except zlib.error as wrong:
        raise _broken(str(wrong)) from wrong
    if unpacking.unused_data:
        raise _broken("there is more after its end")


def _broken(why: str) -> answers.Refused:
    return answers.Refused(400, "CLIENTINPUTERROR", f"ClientInputError : the body can't be read: {why}", {"Connection": "close"})
