"""Rows that a step lost, and what was planted for it → those that it had no reason to lose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.drills.nights import accounts, drawn, known, sources, standing

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Excuses:
    """What a row may be lost for. `planted`: keys and texts that the org refuses; `superseded`: whether other rows may stand before it.

    `resumed`: a replay that stood still: a parent that another run has brought since has no children yet.
    """

    all_of: known.Known
    run: str
    listed: Mapping[tuple[str, str], accounts.Listed]
    now: standing.Standing
    planted: set[str] = field(default_factory=set)
    superseded: bool = False
    resumed: bool = False

    def needless(self) -> list[str]:
        """List the rows that were lost for nothing."""
        versions = self.all_of.of[self.run]
        lost = [(versions[place][-1], each) for place, each in self.listed.items() if each.fate != accounts.IN_DOUBT]
        return [f"{row}: {each.fate} for no reason" for row, each in lost if not self._has(row, set(), aside=self.superseded)]

    def _has(self, row: sources.Row, met: set[int], *, aside: bool) -> bool:
        """Whether a row, or somebody above it, has an excuse. `aside`: it has one if another row stands before it."""
        if row.number in met:
            return False
        met.add(row.number)
        kind = self.all_of.plan.kind(row.kind)
        place = self.all_of.place(row)
        if {row.text, row.key} & self.planted or (aside and self._stands_aside(row)):
            return True
        if kind.known_by == drawn.DELETED or kind.more.get("update_only"):
            # It may have gone before its record was made.
            late = place not in self.now or self.run in self.all_of.runs(self.all_of.makers[place])
            return late or any(self._has(each, met, aside=aside) for each in self._own(place) if each.number != row.number)
        # What has no key is sent below a record that another run has brought in its parent's stead.
        aside = aside and (self.resumed or kind.known_by not in drawn.UNKNOWN)
        return any(self._misses(kind.ties[lookup], key, met, aside=aside) for lookup, key in row.links if key)

    def _stands_aside(self, row: sources.Row) -> bool:
        """Whether another row is about the same record; of one without a key: another run had one that hangs on all the same parents."""
        if self.all_of.plan.kind(row.kind).known_by in drawn.UNKNOWN:
            own = {each.links for each in self.all_of.of[self.run].get((row.kind, row.key), [row])}
            return any(each.links in own for each in self.all_of.elsewhere(row.kind, self.run, self.now))
        return any(self.all_of.others(row)) or self.all_of.runs(row.number) != {self.run}

    def _misses(self, tie: drawn.Tie, key: str, met: set[int], *, aside: bool) -> bool:
        """Whether a link leads to nobody, or to somebody who has an excuse. Nobody stands there if he was lost, or deleted since."""
        found = self.all_of.of[self.run].get((tie.target, key))
        if found is None or self.all_of.place(found[0]) not in self.now:
            return True
        listed = self.listed.get((tie.target, key))
        return (listed is not None and listed.fate == accounts.IN_DOUBT) or any(self._has(each, met, aside=aside) for each in found)

    def _own(self, place: standing.Place) -> list[sources.Row]:
        """The run's rows about one record."""
        return [each for rows in self.all_of.of[self.run].values() for each in rows if self.all_of.place(each) == place]
