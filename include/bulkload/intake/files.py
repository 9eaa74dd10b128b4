"""One file of a source, packed or not → its content block by block, unpacked within bounds, with its checksum."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import zstandard

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

BLOCK = 1 << 20
MOST_TIMES = 200
# What a small file may unpack to, whatever its size.
SMALL = 16_000_000
# Zstandard's own bound for what a reader must be ready to keep in memory.
MOST_WINDOW = 1 << 27
PACKED = (".gz", ".zst")
FORMATS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


class Checksum(Protocol):
    """What is told of every byte that was read."""

    def update(self, data: bytes, /) -> None:
        """Take in another piece."""


@dataclass(frozen=True, slots=True)
class File:
    """A source's file: its name as people know it, and how it is had on this machine, for as long as it is read."""

    name: str
    here: Callable[[], AbstractContextManager[Path]]

    @property
    def packed(self) -> str:
        """How it is packed, by its suffix; "" if it isn't."""
        return next((suffix for suffix in PACKED if self.name.lower().endswith(suffix)), "")

    def format(self, said: str) -> str:
        """Its format: what the plan said, or by its name where it said `auto`; JSON if that tells nothing."""
        bare = self.name[: len(self.name) - len(self.packed)].lower()
        return said if said != "auto" else FORMATS.get(bare[bare.rfind(".") :], "json")


def local(path: Path, name: str | None = None) -> File:
    """A file that stands on this machine already."""
    return File(name or path.name, lambda: contextlib.nullcontext(path))


def blocks(file: File, checksum: Checksum) -> Iterator[bytes]:
    """Read a file's content, unpacked; the checksum is of that. Raises SourceError if it is damaged or unpacks to too much."""
    unpacked = {"": _plain, ".gz": _gzipped, ".zst": _zstandard}[file.packed]
    with file.here() as path:
        left = max(path.stat().st_size * MOST_TIMES, SMALL) if file.packed else None
        try:
            for block in unpacked(path):
                if left is not None and (left := left - len(block)) < 0:
                    raise errors.SourceError(f"it unpacks to more than {MOST_TIMES} times its size; split it, or don't compress it")
                checksum.update(block)
                yield block
        except DAMAGED as wrong:
            kind = "gzip" if file.packed == ".gz" else "zstandard"
            raise errors.SourceError(f"its {kind} data breaks off or is damaged; write it anew") from wrong


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        yield from iter(lambda: source.read(BLOCK), b"")


def _gzipped(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as source:
        yield from iter(lambda: source.read(BLOCK), b"")


def _zstandard(path: Path) -> Iterator[bytes]:
    """Unpack frame by frame: the library's own reader takes a frame that breaks off for one that ends."""
    started: Callable[[], zstandard.ZstdDecompressionObj] = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW).decompressobj
    frame = started()
    is_begun = False
    with path.open("rb") as source:
        # Small pieces, because each may unpack to very much.
        for piece in iter(lambda: source.read(BLOCK >> 6), b""):
            rest = piece
            while rest:
                block = frame.decompress(rest)
                if block:
                    yield block
                is_begun, rest = not frame.eof, frame.unused_data if frame.eof else b""
                frame = started() if frame.eof else frame
    if is_begun:
        raise EOFError
