"""All rows of all nights, and what was seen of the org → what a play knows: which row is newer, who wrote a record, what was undone."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.drills.nights import drawn, sources, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

LOAD, REPLAY, UNDO = "load", "replay", "undo"
# A row of a run, by kind and key: as its source had it, then as edited copies have it.
Versions = dict[tuple[str, str], list[sources.Row]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done: a load begun or cleared, a replay, an undo; of which run; its number in the play."""

    kind: str
    run: str
    number: int
    leftovers: bool = False


@dataclass
class Known:
    """What a play knows. `began`: the step in which a run had read its source; `touched`: when an undo last changed a record."""

    plan: drawn.Plan
    rows: dict[int, sources.Row] = field(default_factory=dict)
    of: dict[str, Versions] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    seen: dict[standing.Place, list[standing.Record]] = field(default_factory=lambda: collections.defaultdict(list))
    makers: dict[standing.Place, int] = field(default_factory=dict)
    deleted: dict[standing.Place, int] = field(default_factory=dict)
    touched: dict[standing.Place, int] = field(default_factory=dict)
    bereft: set[tuple[standing.Place, str]] = field(default_factory=set)

    def reads(self, run: str, rows: sources.Rows, step: int) -> None:
        """Note what a run has read."""
        self.of[run] = {(name, key): [row] for name, each in rows.items() for key, row in each.items()}
        self.began[run] = step
        self.rows |= {row.number: row for each in rows.values() for row in each.values()}

    def edits(self, run: str, row: sources.Row) -> None:
        """Note an edit of a run's row: from now on it may be sent as it was, or so."""
        self.of[run][row.kind, row.key].append(row)
        self.rows[row.number] = row

    def place(self, row: sources.Row) -> standing.Place:
        """Where a row's record stands."""
        return self.plan.kind(row.kind).sobject, row.key

    def runs(self, number: int) -> set[str]:
        """The runs that have a row of this number."""
        row = self.rows[number]
        return {run for run, versions in self.of.items() if row in versions.get((row.kind, row.key), [])}

    def newer(self, number: int, than: int) -> bool:
        """Whether a row counts over another one: of one run, that of the later object; else the one that was made later."""
        if not than or number == than:
            return True
        one, other = (self.plan.order().index(self.rows[each].kind) for each in (number, than))
        return one > other if one != other and self.runs(number) & self.runs(than) else number > than

    def is_named_later(self, number: int, by: str) -> bool:
        """Whether a row of other runs than this one is about a record that a run names which has read its source since."""
        owners, place = self.runs(number), self.place(self.rows[number])
        if by in owners:
            return False
        last = max(self.began[run] for run in owners)
        named = {run for run, versions in self.of.items() for each in versions.values() if self.place(each[0]) == place}
        return any(self.began[run] > last for run in named)

    def sendable(self, step: Step) -> Iterator[sources.Row]:
        """The rows that a step may send."""
        for run, versions in self.of.items():
            if run in self.undone or not (run == step.run or step.leftovers):
                continue
            for each in versions.values():
                if run == step.run or self.plan.kind(each[0].kind).known_by in {drawn.KEYED, drawn.DELETED}:
                    yield from each

    def elsewhere(self, kind: str, run: str, now: standing.Standing) -> Iterator[sources.Row]:
        """The rows of a kind that other runs than this one have had, in all their versions; of undone runs those that stand now."""
        found = [(other in self.undone, versions) for other, versions in self.of.items() if other != run]
        rows = ((back, each) for back, versions in found for (name, _), rows in versions.items() if name == kind for each in rows)
        return (each for back, each in rows if not back or self.place(each) in now)

    def others(self, row: sources.Row) -> Iterator[sources.Row]:
        """All rows, of whatever run, that are about the record of this one."""
        return (each for each in self.rows.values() if each.number != row.number and self.place(each) == self.place(row))
