"""Text of a CSV file in which no cell is quoted, or every one → its rows' lines by a few replacements; nothing where that isn't proven.

Such text is nearly JSON already. It takes a third of the time that reading cell by cell takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Stand between cells and rows while the text is looked at: no text that comes so far has them.
CELL, ROW = b"\x1f", b"\x1e"
# What JSON has to escape; a line's end is none here.
ESCAPED = bytes({*range(0x20), ord("\\")} - {ord("\n")})
BETWEEN = b'","'


@dataclass(frozen=True, slots=True)
class Even:
    """Delimiter and quote, how many cells a row has, and what picks the wanted ones; None: all of them."""

    delimiter: bytes
    quote: bytes
    width: int
    picked: Callable[[Sequence[Any]], Any] | None

    def lines(self, text: str) -> list[bytes] | None:
        """Write rows that are even, a line each."""
        if self.delimiter < b" " and self.delimiter != b"\t":
            return None
        try:
            data = text.encode().replace(b"\r\n", b"\n").removesuffix(b"\n")
        except UnicodeEncodeError:
            return None
        escaped = ESCAPED.replace(self.delimiter, b"") + (b"" if self.quote == b'"' else b'"')
        if len(data.translate(None, escaped)) < len(data):
            return None
        body = self._quoted(data) if self.quote in data else self._bare(data)
        return None if body is None else self._written(body)

    def _bare(self, data: bytes) -> bytes | None:
        body = data.replace(self.delimiter, CELL).replace(b"\n", ROW)
        # A blank line is no row, also where a row has one cell.
        is_blank = self.width == 1 and b"" in body.split(ROW)
        return None if is_blank else body

    def _quoted(self, data: bytes) -> bytes | None:
        """Mark what is between cells. If no quote is left but the first and the last, each cell was quoted and holds none."""
        body = data.replace(self.quote + self.delimiter + self.quote, CELL).replace(self.quote + b"\n" + self.quote, ROW)
        inner = body.removeprefix(self.quote).removesuffix(self.quote)
        is_even = len(body) == len(inner) + 2 * len(self.quote) and self.quote not in inner and b"\n" not in inner
        return inner if is_even and (self.delimiter not in ESCAPED or self.delimiter not in inner) else None

    def _written(self, body: bytes) -> list[bytes] | None:
        rows = body.split(ROW)
        if {row.count(CELL) for row in rows} != {self.width - 1}:
            return None
        if self.picked is None:
            return (b'["' + body.replace(CELL, BETWEEN).replace(ROW, b'"]\n["') + b'"]').split(b"\n")
        return [b'["' + BETWEEN.join(self.picked(row.split(CELL))) + b'"]' for row in rows]
