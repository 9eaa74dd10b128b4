"""The plans of two runs → the queries of their rows of one object, known by the links and the fields that both plans have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries
from include.bulkload.match import doubles
from include.bulkload.steps import journal, later_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]
# What a link is known by, in small letters: the lookup, the sobject of its parents, the field that names them.
LinkName = tuple[str, str, str]
BY_ID = "id"


@dataclass(frozen=True, slots=True)
class _Link:
    """A link of another run's plan, or of ours: its number, the object in whose rows its own stand ("": they name it), sobject and key."""

    number: int
    nested_in: str
    sobject: str
    key: str


@dataclass(frozen=True, slots=True)
class _Side:
    """An object of one of the two runs: the objects of its plan, as it stands there, and its name.

    A newer version than that run's may check plans more strictly, and that one's is not to be loaded by again.
    """

    objects: Document
    name: str

    def links(self) -> dict[LinkName, list[_Link]]:
        """Its links to parents that have a key, in the plan's order. A row has one of those of a name, whichever it is."""
        parents = self.objects[self.name]["parents"]
        flat = [(field, one) for field, links in parents.items() for one in (links if isinstance(links, list) else [links])]
        found = [(field, self._link(number, one)) for number, (field, one) in enumerate(flat)]
        named: dict[LinkName, list[_Link]] = {}
        for field, each in found:
            if each.key:
                named.setdefault((field.lower(), each.sobject.lower(), each.key.lower()), []).append(each)
        return named

    def _link(self, number: int, one: Document) -> _Link:
        if one["by"] == BY_ID:
            return _Link(number, "", "", BY_ID)
        parent = self.objects[one["object"]] if one.get("object") else one
        return _Link(number, one["object"] if one["by"] == "nesting" else "", parent["sobject"], parent.get("external_id") or "")

    def fields(self) -> dict[str, str]:
        """The columns of its cells, by field in small letters."""
        return {field.lower(): tables.cell(field) for field in self.objects[self.name]["fields"]}

    def known(self, rows_of: Mapping[str, str], ups: Sequence[tuple[LinkName, entities.KeyRule | None]], fields: Sequence[str]) -> str:
        """The query of its rows, see `doubles.known`. `rows_of`: staged rows by object, as SQL; `ups`: links, and how keys compare."""
        links, cells = self.links(), self.fields()
        found = [[_up(each, rule, rows_of) for each in links[name]] for name, rule in ups]
        return doubles.known(rows_of[self.name], found, [cells[field] for field in fields])


def _up(link: _Link, rule: entities.KeyRule | None, rows_of: Mapping[str, str]) -> doubles.Up:
    if not link.nested_in:
        named = f"to{link.number}"
        return doubles.Up(tables.folded(named, rule) if rule else named)
    return doubles.Up(tables.folded(tables.cell(link.key), rule) if rule else "key", rows_of[link.nested_in])


@dataclass(frozen=True, slots=True)
class Both:
    """The query of our rows, those of the other run's: one for each version that edited copies made of them.

    `is_whole`: neither plan has a link or a field there that the other one lacks.
    """

    ours: str
    theirs: list[str]
    is_whole: bool


def of(run: ports.Run, opened: journal.Opened, name: str, staged: Mapping[str, Path], other: later_runs.Other, their: str) -> Both:
    """Make the queries of the rows that two runs have of an object.

    `staged`: our staged rows, by object; `their`: what the other run's plan calls the object.
    """
    document = opened.plan.model_dump(mode="json", by_alias=True)
    ours, theirs = _Side(document["objects"], name), _Side(other.plan["objects"], their)
    own, others = ours.links(), theirs.links()
    ups = [(each, _rule(run, opened, other, own[each][0], others[each][0])) for each in own if each in others]
    fields = [field for field in ours.fields() if field in theirs.fields()]
    is_whole = own.keys() == others.keys() and ours.fields().keys() == theirs.fields().keys()
    stands = journal.demand(other.run, entries.STAGED)["objects"]
    versions = [{each: later_runs.as_of(other.run, each, number) for each in stands} for number in later_runs.versions(other.run)]
    mine = ours.known({each: tables.parquet(path) for each, path in staged.items()}, ups, fields)
    return Both(mine, list(dict.fromkeys(theirs.known(each, ups, fields) for each in versions)), is_whole)


def _rule(run: ports.Run, opened: journal.Opened, other: later_runs.Other, own: _Link, their: _Link) -> entities.KeyRule | None:
    """By which rule the keys of a link are compared, if its field isn't as it was."""
    if own.key == BY_ID:
        return None
    return later_runs.compared(run, opened, other, (own.sobject, own.key), (their.sobject, their.key))
