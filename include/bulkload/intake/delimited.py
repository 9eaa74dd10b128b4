"""CSV files → rows of cells, one row a line, in bounded memory; what isn't as it should be is told with its line.

The table engine's own reader isn't used: it can't say which row is wrong and go on, and its sniffer merges rows.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from include.bulkload.intake import cells, dialect, files, lines, records, torn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from include.bulkload.intake import mapping

# Bytes that the encoding hasn't stay recognisable, and are one bad row.
UNDECODABLE = "surrogateescape"
BOM = "\ufeff"
OTHER_BOMS = ("\udcff\udcfe", "\udcfe\udcff")


def read(given: Sequence[files.File], said: mapping.Csv, wanted: Sequence[str], folder: Path, checksum: files.Checksum) -> lines.Lines:
    """Write the wanted columns of the files' rows, one row a line, into `folder`.

    Raises SourceError naming file and line if a file can't be read as the plan says or has other columns than the
    first one, PlanError naming columns that are missing.
    """
    folder.mkdir()
    first: list[str] = []
    with lines.Written(folder / "rows.jsonl", is_one=len(given) == 1) as target:
        for file in given:
            try:
                blocks = _whole_rows(_decoded(files.blocks(file, checksum), said.encoding), said.quote)
                header, rest, used = _header(blocks, said)
                first = first or header
                cells.same(first, header, given[0].name)
                target.begin(file.name)
                target.add([lines.NONE] * used)
                spoken = dialect.Dialect(said.delimiter, said.quote, len(header), cells.columns_of(wanted, header, file.name))
                _write(rest, blocks, spoken, target, used + 1)
            except errors.SourceError as wrong:
                raise errors.SourceError(f"{file.name}: {wrong}") from wrong
        return target.lines


def header_of(file: files.File, said: mapping.Csv) -> list[str]:
    """Read a file's column names. Raises SourceError naming the file."""
    try:
        return _header(_whole_rows(_decoded(files.blocks(file, hashlib.sha256()), said.encoding), said.quote), said)[0]
    except errors.SourceError as wrong:
        raise errors.SourceError(f"{file.name}: {wrong}") from wrong


def _decoded(blocks: Iterator[bytes], encoding: str) -> Iterator[str]:
    """Decode a file, its byte order mark taken away. Raises SourceError if it is in another encoding."""
    decoder = codecs.getincrementaldecoder(encoding)(UNDECODABLE)
    is_begun = False
    try:
        for block in blocks:
            text = decoder.decode(block)
            if not is_begun and text:
                if text.startswith(OTHER_BOMS):
                    raise errors.SourceError("it is UTF-16; set the source's csv.encoding to utf-16")
                text, is_begun = text.removeprefix(BOM), True
            yield text
        yield decoder.decode(b"", final=True)
    except UnicodeError as wrong:
        raise errors.SourceError(f"it isn't {encoding}; set the source's csv.encoding ({wrong})") from wrong


def _whole_rows(texts: Iterator[str], quote: str) -> Iterator[str]:
    """Gather whole lines up to where no quoted cell is open; more than a record may have, if one never ends."""
    rest = ""
    for text in texts:
        cut = text.rfind("\n") + 1
        whole, rest = (rest + text[:cut], text[cut:]) if cut else ("", rest + text)
        if whole.count(quote) % 2 and len(whole) <= records.MOST_BYTES:
            whole, rest = "", whole + rest
        if len(rest) > 2 * records.MOST_BYTES:
            raise errors.SourceError(f"a line has more than {records.MOST_BYTES} characters; mend it, or set the source's csv.quote")
        if whole:
            yield whole
    if rest:
        yield rest


def _header(blocks: Iterator[str], said: mapping.Csv) -> tuple[list[str], str, int]:
    """Read the first row: the columns' names, the rest of the block, and how many lines it took. Raises SourceError."""
    text = dialect.split(next(blocks, ""))
    if not "".join(text[:1]).strip():
        raise errors.SourceError(
            "its first line is blank; the columns' names must stand there" if text else "it is empty; give it a header"
        )
    strict = dialect.Dialect(said.delimiter, said.quote, 0, [])
    reader = strict.reader(text)
    try:
        header = next(reader)
    except csv.Error as wrong:
        raise errors.SourceError(f"line 1: the columns' names can't be read ({wrong}); mend them") from wrong
    used = reader.line_num
    if not strict.is_sound("".join(text[:used])):
        raise errors.SourceError("line 1: the quotes in the columns' names are wrong; mend them")
    _distinct(header)
    return header, "".join(text[used:]), used


def _distinct(header: Sequence[str]) -> None:
    """Raise SourceError unless each column has a name of its own."""
    for place, name in enumerate(header, 1):
        if not name.strip():
            raise errors.SourceError(f"line 1: column {place} has no name; give it one")
        if name in header[: place - 1]:
            raise errors.SourceError(f"line 1: two columns are called {name}; rename one")


def _write(rest: str, blocks: Iterator[str], spoken: dialect.Dialect, target: lines.Written, number: int) -> None:
    """Write all rows; `rest`: the first of them, `number`: of their first line."""
    careful = torn.Torn(spoken)
    text, following = rest, next(blocks, None)
    while True:
        written, left = None if careful.is_open else spoken.whole(text), ""
        if written is None:
            written, left = careful.read(dialect.split(text), number, is_last=following is None)
        if written:
            target.add(written)
        number += len(written)
        if following is None:
            return
        text, following = left + following, next(blocks, None)
