"""A document's text, from a record on → many records cut at once, where they end and begin alike; nothing where that isn't proven.

What stands between two records, `]},{` say, is learnt from two that were cut one by one. Text that is cut wherever
it stands is put before the strict parser, which tells whether each piece is one record. That takes a fifth of the
time that cutting record by record takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.intake import records, stretches

if TYPE_CHECKING:
    from include.bulkload.intake.shapes import Shape

# Where records aren't alike a try costs more than it gains: after each one in vain the next comes later, this many records at most.
MOST_PAUSE = 256
NEXT = re.compile(r"[ \t\n\r]*,[ \t\n\r]*\{")
# How a record may end, before its bracket, so that it is told from most records within it.
LAST = frozenset('"]}')


@dataclass(frozen=True, slots=True)
class Many:
    """Records that were cut, and where in the text the next one begins."""

    proven: records.Proven
    next_one: int


class Alike:
    """What is known of how the records of one list end and begin."""

    def __init__(self, wanted: Shape) -> None:
        self._wanted = wanted
        self._end, self._between = "", ""
        self._pause = self._left = 0

    def learn(self, record: str, text: str, behind: int) -> None:
        """Note what stands between a record and the next one; the record ends at `behind`."""
        found = NEXT.match(text, behind)
        if record.endswith("}") and found:
            self._end = record[-2:] if record[-2] in LAST else "}"
            self._between = self._end + found.group()

    def taken(self, text: str, at: int) -> Many | None:
        """Cut the records from `at` on, as far as they are alike and there are others behind them; None if that isn't proven."""
        if self._left or not self._between:
            self._left = max(self._left - 1, 0)
            return None
        last = text.rfind(self._between, at, at + stretches.AT_ONCE)
        if last < 0:
            return None
        proven = self._proven(text[at : last + len(self._end)])
        self._pause = 0 if proven else min(2 * self._pause + 1, MOST_PAUSE)
        self._left = self._pause
        return Many(proven, last + len(self._between) - 1) if proven else None

    def _proven(self, text: str) -> records.Proven | None:
        try:
            data, end, between = (each.encode() for each in (text, self._end, self._between))
        except UnicodeEncodeError:
            return None
        pieces = data.split(between)
        together = (end + records.BETWEEN + b"{").join(pieces)
        if not records.plain(data, together, len(pieces) - 1, self._wanted):
            return None
        is_broken = b"\n" in together or b"\r" in together
        return records.Proven((end + b"\n{").join(map(records.one_line, pieces) if is_broken else pieces), len(pieces))
