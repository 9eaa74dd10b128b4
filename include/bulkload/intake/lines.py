"""Records of one list, from one file or several → a file with one record a line, which the table engine reads.

Each line is UTF-8 without line breaks of its own: an object, see `records`; or `~` where there is none, so that
line numbers stay. Where there are several source files, its file's number stands before each line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from include.bulkload.basics import tables
from include.bulkload.intake import records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

NONE = b"~"
# Records that are written anew may grow: each number by two quotes.
MOST_LINE = 2 * records.MOST_BYTES
BUFFER = 1 << 20
# Stands between a file's number and its line; no JSON holds it as it is.
BETWEEN = b"\x01"


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the records stand; `names` of the source's files, and at which line each begins, from 0."""

    path: Path
    names: tuple[str, ...]
    starts: tuple[int, ...]

    @property
    def query(self) -> str:
        """Select row_id, file, nth (the line's number in its file, from 0) and line, of all lines that hold a record."""
        if len(self.names) == 1:
            numbered = f"SELECT 0 AS file, (row_number() OVER () - 1)::INTEGER AS nth, line FROM {self._table()}"
            return f"SELECT row_number() OVER () AS row_id, file, nth, line FROM ({numbered}) WHERE line != '{NONE.decode()}'"
        starts = f"({list(self.starts)}::BIGINT[])"
        numbered = f"SELECT file, (row_number() OVER () - 1 - {starts}[file + 1])::INTEGER AS nth, line FROM {self._table()}"
        row_id = f"file * {tables.POSITIONS} + row_number() OVER ()"
        return f"SELECT {row_id} AS row_id, file, nth, line FROM ({numbered}) WHERE line != '{NONE.decode()}'"

    def _table(self) -> str:
        columns = "{'line': 'VARCHAR'}" if len(self.names) == 1 else "{'file': 'BIGINT', 'line': 'VARCHAR'}"
        return (
            f"read_csv({tables.literal(str(self.path))}, auto_detect=false, header=false, delim=chr(1), quote='', escape='', "
            f"new_line='\\n', max_line_size={MOST_LINE}, columns={columns})"
        )


class Written:
    """Lines as they are written, file after file."""

    def __init__(self, path: Path, *, is_one: bool) -> None:
        self._target = path.open("wb", buffering=BUFFER)
        self._is_one = is_one
        self._path = path
        self._names: list[str] = []
        self._starts: list[int] = []
        self._count = 0
        self._before = b""

    def begin(self, name: str) -> None:
        """Go on with the source's next file."""
        if not self._is_one:
            self._before = b"%d" % len(self._names) + BETWEEN
        self._names.append(name)
        self._starts.append(self._count)

    def add(self, written: Sequence[bytes]) -> None:
        """Write lines, at least one."""
        self._target.write(self._before)
        self._target.write((b"\n" + self._before).join(written))
        self._target.write(b"\n")
        self._count += len(written)

    def add_proven(self, proven: records.Proven) -> None:
        """Write records that are lines already."""
        self._target.write(self._before)
        self._target.write(proven.lines.replace(b"\n", b"\n" + self._before) if self._before else proven.lines)
        self._target.write(b"\n")
        self._count += proven.count

    @property
    def lines(self) -> Lines:
        """What stands there."""
        return Lines(self._path, tuple(self._names), tuple(self._starts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, where: TracebackType | None) -> None:
        self._target.close()
