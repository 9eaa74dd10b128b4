"""One link of an object, ready to be followed → the SQL of its joins, its Id, its cell, its condition.

A row's cells are those of the staged table `s`; where some links of a row wait for a second pass, `w.cut` lists their numbers.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from include.bulkload.load import fates


@dataclass(frozen=True)
class Lost:
    """Where parents of this load without an Id are explained: their name in the plan, staged rows, waves until now.

    `brought` fetches both files, and is asked only once there is something to explain: most loads lose nobody.
    `key_field`: their field that is the key, "" without one; it tells people the key as the source wrote it, and is what is sent
    or looked for in the org of a record that rows stood in.
    """

    object: str
    brought: Callable[[], tuple[Path, Sequence[fates.Wave]]]
    key_field: str = ""

    @functools.cached_property
    def _files(self) -> tuple[Path, Sequence[fates.Wave]]:
        return self.brought()

    @property
    def staged(self) -> Path:
        """The parents' staged rows."""
        return self._files[0]

    @property
    def waves(self) -> Sequence[fates.Wave]:
        """What became of them until now, wave by wave."""
        return self._files[1]


@dataclass(frozen=True, slots=True)
class Way:
    """One link, or one of a field's alternatives, of an object.

    `field`: the lookup; `number`: which of the object's links (`to<number>`, `as<number>`); `nested`: parent_row names the parent.
    `known`: the id map of parents of this load, None while there is none; `from_org`: key, sf_id, twice, what was found in the
    org (an asked key that isn't there may stand in it without an Id), None if nobody asked. Records in the org alone have no `lost`;
    their Parquet may be given as either. If there is neither `lost` nor a file, the cell is an Id.
    `column`: what is sent, `AccountId`, `Account.External_Id__c` or `Contact:Who.External_Id__c`; `sends_key`: the key goes into
    it, not the Id. `missing`: quarantine | blank | fail | look_in_org, where `look_in_org` is as `quarantine` once `from_org` is
    there. `required`: a row whose field is blank is rejected. `lost`: where parents of this load are explained.
    `cut`: it waits for the second pass in every row. `parent`: what people call the records, where `lost` doesn't say. `newer`: the
    records in the org are later runs'; below rows that share a key and differ nobody knows whether it is theirs.
    """

    field: str
    number: int
    nested: bool
    known: Path | None
    from_org: Path | None
    column: str
    sends_key: bool
    missing: str
    required: bool
    lost: Lost | None
    cut: bool = False
    parent: str = ""
    newer: bool = False

    @property
    def id_map(self) -> Path | None:
        """The Ids of parents of this load."""
        return self.known if self.lost is not None else None

    @property
    def org(self) -> Path | None:
        """The Ids of records in the org."""
        return self.from_org or (self.known if self.lost is None else None)

    @property
    def by_id(self) -> bool:
        """Whether the cell is the Id."""
        return self.lost is None and self.org is None

    @property
    def key(self) -> str:
        """The parent's key, folded, as SQL."""
        return f"p{self.number}.key" if self.nested else f"s.to{self.number}"

    def around(self) -> Iterator[str]:
        """The join to the rows that its rows stood in, and whose key says which record that is."""
        if self.nested and self.lost:
            rows = tables.parquet(self.lost.staged)
            named = f"(FROM {rows} WHERE {keys.IS_ITS_OWN})" if self.newer else rows
            yield f"LEFT JOIN {named} AS p{self.number} ON p{self.number}.row_id = s.parent_row"

    def in_org(self) -> Iterator[str]:
        """The join to what is known of the org."""
        if self.org:
            yield f"LEFT JOIN {tables.parquet(self.org)} AS o{self.number} ON o{self.number}.key = {self.key}"

    @property
    def holds_back(self) -> bool:
        """Whether a row whose filled link finds no record isn't sent."""
        return not self.by_id and (self.missing != "blank" or self.required)


@dataclass(frozen=True, slots=True)
class Step:
    """A way that some rows of a pass follow. `conditions`: which rows, all of them must hold; none: every row."""

    way: Way
    conditions: tuple[str, ...]

    @property
    def taken(self) -> str:
        """Whether a row follows it, as SQL."""
        return " AND ".join(self.conditions) or "true"

    @property
    def sf_id(self) -> str:
        """The Id it leads to, NULL if there is none."""
        n = self.way.number
        found = [f"k{n}.sf_id"] if self.way.id_map else []
        found += [f"CASE WHEN NOT o{n}.twice THEN o{n}.sf_id END"] if self.way.org else []
        if self.way.by_id:
            return f"s.as{n}"
        return f"coalesce({', '.join(found)})" if len(found) > 1 else "".join(found) or "NULL::VARCHAR"

    @property
    def lacking(self) -> str:
        """Whether a row follows it and finds no record."""
        return " AND ".join((*self.conditions, f"{self.sf_id} IS NULL"))

    @property
    def led(self) -> str:
        """The opposite: a row doesn't follow it, or finds its record."""
        return f"({self.sf_id} IS NOT NULL" + (f" OR NOT ({self.taken}))" if self.conditions else ")")

    @property
    def value(self) -> str:
        """The cell that is sent: the Id, or the key where a record has it."""
        if not self.way.sends_key:
            return self._if_taken(self.sf_id)
        return f"CASE WHEN {self.taken} AND {self.sf_id} IS NOT NULL THEN {self.key_text} END"

    @property
    def key_text(self) -> str:
        """The parent's key as the row writes it, or as the parent does that it stood in."""
        n, field = self.way.number, self.way.lost.key_field if self.way.lost else ""
        return f"p{n}.{tables.cell(field) if field else 'key'}" if self.way.nested else f"s.as{n}"

    @property
    def group(self) -> str:
        """What is equal in rows of one parent; NULL without one."""
        if self.way.id_map and not self.way.org:
            return self._if_taken(f"k{self.way.number}.sent_row")
        return self.record

    @property
    def record(self) -> str:
        """The same, whatever the way: the first 15 characters of the Id, which tell records apart."""
        return self._if_taken(f"s.to{self.way.number}" if self.way.by_id else f"left({self.sf_id}, 15)")

    def _if_taken(self, expression: str) -> str:
        return f"CASE WHEN {self.taken} THEN {expression} END" if self.conditions else expression

    def parents(self) -> Iterator[str]:
        """The rows that its rows stood in."""
        yield from self.way.around()

    def joins(self) -> Iterator[str]:
        """The tables it looks into, each by one row at most."""
        way, n = self.way, self.way.number
        if way.org or way.sends_key:
            yield from self.parents()
        if way.id_map and way.nested:
            yield f"LEFT JOIN {tables.parquet(way.id_map)} AS k{n} ON k{n}.row_id = s.parent_row"
        elif way.id_map:
            # Merged rows have the key of the row that was sent for them.
            sent = f"SELECT key, sf_id, sent_row FROM {tables.parquet(way.id_map)} WHERE row_id = sent_row"
            yield f"LEFT JOIN ({sent}) AS k{n} ON k{n}.key = {way.key}"
        yield from way.in_org()


@dataclass(frozen=True, slots=True)
class Later:
    """A way that is followed in the second pass, where `missing` holds rows back: what can be said of it before.

    A row whose parent isn't among the rows that may be sent, nor found in the org by who asked, would be created and never linked.
    """

    way: Way
    conditions: tuple[str, ...]

    @property
    def lacking(self) -> str:
        """Whether a row will follow it, and no row that may be sent is there."""
        n = self.way.number
        nowhere = [f"(o{n}.sf_id IS NULL OR o{n}.twice)"] if self.way.org else []
        return " AND ".join((*self.conditions, f"l{n}.named IS NULL", *nowhere))

    @property
    def led(self) -> str:
        """The opposite."""
        return f"NOT ({self.lacking})"

    def parents(self) -> Iterator[str]:
        """None beyond its joins."""
        yield from ()

    def joins(self) -> Iterator[str]:
        """The parents that may be sent, merged ones included."""
        if self.way.lost:
            at, cell = ("row_id", "parent_row") if self.way.nested else ("key", f"to{self.way.number}")
            rows = f"SELECT DISTINCT {at} AS named FROM {tables.parquet(self.way.lost.staged)} WHERE reason IS NULL AND NOT filtered"
            yield f"LEFT JOIN ({rows}) AS l{self.way.number} ON l{self.way.number}.named = s.{cell}"
        yield from self.way.around() if self.way.org else ()
        yield from self.way.in_org()


def waiting(ways: Sequence[Way]) -> list[Later]:
    """The links that wait in every row and don't let a row go without its parent, which nobody but this load can be."""
    held = [way for way in ways if way.cut and way.lost and way.missing in {"quarantine", "fail"}]
    return [Later(way, tuple(_filled(ways, way))) for way in held]


def first_pass(ways: Sequence[Way], cut: frozenset[int]) -> list[Step]:
    """The steps of all links but those that wait; `cut`: numbers that wait in some rows."""
    own = {n: (f"NOT list_contains(w.cut, {n})",) for n in cut}
    return [Step(way, (*_filled(ways, way), *own.get(way.number, ()))) for way in ways if not way.cut]


def second_pass(ways: Sequence[Way], cut: frozenset[int]) -> list[Step]:
    """The steps of the links that waited; `cut`: numbers that waited in some rows."""
    own = {way.number: () if way.cut else (f"list_contains(w.cut, {way.number})",) for way in ways if way.cut or way.number in cut}
    return [Step(way, (*_filled(ways, way), *own[way.number])) for way in ways if way.number in own]


def _filled(ways: Sequence[Way], way: Way) -> list[str]:
    """Which rows' cell counts: the first filled one of the field. A row that stood in its parent always has it."""
    if way.nested:
        return []
    before = [each.number for each in ways if each.field == way.field and each.number < way.number]
    return [f"s.to{way.number} IS NOT NULL", *(f"s.to{number} IS NULL" for number in before)]
