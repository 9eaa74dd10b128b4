"""A made-up hierarchy: kinds of records, their rows, what is planted → the plan and the files that say it, the org's schema for it.

Records are named by their kind and number; keys and names get a mark of the example when they are written, so that all
examples share one org.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LEVELS = 6
# Records that are in the org before any load.
HOME = tuple(f"home-{number}" for number in range(3))
REFUSED, LOCKED = "refuse", "lock"
REFUSAL = "FIELD_CUSTOM_VALIDATION_EXCEPTION:refused on purpose:--"
FAULTS = [{"field": "Mark__c", "value": REFUSED, "error": REFUSAL}, {"field": "Mark__c", "value": LOCKED, "lock": True}]
MUST, SELF = "Must__c", "Self__c"
KEY, ROW_KEY, KEYLESS = "key", "row key", "keyless"


@dataclass(frozen=True, slots=True)
class Tie:
    """A link of a kind: its lookup field, the kind it points at, the source column that names the parent ("": it stands in it).

    `home`: it names records that are in the org already. Ties of one field are alternatives.
    """

    field: str
    target: str
    column: str
    missing: str = "quarantine"
    carry: str = "auto"
    home: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """An object of the plan. `required`: its tie `Must__c` may not be blank. `known_by`: KEY, ROW_KEY or KEYLESS."""

    name: str
    ties: tuple[Tie, ...] = ()
    required: bool = False
    known_by: str = KEY
    duplicates: str = "reject"

    @property
    def sobject(self) -> str:
        """Its API name: objects whose `Must__c` is required are others."""
        return f"{'Bound' if self.required else 'Level'}{self.name.removeprefix('Kind')}__c"


@dataclass(frozen=True, slots=True)
class Row:
    """One source row. `key`: as the source writes it; `cells`: column → key of a parent, as the source writes it."""

    name: str
    key: str
    mark: str = ""
    cells: tuple[tuple[str, str], ...] = ()
    within: int | None = None

    def cell(self, column: str) -> str:
        """The key that a column holds; "" if none."""
        return dict(self.cells).get(column, "")


@dataclass(frozen=True, slots=True)
class World:
    """Kinds, parents before children, and their rows; nested into each other, or a file each (`lines`: JSON lines, else CSV)."""

    kinds: tuple[Kind, ...]
    rows: Mapping[str, tuple[Row, ...]]
    nested: bool = False
    lines: bool = False
    job_bytes: int = 100_000

    def kind(self, name: str) -> Kind:
        """Find a kind."""
        return next(each for each in self.kinds if each.name == name)


def folded(text: str) -> str:
    """How keys are compared: trimmed, without case."""
    return text.strip().lower()


def schema(folder: Path) -> None:
    """Write the org's objects: a `Level` and a `Bound` one for each level, with every lookup that a tie may use."""
    folder.mkdir()
    for level in range(LEVELS):
        for place, prefix in enumerate(("Level", "Bound")):
            name = f"{prefix}{level}__c"
            lookups = [_lookup(SELF, [name])]
            for other in range(LEVELS):
                if other != level:
                    lookups += [_lookup(f"{each}{other}__c", [f"Level{other}__c", f"Bound{other}__c"][:1]) for each in ("To", "Also")]
            lookups += [_lookup(f"Bond{other}__c", [f"Bound{other}__c"]) for other in range(LEVELS) if other != level]
            if level:
                lookups.append(_lookup("Any__c", [f"Level{other}__c" for other in range(LEVELS)]))
                lookups.append(_lookup(MUST, [f"Level{level - 1}__c"], nillable=prefix == "Level"))
            fields = [{"name": "Name", "label": "Name", "length": 80, "nameField": True, "nillable": False}, _text("Mark__c"), *lookups]
            fields.append({**_text("External_Id__c"), "length": 255, "externalId": True, "idLookup": True, "unique": True})
            document = {"name": name, "label": name, "keyPrefix": f"b{place}{level}", "custom": True, "fields": fields}
            (folder / f"{name}.json").write_text(json.dumps(document), "utf-8")


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "label": name, "custom": True, "length": 80}


def _lookup(name: str, targets: Sequence[str], *, nillable: bool = True) -> dict[str, Any]:
    own = {"referenceTo": list(targets), "relationshipName": name.replace("__c", "__r"), "nillable": nillable}
    return {**_text(name), "type": "reference", **own}


def plan(world: World, folder: Path, example: str) -> dict[str, Any]:
    """Write a world's sources into a folder; its plan."""
    sources = _nested(world, folder, example) if world.nested else _flat(world, folder, example)
    # Not in the order in which they are loaded: the plan finds it.
    objects = {kind.name: _object(world, place) for place, kind in reversed(list(enumerate(world.kinds)))}
    return {"name": "made-up", "sources": sources, "job_bytes": world.job_bytes, "objects": objects}


def _object(world: World, place: int) -> dict[str, Any]:
    kind = world.kinds[place]
    fields = {"Name": "name", "Mark__c": "mark"} | ({"External_Id__c": "id"} if kind.known_by == KEY else {})
    said: dict[str, Any] = {"sobject": kind.sobject, "fields": fields, "duplicates": kind.duplicates, "max_failed": "100%"}
    said |= {"operation": "upsert", "external_id": "External_Id__c"} if kind.known_by == KEY else {"operation": "insert"}
    said |= {"row_key_field": "External_Id__c"} if kind.known_by == ROW_KEY else {}
    said |= {"records": ".".join(f"{each.name}[]" for each in world.kinds[: place + 1])} if world.nested else {"source": kind.name}
    parents: dict[str, Any] = {}
    for tie in kind.ties:
        parents.setdefault(tie.field, []).append(_link(tie))
    return {**said, "parents": {field: links if len(links) > 1 else links[0] for field, links in parents.items()}}


def _link(tie: Tie) -> dict[str, Any]:
    if tie.home:
        target = {"sobject": f"Level{tie.target.removeprefix('Kind')}__c", "external_id": "External_Id__c", "from": tie.column}
    else:
        target = {"object": tie.target} | ({"from": tie.column} if tie.column else {})
    return {**target, "missing": tie.missing, "carry": tie.carry}


def _flat(world: World, folder: Path, example: str) -> dict[str, Any]:
    sources = {}
    for kind in world.kinds:
        records = [record(world, kind, row, example) for row in world.rows[kind.name]]
        path = folder / f"{kind.name}.{'jsonl' if world.lines else 'csv'}"
        columns = ["id", "name", "mark", *(tie.column for tie in kind.ties)]
        text = "".join(json.dumps(each) + "\n" for each in records) if world.lines else _csv(columns, records)
        path.write_text(text, "utf-8")
        sources[kind.name] = {"uri": path.as_uri()}
    return sources


def _csv(columns: Sequence[str], records: Sequence[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _nested(world: World, folder: Path, example: str) -> dict[str, Any]:
    below: list[dict[str, Any]] = []
    for place, kind in reversed(list(enumerate(world.kinds))):
        records: list[dict[str, Any]] = [dict(record(world, kind, row, example)) for row in world.rows[kind.name]]
        if below:
            child = world.kinds[place + 1].name
            for row, each in zip(world.rows[child], below, strict=True):
                records[row.within or 0].setdefault(child, []).append(each)
        below = records
    path = folder / "nested.json"
    path.write_text(json.dumps({world.kinds[0].name: below}), "utf-8")
    return {"all": {"uri": path.as_uri()}}


def record(world: World, kind: Kind, row: Row, example: str) -> dict[str, str]:
    """A row as its source has it: names and keys with the example's mark, columns without a value left out."""
    keyed = {"id": marked(row.key, example)} if kind.known_by == KEY else {}
    cells = {column: marked(key, example) for column, key in row.cells}
    found = {"name": named(row, example), **keyed, **({"mark": row.mark} if row.mark else {}), **cells}
    return {name: value for name, value in found.items() if value or world.lines}


def named(row: Row, example: str) -> str:
    """A record's name in the org."""
    return f"{example} {row.name}"


def marked(key: str, example: str) -> str:
    """A key with the example's mark, blanks around it kept; records that were there before have none."""
    bare = key.strip()
    if not bare or folded(bare) in HOME:
        return key
    return key.replace(bare, f"{example}-{bare}")
