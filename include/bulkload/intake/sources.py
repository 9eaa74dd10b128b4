"""A payload file (one JSON document, or JSON lines; gzip by suffix) → one record a line, in bounded memory.

Each line that comes out is UTF-8 without line breaks of its own: a record's own text as it was written; `~`
for a blank line, so that line numbers stay; or `!` and what is wrong with the record. Numbers keep their text.

The loop over lines in Python only looks at bytes; one line that isn't UTF-8, or ends in CRLF, would make the
table engine's reader refuse the whole file.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from include.bulkload.basics import errors
from include.bulkload.intake import document, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BLANK = b"~"
BOM = b"\xef\xbb\xbf"
MOST_TIMES = 200
SMALL = 16_000_000
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Records:
    """Where the records stand, one a line, and whether a record's place is a line of the source or an index in a list."""

    path: Path
    by_line: bool


def lines(path: Path, fmt: str, records_path: str, out: Path) -> Records:
    """Write the records of `path` to `out`, one a line.

    `fmt`: json, jsonl, or auto (by the name). `records_path`: where a document holds its records, `accounts[]`,
    or `[]` for a document that is a list. Raises SourceError naming the place and the remedy.
    """
    by_line = fmt == "jsonl" or (fmt == "auto" and path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson")))
    try:
        with _opened(path) as source, out.open("wb") as target:
            found: Iterable[bytes] = _by_line(source) if by_line else document.items(_blocks(source), records_path)
            for each in found:
                target.write(each)
                target.write(b"\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as wrong:
        raise errors.SourceError(f"{path.name}: its gzip data breaks off or is damaged; write it anew") from wrong
    return Records(out, by_line)


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return _Measured(path)
    return path.open("rb")


class _Measured(gzip.GzipFile):
    """A gzip file that refuses to become more than 200 times as large as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._most = max(path.stat().st_size * MOST_TIMES, SMALL)
        self._name = path.name

    def read(self, size: int | None = -1) -> bytes:
        self._measure()
        return super().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        self._measure()
        return super().readline(size)

    def _measure(self) -> None:
        if self.tell() > self._most:
            raise errors.SourceError(f"{self._name}: it unpacks to more than {MOST_TIMES} times its size; split it, or don't compress it")


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block


def _by_line(source: BinaryIO) -> Iterator[bytes]:
    """Clean JSON lines: each is one record, or blank."""
    first = True
    while line := source.readline(records.MOST_BYTES + 2):
        if first:
            line, first = line.removeprefix(BOM), False
        bare = line.strip()
        if len(line) > records.MOST_BYTES and not line.endswith(b"\n"):
            _skip(source)
            yield records.bad(f"a record of more than {records.MOST_BYTES} bytes")
        else:
            yield records.checked(bare) if bare else BLANK


def _skip(source: BinaryIO) -> None:
    """Read on to the end of a line that is too long to keep."""
    while (part := source.readline(BLOCK)) and not part.endswith(b"\n"):
        pass
