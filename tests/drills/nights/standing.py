"""An org → what it holds of a drawn plan's records, each known by the key that its text tells, and keys that stand there twice."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.drills.nights import drawn, sources

if TYPE_CHECKING:
    from tests.running import loads

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """A record: the number of the row that wrote each of its texts last, and whom its lookups name."""

    texts: tuple[tuple[str, int], ...]
    links: tuple[tuple[str, str | None], ...]

    def number(self, field: str) -> int:
        """The row that a text field is from; 0 if it is blank."""
        return dict(self.texts).get(field, 0)

    def link(self, lookup: str) -> str | None:
        """Whom a lookup names."""
        return dict(self.links).get(lookup)


Standing = dict[Place, Record]


def now(org: loads.LocalOrg, plan: drawn.Plan) -> tuple[Standing, list[Place]]:
    """Read all records: by sobject and key; places that more than one record claims."""
    found: Standing = {}
    counted: collections.Counter[Place] = collections.Counter()
    for sobject in sorted({each.sobject for each in plan.kinds}):
        lookups = sorted({lookup for each in plan.kinds if each.sobject == sobject for lookup in each.ties})
        above = [f"{lookup.replace('__c', '__r')}.{drawn.NAME}" for lookup in lookups]
        for each in org.query(f"SELECT {', '.join([drawn.NAME, drawn.MARK, *above])} FROM {sobject}"):
            place = sobject, sources.told(each[drawn.NAME])[0]
            counted[place] += 1
            found[place] = _record(each, lookups)
    return found, [place for place, times in counted.items() if times > 1]


def _record(each: dict[str, Any], lookups: list[str]) -> Record:
    texts = tuple((field, sources.told(each[field])[1]) for field in (drawn.NAME, drawn.MARK) if each[field])
    parents = [(lookup, each[lookup.replace("__c", "__r")]) for lookup in lookups]
    return Record(texts, tuple((lookup, parent and sources.told(parent[drawn.NAME])[0]) for lookup, parent in parents))
