"""Lines of a CSV file that aren't all sound → rows, faults, or an error where nobody can tell where rows begin and end.

A row whose quotes are wrong is one rejected row if its line shows that it ends there: its quotes are even. If they
are odd, what follows may be inside a quoted cell. Then the next line with a quote decides: if it can only be read as
the beginning of a row, the lines between were rows; if its quote could end the open one, the file can't be read.
"""

from __future__ import annotations

import csv
import itertools
from typing import TYPE_CHECKING

import orjson

from include.bulkload.basics import errors
from include.bulkload.intake import lines, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.intake.dialect import Dialect

ENDINGS = "\r\n"


class Torn:
    """The careful reader of one file: remembers where a quote may be open."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._open: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether a quote may be open, so that what follows must be looked at line by line."""
        return self._open is not None

    def read(self, text: Sequence[str], number: int, *, is_last: bool) -> tuple[list[bytes], str]:
        """Write what stands in the lines, a line each; return those at the end that are no whole row yet.

        `number`: of the first line, for people; `is_last`: the file ends here. Raises SourceError naming the line.
        """
        written: list[bytes] = []
        while len(written) < len(text):
            at = len(written)
            upto = self._end(text, at)
            if upto is None and not is_last and sum(map(len, text[at:])) <= records.MOST_BYTES:
                return written, "".join(text[at:])
            if self.is_open:
                self._decide(text[at : upto or at + 1], is_whole=upto is not None)
            written += self._row(text[at : upto or at + 1], is_whole=upto is not None) or self._torn(text, at, number, is_last=is_last)
        return written, ""

    def _end(self, text: Sequence[str], at: int) -> int | None:
        """Where the row that begins at a line ends, by its quotes; None if they don't close."""
        marks = 0
        for upto in range(at, len(text)):
            marks += text[upto].count(self._dialect.quote)
            if marks % 2 == 0:
                return upto + 1
        return None

    def _row(self, text: Sequence[str], *, is_whole: bool) -> list[bytes]:
        """Write one row of one line or several; nothing if its quotes are wrong."""
        whole = "".join(text)
        if not whole.strip(ENDINGS):
            return [lines.NONE] * len(text)
        if not is_whole or not self._dialect.is_sound(whole):
            return []
        return [self._cells(text), *itertools.repeat(lines.NONE, len(text) - 1)]

    def _cells(self, text: Sequence[str]) -> bytes:
        try:
            (row,) = self._dialect.reader(text)
        except (csv.Error, ValueError):
            return _fault("a carriage return stands outside quotes")
        if len(row) != self._dialect.width:
            return _fault(f"{len(row)} cells, the first line has {self._dialect.width}")
        try:
            return self._dialect.line(row)
        except TypeError:
            return _fault("some bytes are no text in the source's encoding")

    def _torn(self, text: Sequence[str], at: int, number: int, *, is_last: bool) -> list[bytes]:
        """Write the fault of a line whose quotes are wrong."""
        is_even = text[at].count(self._dialect.quote) % 2 == 0
        if not is_even and not (is_last and at == len(text) - 1):
            self._open = number + at
        return [_fault("its quotes are wrong")]

    def _decide(self, text: Sequence[str], *, is_whole: bool) -> None:
        """Look at the next row while a quote may be open: it is one, or all is lost. Raises SourceError."""
        row = self._row(text, is_whole=is_whole)
        is_row = self._dialect.width > 1 and bool(row) and row[0].startswith((b"[", lines.NONE))
        _, found, after = text[0].partition(self._dialect.quote)
        ends_it = bool(found) and after[:1] in {"", self._dialect.quote, self._dialect.delimiter, *ENDINGS}
        if not is_row or ends_it:
            raise errors.SourceError(
                f"line {self._open}: its quotes are wrong, so that nobody can tell where the rows after it begin; mend it, or set "
                "the source's csv.quote to a character that the file doesn't have, if quotes are plain text there"
            )
        if found:
            self._open = None


def _fault(reason: str) -> bytes:
    return orjson.dumps(reason)
