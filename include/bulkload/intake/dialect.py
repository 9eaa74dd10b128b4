"""How a CSV file is written → its rows' lines, if all of it is as RFC 4180 wants it: the strict reader for whole rows.

Python's own reader is strict about what follows a quote, but takes one in the middle of a bare cell for text:
a regular expression proves that there is none.
"""

from __future__ import annotations

import csv
import io
import itertools
import operator
import re
from typing import TYPE_CHECKING, Any

import orjson

from include.bulkload.intake import even, lines, records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Dialect:
    """Delimiter and quote of a file, how many cells a row has, and which of them are wanted, in which order."""

    def __init__(self, delimiter: str, quote: str, width: int, wanted: Sequence[int]) -> None:
        # One cell may be as long as a record; the limit is the process's, and this is the highest anybody here wants.
        csv.field_size_limit(max(csv.field_size_limit(), records.MOST_BYTES))
        self.delimiter, self.quote, self.width = delimiter, quote, width
        is_all = [*wanted] == [*range(width)]
        self._picked = _whole if is_all else _picking(wanted)
        # A row without a wanted cell is rare, and written cell by cell.
        self._even = even.Even(delimiter.encode(), quote.encode(), width, None if is_all else self._picked) if wanted else None
        before, after, mark = re.escape(delimiter) + r"\n", re.escape(delimiter) + r"\r\n", re.escape(quote)
        self._quoted = re.compile(f"(?<![^{before}]){mark}(?:[^{mark}]++|{mark}{mark})*+{mark}(?![^{after}])")

    def reader(self, text: Sequence[str]) -> Any:
        """Python's reader of lines, in this dialect."""
        return csv.reader(text, delimiter=self.delimiter, quotechar=self.quote, strict=True)

    def is_sound(self, text: str) -> bool:
        """Whether each quote in whole rows begins a cell, ends one, or is doubled in one."""
        return self.quote not in self._quoted.sub("", text)

    def whole(self, text: str) -> list[bytes] | None:
        """Write whole rows, a line each, and none for a line that holds none; or nothing at all if one of them isn't sound."""
        return (self._even.lines(text) if self._even else None) or self._strict(text)

    def line(self, row: Sequence[str]) -> bytes:
        """Write the wanted cells of a row. Raises TypeError if there is half a surrogate, which stands for undecodable bytes."""
        return orjson.dumps(self._picked(row))

    def _strict(self, text: str) -> list[bytes] | None:
        whole = split(text)
        try:
            found = list(self.reader(whole))
            if not {self.width, 0}.issuperset(map(len, found)):
                return None
            # A quote that the reader took for text stands in a cell: if there is none in any, none was.
            if self.quote in "".join(map("".join, found)) and not self.is_sound(text):
                return None
            if len(found) == len(whole) and all(found):
                return [*map(orjson.dumps, map(self._picked, found))]
            return self._spread(whole)
        except (csv.Error, TypeError):
            return None

    def _spread(self, text: Sequence[str]) -> list[bytes]:
        """Write rows of several lines, or blank ones, so that each line of the source has one."""
        reader, written = self.reader(text), []
        for row in reader:
            written.append(self.line(row) if row else lines.NONE)
            written += itertools.repeat(lines.NONE, reader.line_num - len(written))
        return written


def split(text: str) -> list[str]:
    """Cut a text into lines at LF alone, endings kept."""
    return io.StringIO(text, newline="\n").readlines()


def _whole(row: Sequence[Any]) -> Sequence[Any]:
    return row


def _picking(wanted: Sequence[int]) -> Callable[[Sequence[Any]], Any]:
    """Make a function that picks the wanted cells of a row."""
    if len(wanted) == 1:
        (only,) = wanted
        return lambda row: (row[only],)
    return operator.itemgetter(*wanted) if wanted else lambda _: ()
