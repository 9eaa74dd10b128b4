"""Dice and a drawn plan → what its source holds, night after night: rows that are new, edited, the same, or left out.

Each row has a number that no other has, and tells it in its text: so a record tells which row wrote it last. Cells that stay the
same keep their number; all that is newer has a higher one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.drills.nights import drawn

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

KEYS = 4
# How often a key is named of a night, its cells are edited, and a link names somebody whom the night doesn't.
NAMED, EDITED, ANYBODY = 0.7, 0.5, 0.1
# Numbers times the one, modulo the other, come in no order.
SCATTER, MANY = 7_919, 1_009


@dataclass(frozen=True, slots=True)
class Row:
    """A source row: its kind, its key (of a row without one: a name that no other has), its number, whom its lookups name."""

    kind: str
    key: str
    number: int
    links: tuple[tuple[str, str | None], ...] = ()

    @property
    def text(self) -> str:
        """What its record says."""
        return f"{self.key} v{self.number}"

    def link(self, lookup: str) -> str | None:
        """Whom a lookup names; None: nobody."""
        return dict(self.links).get(lookup)


Rows = dict[str, dict[str, Row]]


def told(text: str) -> tuple[str, int]:
    """The key and the number that a text tells."""
    key, _, number = text.rpartition(" v")
    return key, int(number)


@dataclass
class Source:
    """What stands in the source; `rows`: by kind and key, as the source had them last."""

    plan: drawn.Plan
    dice: random.Random
    rows: Rows = field(default_factory=dict)
    numbers: int = 0
    nights: int = 0

    def night(self, *, whole: bool = False) -> Rows:
        """Draw a night's rows. `whole`: all keys are named, nothing is deleted, and every link leads somewhere."""
        self.nights += 1
        tonight: Rows = {}
        names = {each.name: self._keys(each, whole=whole) for each in self.plan.kinds}
        for kind in self.plan.kinds:
            tonight[kind.name] = {key: self._row(kind, key, names, whole=whole) for key in names[kind.name]}
            self.rows.setdefault(kind.name, {}).update(tonight[kind.name])
        return {name: {key: row for key, row in rows.items() if self._stands(row, tonight)} for name, rows in tonight.items()}

    def edited(self, row: Row, links: Mapping[str, str]) -> Row:
        """Edit a row and some of its links: the source has the new one, too, from now on."""
        self.numbers += 1
        new = replace(row, number=self.numbers, links=tuple((lookup, links.get(lookup, key)) for lookup, key in row.links))
        self.rows[row.kind][row.key] = new
        return new

    def anybody(self, tie: drawn.Tie, but: str) -> str:
        """Name somebody whom a lookup may lead to, whether the source has him tonight or not."""
        letter = self.plan.kind(tie.target).sobject[len("Level")]
        return self.dice.choice([key for n in range(KEYS) if (key := f"K{letter}-{n}") != but])

    def _stands(self, row: Row, tonight: Rows) -> bool:
        """Whether the row that it stands in, if it stands in one, is there tonight."""
        nested = [lookup for lookup, tie in self.plan.kind(row.kind).ties.items() if tie.nested]
        return all(row.link(lookup) in tonight[self.plan.kind(row.kind).inside] for lookup in nested)

    def _keys(self, kind: drawn.Kind, *, whole: bool) -> list[str]:
        if kind.known_by == drawn.DELETED and whole:
            return []
        named = [n for n in range(KEYS) if whole or self.dice.random() < (NAMED if kind.known_by != drawn.DELETED else 1 - NAMED)]
        letter = kind.sobject[len("Level")]
        if kind.known_by in drawn.UNKNOWN:
            return [f"L{letter}-{self.nights}-{n}" for n in named]
        return [f"K{letter}-{n}" for n in named]

    def _row(self, kind: drawn.Kind, key: str, names: Mapping[str, list[str]], *, whole: bool) -> Row:
        last = self.rows.get(kind.name, {}).get(key)
        links = {lookup: last.link(lookup) if last else None for lookup in kind.ties}
        moves = [lookup for lookup, tie in kind.ties.items() if self._moves(links[lookup], tie, names, whole=whole)]
        moved = {lookup: self._parent(kind.ties[lookup], key, names, whole=whole) for lookup in moves}
        if last and not moved and not self.plan.is_shared(kind) and self.dice.random() > EDITED:
            return last
        self.numbers += 1
        links |= {lookup: parent for lookup, parent in moved.items() if parent or not links[lookup]}
        return Row(kind.name, key, self.numbers, tuple(links.items()))

    def _moves(self, last: str | None, tie: drawn.Tie, names: Mapping[str, list[str]], *, whole: bool) -> bool:
        if (whole or tie.nested) and last not in names[tie.target]:
            return last is not None or tie.nested or self.dice.random() < EDITED
        return self.dice.random() < EDITED / 2

    def _parent(self, tie: drawn.Tie, key: str, names: Mapping[str, list[str]], *, whole: bool) -> str | None:
        """Whom a lookup names; a row never names itself."""
        known = [each for each in names[tie.target] if each != key]
        if not whole and not tie.nested and self.dice.random() < ANYBODY:
            return self.anybody(tie, key)
        return self.dice.choice(known) if known else None


def document(plan: drawn.Plan, rows: Rows) -> dict[str, Any]:
    """Write rows as the source has them: keys in any case, rows within rows, in an order that they keep as long as they stay the same."""
    found: dict[str, Any] = {}
    for kind in plan.kinds:
        ordered = sorted(rows[kind.name].values(), key=lambda row: row.number * SCATTER % MANY)
        records = {row.key: _record(plan, row) for row in ordered}
        for each in plan.kinds:
            if each.inside == kind.name:
                lookup = next(lookup for lookup, tie in each.ties.items() if tie.nested)
                for key, record in records.items():
                    record[each.name] = [_record(plan, row) for row in rows[each.name].values() if row.link(lookup) == key]
        if not kind.inside:
            found[kind.name] = [*records.values()]
    return found


def _record(plan: drawn.Plan, row: Row) -> dict[str, Any]:
    links = {lookup: cell(plan, key, row.number) for lookup, key in row.links if not plan.kind(row.kind).ties[lookup].nested}
    return {"id": cell(plan, row.key, row.number), "text": row.text, **links}


def cell(plan: drawn.Plan, key: str | None, number: int) -> str | None:
    """A key as the source writes it in a row: in either case, and the same as long as the row stays the same."""
    return key and (key.lower() if number % 2 else key) + plan.padding
