"""A plan's objects → what is read of the records at a path: values, objects they stand in, lists of further records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.intake import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.bulkload.intake import plan

MULTIPICKLIST = "multipicklist"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the plan reads of a record, or of an object in one.

    values: keys of single values; joined: those of them whose list of single values becomes one text;
    objects: key → what is read of the object there; lists: key → the shape of the records there.
    """

    values: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    objects: Mapping[str, Shape] = field(default_factory=dict)
    lists: Mapping[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Read:
    """One value that is read: its keys, and whether a list will do."""

    keys: tuple[str, ...]
    is_joined: bool


def shape(checked: plan.Plan, describes: Mapping[str, Any], source: str, path: str) -> Shape:
    """Gather what the objects of a source read of the records at `path`, e.g. `accounts[]`, and of those within."""
    inside = [name for name in checked.objects if checked.source_of(name) == source and _within(checked.objects[name].records, path)]
    reads = [read for name in inside for read in _reads(checked, describes, name, path)]
    below = {checked.objects[name].records.removeprefix(path).lstrip(".").partition("[]")[0] for name in inside} - {""}
    lists = {name: shape(checked, describes, source, f"{path}.{name}[]") for name in sorted(below)}
    return _shape(reads, lists)


def _within(records: str, path: str) -> bool:
    return records == path or records.startswith(path + ".")


def _reads(checked: plan.Plan, describes: Mapping[str, Any], name: str, path: str) -> Iterable[_Read]:
    """What an object reads of the records at `path`: its own, or those around them."""
    each = checked.objects[name]
    depth = each.records.removeprefix(path).count("[]")
    lists = joined(checked, describes, name)
    for read in each.reads:
        found = names.parsed(read)
        if found.up == depth:
            yield _Read(found.keys, read in lists)


def joined(checked: plan.Plan, describes: Mapping[str, Any], name: str) -> frozenset[str]:
    """The source values of an object that fill multi-select picklists and nothing else: their lists become one text."""
    each = checked.objects[name]
    types = {field["name"].lower(): field["type"] for field in describes[each.sobject]["fields"]}
    kinds: dict[str, set[bool]] = {}
    for field_name, value in each.values.items():
        kinds.setdefault(str(value.from_), set()).add(types.get(field_name.lower()) == MULTIPICKLIST)
    linked = {link.from_ for links in each.links.values() for link in links}
    return frozenset(read for read in each.reads if kinds.get(read) == {True} and read not in linked)


def _shape(reads: list[_Read], lists: Mapping[str, Shape]) -> Shape:
    here = [read for read in reads if len(read.keys) == 1]
    deeper: dict[str, list[_Read]] = {}
    for read in reads:
        if len(read.keys) > 1:
            deeper.setdefault(read.keys[0], []).append(_Read(read.keys[1:], read.is_joined))
    values = frozenset(read.keys[0] for read in here)
    return Shape(
        values=values,
        joined=values - {read.keys[0] for read in here if not read.is_joined},
        objects={key: _shape(below, {}) for key, below in deeper.items()},
        lists=lists,
    )
