"""CONNECT for Salesforce's host names → the org's own HTTPS listener; anything else is refused."""

from __future__ import annotations

import asyncio
import re

NAMES = re.compile(rb"(?i)(login|test|[a-z0-9-]+(\.sandbox|\.develop|\.scratch)?\.my|[a-z0-9-]+)\.salesforce\.com:443")
SECONDS = 30
BLOCK = 1 << 16


async def serve(port: int, https_port: int, host: str = "127.0.0.1") -> asyncio.Server:
    """Listen on `host`; the tunnel always leads to this machine's own HTTPS listener."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(_tunnel(reader, writer, https_port), None)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connected, host, port)


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, https_port: int) -> None:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    words = head.split(b"\r\n")[0].split(b" ")
    if len(words) < 2 or words[0] != b"CONNECT" or not NAMES.fullmatch(words[1]):  # noqa: PLR2004 - verb and target
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", https_port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))
    finally:
        inner_writer.close()


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while block := await source.read(BLOCK):
        target.write(block)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
