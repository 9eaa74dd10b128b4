"""What the plan says of an object's fields → the SQL that makes its cells, step by step, and says what is wrong with them.

A plain text field is one expression on the source value. Others take more steps, each an inner query that later ones
read: `bare` (trimmed), `given` (mapped), `parts` (cut), `wrong` (what is wrong). Only what the plan asks for is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import keys, typed, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.bulkload.intake import mapping, plan, raw

STEPS = ("bare", "given", "parts", "wrong")


@dataclass(frozen=True, slots=True)
class Cell:
    """One field. `raw`: its source value (an SQL expression), None if a constant fills it.

    `is_null`: whether it was null in the source, None if nobody asks; `needed`: a row without it can't become a record;
    `calm_raw`: whether its source value holds no control character, see raw.Raw.
    """

    number: int
    field: str
    value: mapping.Value
    described: Mapping[str, Any]
    kind: typed.Kind | None
    raw: str | None
    is_null: str | None
    is_key: bool
    needed: bool
    calm_raw: str

    @property
    def text(self) -> str:
        """The name of what is read in the end: the source's text, or what the plan makes of it."""
        if self.raw is None:
            return self._said(str(self.value.constant))
        if self.is_mapped:
            return f"given{self.number}"
        return f"bare{self.number}" if self.kind else self.raw

    @property
    def calm(self) -> str:
        """Whether the text holds no control character; the plan's own texts may."""
        return self.calm_raw if self.text == self.raw else "false"

    @property
    def is_mapped(self) -> bool:
        """Whether the plan puts something in the text's place."""
        return self.value.default is not None or bool(self.value.values)

    @property
    def steps(self) -> dict[str, str]:
        """Its inner columns, by the step that makes them."""
        found = {}
        if self.raw is not None and (self.is_mapped or self.kind):
            found["bare"] = f"nullif({tables.trimmed(self.raw)}, '')"
        if self.is_mapped:
            found["given"] = self._given()
        if self.kind and self.kind.parts:
            found["parts"] = self.kind.parts(self.text)
        if self.kind:
            found["wrong"] = f"CASE WHEN {self.text} IS NOT NULL THEN {self.kind.wrong(self.text, f'parts{self.number}')} END"
        return {step: f"{sql} AS {step}{self.number}" for step, sql in found.items()}

    def _said(self, text: str | None) -> str:
        """A text of the plan, as an SQL expression."""
        text = text.strip(tables.BLANKS) if text and self.kind else text
        return tables.literal(text) if text else "NULL::VARCHAR"

    def _given(self) -> str:
        bare = f"bare{self.number}"
        said = {name.strip(tables.BLANKS): sent for name, sent in self.value.values.items()}
        cases = " ".join(f"WHEN {bare} = {tables.literal(name)} THEN {self._said(sent)}" for name, sent in said.items())
        default = self._said(self.value.default)
        null = f"WHEN {self.is_null} THEN NULL" if self.is_null else ""
        return f"CASE {null} WHEN {bare} IS NULL THEN {default} {cases} ELSE {bare if self.kind else self.raw} END"

    @property
    def sent(self) -> str:
        """What is sent: Salesforce's text, NULL for nothing; of a row that is refused, its text as it came."""
        text = values.text(self.text, self.calm)
        if self.kind:
            fine = self.kind.sent(self.text, f"parts{self.number}")
            text = f"CASE WHEN wrong{self.number} IS NULL AND {self.text} IS NOT NULL THEN {fine} ELSE {self.text} END"
        if self.is_null and not self._must_stay:
            return f"CASE WHEN {self.is_null} THEN '{values.NULL_MARK}' ELSE {text} END"
        return text

    @property
    def _must_stay(self) -> bool:
        """Whether it can't be emptied."""
        return self.is_key or not self.described.get("nillable", True)

    @property
    def checks(self) -> str:
        """Branches of a CASE that say what is wrong with it."""
        return " ".join(self._checks())

    def _checks(self) -> Iterator[str]:
        if self.value.only_values:
            known = ", ".join(tables.literal(said.strip(tables.BLANKS)) for said in self.value.values)
            yield f"WHEN bare{self.number} NOT IN ({known}) THEN {values.bad(self.field, 'it is none of the `values` of the plan')}"
        if self.kind:
            yield f"WHEN wrong{self.number} IS NOT NULL THEN {tables.literal(f'bad value: {self.field}: ')} || wrong{self.number}"
        else:
            yield values.unfit(self.text, self.field, values.most_characters(self.described), self.calm)
        if self.is_null and self._must_stay and not self.is_key:
            yield f"WHEN {self.is_null} THEN {values.bad(self.field, 'null would empty it, and it is required')}"
        if self.needed:
            blank = f"{self.text} IS NULL" if self.kind else values.blank(self.text)
            yield f"WHEN {blank} THEN {tables.literal(f'missing value: {self.field}')}"

    @property
    def stored(self) -> str:
        """A key of the staged rows as the org stores it: case stays in text, though it may not tell records apart."""
        as_text = self.described["type"] != "email" and keys.rule(self.described) in {entities.KeyRule.EXACT, entities.KeyRule.CASELESS}
        return tables.trimmed(tables.cell(self.field)) if as_text else "key"

    @property
    def changing(self) -> tuple[str, str, str] | None:
        """What Salesforce or we may change on the way, see values.changed; None for what has one spelling."""
        return None if self.kind or self.raw is None else (self.text, str(self.described["type"]), self.calm)


def of(found: raw.Raw, checked: plan.Plan, describes: Mapping[str, Any], name: str) -> tuple[Cell, ...]:
    """List the cells of an object's fields, in the plan's order. `describes`: sobject → describe."""
    each = checked.objects[name]
    return tuple(
        _cell(found, checked, describes[each.sobject], name, (number, field, value))
        for number, (field, value) in enumerate(each.values.items())
    )


def _cell(found: raw.Raw, checked: plan.Plan, describe: Mapping[str, Any], name: str, what: tuple[int, str, mapping.Value]) -> Cell:
    number, field, value = what
    each = checked.objects[name]
    described = keys.described({each.sobject: describe}, each.sobject, field)
    raw_text = None if value.from_ is None else found.text(value.from_)
    clears = value.from_ is not None and checked.nulls_of(name, field) == "clear"
    return Cell(
        number,
        field,
        value,
        described,
        kind_of(each, checked, describe, field, described),
        raw_text,
        f"({raw_text} IS NULL AND list_contains(nulls, {tables.literal(str(value.from_))}))" if clears else None,
        field == each.external_id,
        each.operation == "insert" and needed(described),
        found.calm,
    )


def kind_of(
    each: mapping.ObjectPlan, checked: plan.Plan, describe: Mapping[str, Any], field: str, described: Mapping[str, Any]
) -> typed.Kind | None:
    """How a field's texts are read."""
    value = each.values[field]
    if value.record_type:
        return typed.record_type(typed.record_types(describe))
    kind = typed.of(described, value.time_zone or checked.time_zone)
    return typed.number_key(kind) if kind and field == each.external_id and described["type"] in keys.NUMBERS else kind


def needed(described: Mapping[str, Any]) -> bool:
    """Whether a new record must have the field (contract 7.4).

    Of an upsert nobody can say whether a row creates, so that is Salesforce's to refuse.
    """
    return bool(described.get("createable", True) and not described.get("nillable", True) and not described.get("defaultedOnCreate"))


def steps(query: str, cells: Sequence[Cell]) -> str:
    """The raw rows with all inner columns, as a query."""
    for step in STEPS:
        columns = [each.steps[step] for each in cells if step in each.steps]
        if columns:
            query = f"SELECT *, {', '.join(columns)} FROM ({query})"
    return query
