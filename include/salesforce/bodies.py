"""The body of a response, maybe gzipped → bytes in memory or a local file: whole, bounded, in time, or an error.

requests would unpack and hand on a body that is cut short; here both the announced length and gzip's own end count.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

BLOCK = 256 * 1024
# An answer in memory may drip for five minutes, a result file download for as long as Salesforce serves one (contract 5).
DOCUMENT_SECONDS = 300.0
DOWNLOAD_SECONDS = 1200.0
GZIP = 16 + zlib.MAX_WBITS


def whole(response: requests.Response, most: int, where: str) -> bytes:
    """Read a body of at most `most` bytes. Raises NetworkFault if it is cut, too slow or larger."""
    body = b"".join(_bounded(_plain(response, DOCUMENT_SECONDS, where), most + 1))
    if len(body) > most:
        raise errors.NetworkFault(f"{where}: the answer is larger than {most:,} bytes, which no such answer is; look at what answers there")
    return body


def start(response: requests.Response, most: int, where: str) -> bytes:
    """Read a body's first `most` bytes; the rest isn't fetched, and a body that breaks off counts as far as it came."""
    read: list[bytes] = []
    try:
        read.extend(_bounded(_plain(response, DOCUMENT_SECONDS, where), most))
    except errors.NetworkFault:
        return b""
    return b"".join(read)


def save(response: requests.Response, path: Path, where: str) -> int:
    """Stream a body to a file; return its unpacked bytes. Raises NetworkFault, leaving no file, if it is cut or too slow."""
    try:
        with path.open("wb") as file:
            return sum(file.write(block) for block in _plain(response, DOWNLOAD_SECONDS, where))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _bounded(blocks: Iterator[bytes], most: int) -> Iterator[bytes]:
    for block in blocks:
        yield block[:most]
        most -= len(block)
        if most <= 0:
            return


def _plain(response: requests.Response, seconds: float, where: str) -> Iterator[bytes]:
    """Yield a body unpacked. Raises NetworkFault where gzip's own end doesn't come."""
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing in {"", "identity"}:
        yield from _raw(response, seconds, where)
        return
    if packing not in {"gzip", "x-gzip"}:
        raise errors.NetworkFault(f"{where}: the answer is packed as {packing[:20]!r}, which wasn't asked for; look at what answers there")
    unpacker, came = zlib.decompressobj(GZIP), False
    try:
        for block in _raw(response, seconds, where):
            came = True
            while block:
                yield unpacker.decompress(block, BLOCK)
                block = unpacker.unconsumed_tail  # noqa: PLW2901 - what the limit left over goes through again
    except zlib.error as wrong:
        raise errors.NetworkFault(f"{where}: the answer's gzip is damaged; it may be tried again") from wrong
    yield unpacker.flush()
    if came and (not unpacker.eof or unpacker.unused_data):
        raise errors.NetworkFault(f"{where}: the answer's gzip doesn't end where the answer does; it may be tried again")


def _raw(response: requests.Response, seconds: float, where: str) -> Iterator[bytes]:
    """Yield a body as it comes off the wire. Raises NetworkFault if it isn't as long as announced, or drips too slowly."""
    until, came = time.monotonic() + seconds, 0
    # read1 hands on what is there: read would wait for a full block, however slowly it drips.
    while block := response.raw.read1(BLOCK, decode_content=False):
        came += len(block)
        yield block
        if time.monotonic() > until:
            raise errors.NetworkFault(f"{where}: the answer took longer than {seconds:.0f} s; it may be tried again")
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and came != int(announced):
        raise errors.NetworkFault(f"{where}: {came} of {announced} bytes came; it may be tried again")
