"""A row's source values that name its parents → `to<n>` and `as<n>` per link, and what is wrong with them.

`to<n>` is the cell folded as the parent's keys are, so that it joins them; `as<n>` is its text as it would be
sent. n counts all links of the object in the plan's order; links by nesting have a number but no cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import keys, numerals, record_ids, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.bulkload.intake import mapping, plan, raw

NO_KEY = f"it is no number of at most {numerals.SURE_DIGITS} digits, as the parents' keys are"


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell of one link.

    Its number, its lookup field, its source value (an SQL expression), how the parents' keys compare, and what people
    call it: the field, or with several parents `WhoId: Contact`.
    """

    number: int
    field: str
    raw: str
    rule: entities.KeyRule
    told: str

    @property
    def columns(self) -> str:
        """Its two columns, to select."""
        sent = values.text(self.raw)
        return f"{tables.folded(sent, self.rule)} AS to{self.number}, nullif({tables.trimmed(sent)}, '') AS as{self.number}"

    @property
    def checks(self) -> str:
        """Branches of a CASE that say what is wrong with it."""
        own = values.unfit(self.raw, self.field)
        bare = f"nullif({tables.trimmed(self.raw)}, '')"
        if self.rule is entities.KeyRule.NUMBER:
            # A long number might be the double of another key.
            own += f" WHEN {numerals.key_wrong(bare)} IS NOT NULL THEN {values.bad(self.field, NO_KEY)}"
        if self.rule is entities.KeyRule.RECORD_ID:
            own += f" WHEN {record_ids.malformed(bare)} THEN {values.bad(self.field, record_ids.NO_ID)}"
        return own


def of(found: raw.Raw, checked: plan.Plan, describes: Mapping[str, Any], name: str) -> tuple[Cell, ...]:
    """List the link cells of an object. `describes`: sobject → describe, those of parents in the org included."""
    return tuple(
        Cell(number, field, found.text(str(link.from_)), _rule(link, checked, describes), told_of(checked.objects[name])[number])
        for number, field, _, link in checked.objects[name].numbered_links
        if link.by != "nesting"
    )


def told_of(each: mapping.ObjectPlan) -> dict[int, str]:
    """What people call the link cells of an object, by the links' numbers."""
    return {number: _told(each, field, link) for number, field, _, link in each.numbered_links if link.by != "nesting"}


def _told(each: mapping.ObjectPlan, field: str, link: mapping.Link) -> str:
    return f"{field}: {link.object or link.sobject}" if len(each.links[field]) > 1 else field


def _rule(link: mapping.Link, checked: plan.Plan, describes: Mapping[str, Any]) -> entities.KeyRule:
    """How the keys of the parents compare."""
    if link.by == "id":
        return entities.KeyRule.RECORD_ID
    if link.by == "external_id":
        return keys.rule(keys.described(describes, str(link.sobject), str(link.external_id)))
    parent = checked.objects[str(link.object)]
    return keys.rule(keys.described(describes, parent.sobject, str(parent.external_id)))


def checks(cells: Sequence[Cell]) -> str:
    """Branches of a CASE that say what is wrong with a row's link cells; more than one filled for one lookup is wrong too."""
    found = [each.checks for each in cells]
    for field in dict.fromkeys(each.field for each in cells):
        filled = [f"coalesce({tables.trimmed(each.raw)} != '', false)::INTEGER" for each in cells if each.field == field]
        if len(filled) > 1:
            said = tables.literal(f"more than one parent: {field}")
            found.append(f"WHEN {' + '.join(filled)} > 1 THEN {said}")
    return " ".join(found)
