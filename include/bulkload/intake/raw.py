"""What a source gives of one object → one SQL query of its rows as they came, whatever kind of source it is.

Every kind of source ends here, and all checks and conversions begin here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Raw:
    """One object's rows.

    `query` selects, one row per source row, in the order of the source:
    row_id (BIGINT: number of the file times 2^40 + position from 1, counted over all files),
    parent_row (the row_id of the record it stood in, or NULL), nth (INTEGER: its place in its list or file, from 0),
    raw (VARCHAR[] or a row of VARCHAR: the texts of `reads`; NULL where absent or null),
    nulls (VARCHAR[]: those of `reads` that were null, not absent; NULL if none or nobody asked),
    fault (VARCHAR: why the record can't be read, NULL if it can), filtered (BOOLEAN: a transform dropped it).
    `calm` is an SQL expression: whether no text of a row holds a control character, so that nobody need look for one.
    `places(rows)` makes, from an SQL table expression with a column row_id, a query of row_id and place: where it stands, for people.
    """

    query: str
    reads: tuple[str, ...]
    places: Callable[[str], str]
    calm: str = "false"

    def text(self, name: str) -> str:
        """The column's SQL expression of a source value."""
        return f"raw[{self.reads.index(name) + 1}]"

    @property
    def texts(self) -> str:
        """The SQL expression of all of them, as VARCHAR[]."""
        return f"[{', '.join(map(self.text, self.reads))}]::VARCHAR[]"


def file_name(names: Sequence[str]) -> str:
    """The SQL expression of the name of `file`, its number, and what stands before a place in it; nothing if there is only one."""
    if len(names) == 1:
        return "''"
    return "[" + ", ".join(tables.literal(f"{name}, ") for name in names) + "][file + 1]"
