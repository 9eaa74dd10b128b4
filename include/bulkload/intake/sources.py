"""A payload file (one JSON document, or JSON lines; gzip by suffix) → one record a line, in bounded memory.

Each line that comes out is UTF-8 without line breaks of its own: an object, see `records`; or `~` for a
blank line, so that line numbers stay.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from include.bulkload.basics import errors
from include.bulkload.intake import careful, document, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BLANK = b"~"
UNREADABLE = records.bad(records.NOT_JSON).removesuffix(b'"}')
BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")
MOST_TIMES = 200
# What a small file may unpack to, whatever its size.
SMALL = 16_000_000
BLOCK = 1 << 20
AT_ONCE = 1 << 15


@dataclass(frozen=True, slots=True)
class Records:
    """Where the records stand, one a line, and whether a record's place is a line of the source or an index in a list."""

    path: Path
    by_line: bool


def lines(path: Path, fmt: str, records_path: str, out: Path, wanted: careful.Shape) -> Records:
    """Write the records of `path` to `out`, one a line.

    `fmt`: json, jsonl, or auto (by the name). `records_path`: where a document holds its records, `accounts[]`,
    or `[]` for a document that is a list. `wanted`: what is read of a record. Raises SourceError naming the place
    and the remedy.
    """
    by_line = fmt == "jsonl" or (fmt == "auto" and path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson")))
    try:
        blocks = _decoded(_unpacked(path) if path.suffix == ".gz" else _blocks(path))
        found = _cut(blocks) if by_line else document.items(blocks, records_path)
        _written(found, out, wanted)
    except (EOFError, gzip.BadGzipFile, zlib.error) as wrong:
        raise errors.SourceError(f"{path.name}: its gzip data breaks off or is damaged; write it anew") from wrong
    except errors.SourceError as wrong:
        raise errors.SourceError(f"{path.name}: {wrong}") from wrong
    return Records(out, by_line)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            yield block


def _unpacked(path: Path) -> Iterator[bytes]:
    """Unpack a gzip file that doesn't become more than 200 times as large as it is."""
    left = max(path.stat().st_size * MOST_TIMES, SMALL)
    with gzip.open(path, "rb") as source:
        while block := source.read(BLOCK):
            left -= len(block)
            if left < 0:
                raise errors.SourceError(f"it unpacks to more than {MOST_TIMES} times its size; split it, or don't compress it")
            yield block


def _decoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Take the mark of UTF-8 away from the start; refuse those of other encodings."""
    first = next(blocks, b"")
    if first.startswith(OTHER_BOMS):
        raise errors.SourceError("it is UTF-16; write it in UTF-8")
    yield first.removeprefix(BOM)
    yield from blocks


def _written(found: Iterable[bytes], out: Path, wanted: careful.Shape) -> None:
    """Check and write the records. Raises SourceError if there are some but none is JSON: then the source isn't."""
    readable, first = False, b""
    with out.open("wb", buffering=BLOCK) as target:
        for together in _together(found):
            if records.plain(together, wanted):
                readable = True
                written = [*map(records.one_line, together)]
            else:
                written = [records.checked(bare, wanted) if bare else BLANK for bare in map(bytes.strip, together)]
                told = [line for line in written if line != BLANK]
                readable = readable or any(not line.startswith(UNREADABLE) for line in told)
                first = first or next(iter(told), b"")
            target.write(b"\n".join(written))
            target.write(b"\n")
    if first and not readable:
        said = orjson.loads(first)[careful.MARK]
        raise errors.SourceError(
            f"none of its records can be read (the first: {said}); mend it, or set the source's format (json or jsonl)"
        )


def _together(found: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Gather records that are checked at once: few enough that one odd one among them costs little."""
    gathered: list[bytes] = []
    size = 0
    for record in found:
        gathered.append(record)
        size += len(record)
        if size > AT_ONCE:
            yield gathered
            gathered, size = [], 0
    if gathered:
        yield gathered


def _cut(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks into lines; of one that is too long just enough is kept to see that."""
    rest = b""
    for block in blocks:
        first, *others = block.split(b"\n")
        rest += first[: records.MOST_BYTES + 1 - len(rest)]
        if others:
            yield rest
            yield from others[:-1]
            rest = others[-1]
    if rest:
        yield rest
