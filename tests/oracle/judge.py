"""A made-up hierarchy → what must become of every row: the issue's rules in dicts and loops, the loader's code not looked at.

A row is judged once all that it hangs on is: blank keys and blank required links are rejected, equal rows merged,
rows of one key that differ treated as the plan says; what hangs on a record that isn't written is an orphan or sent
without its link; the rest is sent, and the org refuses what is planted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.oracle import world as worlds

NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why a row is an orphan: its link, the parent's key and fate; who failed first, and how far up that stands.

    `ancestor_key`: None if the source doesn't give it one; `ancestor_mark`: what was planted there.
    """

    field: str
    parent_key: str
    parent_fate: str
    ancestor_key: str | None
    ancestor_mark: str
    depth: int


@dataclass(slots=True)
class Verdict:
    """What must become of a row: its fate, what its record links to (field → name of the record), why it is an orphan."""

    fate: str
    links: dict[str, str] = field(default_factory=dict)
    causes: set[Cause] = field(default_factory=set)

    @property
    def written(self) -> bool:
        """Whether others may hang on it."""
        return self.fate == "succeeded"


Place = tuple[str, int]


class Judge:
    """All verdicts of one world, by kind and number of the row. `stands_for`: merged row → the one that is sent for it."""

    def __init__(self, world: worlds.World) -> None:
        self.world = world
        self.verdicts: dict[Place, Verdict] = {}
        self.stands_for: dict[Place, Place] = {}
        self.by_key: dict[str, dict[str, Place]] = {}
        self.in_circles: set[Place] = set()
        for kind in world.kinds:
            self._staged(kind)
        for kind in world.kinds:
            self._sent(kind)

    def row(self, place: Place) -> worlds.Row:
        """The source row at a place."""
        return self.world.rows[place[0]][place[1]]

    def counts(self, kind: str) -> dict[str, int]:
        """Rows of a kind per fate."""
        found: dict[str, int] = defaultdict(int)
        for (name, _), verdict in self.verdicts.items():
            found[verdict.fate] += name == kind
        return {fate: rows for fate, rows in found.items() if rows}

    def _staged(self, kind: worlds.Kind) -> None:
        """Reject and merge: what can be said of a row before anything is sent."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self.world.rows[kind.name]):
            key = worlds.folded(row.key)
            if kind.known_by == worlds.KEY and not key:
                self.verdicts[kind.name, number] = Verdict("rejected")
            elif kind.known_by == worlds.KEY:
                groups[key].append(number)
        for numbers in groups.values():
            self._told_apart(kind, numbers)
        self.by_key[kind.name] = {key: (kind.name, numbers[0]) for key, numbers in groups.items()}
        if kind.required:
            for number, row in enumerate(self.world.rows[kind.name]):
                column = next(tie.column for tie in kind.ties if tie.field == worlds.MUST)
                if column and not row.cell(column).strip() and (kind.name, number) not in self.verdicts:
                    self.verdicts[kind.name, number] = Verdict("rejected")

    def _told_apart(self, kind: worlds.Kind, numbers: list[int]) -> None:
        """Judge rows of one key: equal ones merge, others go as the plan says."""
        rows = self.world.rows[kind.name]
        differ = len({self._as_sent(kind, rows[number]) for number in numbers}) > 1
        if differ and kind.duplicates == "reject":
            self.verdicts |= {(kind.name, number): Verdict("rejected") for number in numbers}
            return
        chosen = numbers[-1] if kind.duplicates == "last" else numbers[0]
        for number in numbers:
            if number != chosen:
                self.verdicts[kind.name, number] = Verdict("merged")
                self.stands_for[kind.name, number] = (kind.name, chosen)

    def _as_sent(self, kind: worlds.Kind, row: worlds.Row) -> tuple[object, ...]:
        """What makes two rows of one key the same: all that would be sent, the record that they stand in included."""
        above = next((tie.target for tie in kind.ties if not tie.column), None)
        parent = (above, row.within or 0) if above else None
        return (row.name, row.mark, row.cells, self.stands_for.get(parent, parent) if parent else None)

    def _sent(self, kind: worlds.Kind) -> None:
        """Judge the rows of a kind whose other parents are judged: first those that hang on no row of their own kind."""
        left = [(kind.name, number) for number in range(len(self.world.rows[kind.name])) if (kind.name, number) not in self.verdicts]
        while left:
            waiting = set(left)
            ready = [place for place in left if self._above(kind, place) not in waiting]
            # What is left hangs in circles, or below them: who is lost for other reasons takes the circle along.
            circles = [] if ready else [place for place in left if self._goes_round(kind, place)]
            lost = [place for place in circles if self._lost_elsewhere(kind, place)]
            self.in_circles |= set(circles)
            chosen = ready or lost[:1] or circles
            for place in chosen:
                self.verdicts[place] = Verdict("succeeded")
            for place in chosen:
                self.verdicts[place] = self._judged(kind, place)
            waiting -= set(chosen)
            left = [place for place in left if place in waiting]

    def _above(self, kind: worlds.Kind, place: Place) -> Place | None:
        """The row of its own kind that a row names: one at most."""
        tie = next((tie for tie in kind.ties if tie.target == kind.name and not tie.home), None)
        found = self._parent(tie, place) if tie else None
        return found if isinstance(found, tuple) else None

    def _goes_round(self, kind: worlds.Kind, place: Place) -> bool:
        """Whether the way up from a row leads back to it."""
        seen: set[Place] = set()
        above = self._above(kind, place)
        while above is not None and above != place and above not in seen:
            seen.add(above)
            above = self._above(kind, above)
        return above == place

    def _lost_elsewhere(self, kind: worlds.Kind, place: Place) -> bool:
        """Whether a row in a circle is an orphan whatever becomes of the circle."""
        others = [(tie, self._parent(tie, place)) for tie in kind.ties if tie.target != kind.name]
        return any(tie.missing != "blank" and self._is_lost(parent) for tie, parent in others)

    def _judged(self, kind: worlds.Kind, place: Place) -> Verdict:
        links, causes = {}, set()
        for tie in kind.ties:
            parent = self._parent(tie, place)
            if parent is None or (isinstance(parent, tuple) and parent not in self.verdicts):
                continue
            if not self._is_lost(parent):
                links[tie.field] = self.row(parent).name if isinstance(parent, tuple) else parent
            elif tie.missing != "blank":
                causes |= self._causes(tie, parent, self.row(place))
        if causes:
            return Verdict("orphaned", causes=causes)
        return Verdict("failed") if self.row(place).mark else Verdict("succeeded", links)

    def _parent(self, tie: worlds.Tie, place: Place) -> Place | str | None:
        """Whom a tie of a row names: a row that is sent, a record that was there before, NOWHERE; None: nobody."""
        row = self.row(place)
        if not tie.column:
            parent = (tie.target, row.within or 0)
            return self.stands_for.get(parent, parent)
        key = worlds.folded(row.cell(tie.column))
        if not key:
            return None
        if tie.home or tie.missing == "look_in_org":
            if key in worlds.HOME and tie.target == "Kind0":
                return key
            if tie.home:
                return NOWHERE
        found = self.by_key[tie.target].get(key)
        return NOWHERE if found is None else self.stands_for.get(found, found)

    def _is_lost(self, parent: Place | str | None) -> bool:
        return parent == NOWHERE or (isinstance(parent, tuple) and not self.verdicts[parent].written)

    def _causes(self, tie: worlds.Tie, parent: Place | str | None, row: worlds.Row) -> set[Cause]:
        """Why a row is an orphan by this tie: its parent, or what its parent is an orphan for."""
        if not isinstance(parent, tuple):
            key = worlds.folded(row.cell(tie.column))
            return {Cause(tie.field, key, NOWHERE, key, "", 1)}
        verdict, above = self.verdicts[parent], self.row(parent)
        key = worlds.folded(above.key)
        if not verdict.causes:
            known = key if self.world.kind(parent[0]).known_by == worlds.KEY else None
            return {Cause(tie.field, key, verdict.fate, known, above.mark if verdict.fate == "failed" else "", 1)}
        return {Cause(tie.field, key, verdict.fate, each.ancestor_key, each.ancestor_mark, each.depth + 1) for each in verdict.causes}
