"""A run that has ended and the oracle's verdicts → whether the org, the summary and every file say what the oracle says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from tests.oracle import judge, world
from tests.running import loads

if TYPE_CHECKING:
    from tests.running.loads import Load

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "summary.schema.json").read_text("utf-8"))
FATES = ("succeeded", "failed", "unprocessed", "in_doubt", "orphaned", "rejected", "unchanged", "merged", "filtered")


def compare(load: Load, found: dict[str, Any], given: judge.Judge, example: str) -> None:
    """Hold everything that a run left against the verdicts; `found` is what its summary told."""
    summary = found["summary"]
    jsonschema.validate(summary, SCHEMA)
    lost = sum(rows for kind in given.world.kinds for fate, rows in given.counts(kind.name).items() if fate not in {"succeeded", "merged"})
    above = {tie.target for kind in given.world.kinds for tie in kind.ties if not tie.home}
    # An object that others hang on, or the only one, and nothing of it got through.
    matter = above or {kind.name for kind in given.world.kinds if len(given.world.kinds) == 1}
    broken = any(given.world.rows[name] and not given.counts(name).get("succeeded") for name in matter)
    status = "FAILED" if broken else "COMPLETED_WITH_ERRORS" if lost else "COMPLETED"
    assert (status, not broken) == (summary["status"], found["clean"])
    for kind in given.world.kinds:
        told = summary["objects"][kind.name]
        assert records(load, kind, example) == wanted(given, kind, example)
        numbers(told, given, kind, load.ids[kind.name])
        files(told["files"], given, kind, example)


def records(load: Load, kind: world.Kind, example: str) -> list[tuple[Any, ...]]:
    """The org's records of this example: name, key, and name of each parent by lookup."""
    fields = sorted({tie.field for tie in kind.ties})
    above = [field.replace("__c", "__r") for field in fields]
    asked = ", ".join(["Name", "External_Id__c", *(f"{each}.Name" for each in above)])
    rows = load.org.query(f"SELECT {asked} FROM {kind.sobject} WHERE Name LIKE '{example} %'")
    links = [{field: row[name]["Name"] for field, name in zip(fields, above, strict=True) if row[name]} for row in rows]
    keys = [world.folded(row["External_Id__c"]) if kind.known_by == world.KEY else None for row in rows]
    assert kind.known_by != world.ROW_KEY or len(rows) == len({row["External_Id__c"] for row in rows} - {None})
    return sorted(((row["Name"], key, sorted(each.items())) for row, key, each in zip(rows, keys, links, strict=True)), key=str)


def wanted(given: judge.Judge, kind: world.Kind, example: str) -> list[tuple[Any, ...]]:
    """What the org must hold."""
    rows = []
    for place, verdict in given.verdicts.items():
        if place[0] == kind.name and verdict.written:
            row = given.row(place)
            key = world.folded(world.marked(row.key, example)) if kind.known_by == world.KEY else None
            links = sorted((field, name if name in world.HOME else f"{example} {name}") for field, name in verdict.links.items())
            rows.append((world.named(row, example), key, links))
    return sorted(rows, key=str)


def numbers(told: dict[str, Any], given: judge.Judge, kind: world.Kind, ids: int) -> None:
    """Compare an object's counts: every fate, the sum, what was sent, the Ids that its children could use."""
    counts = given.counts(kind.name)
    assert counts == {fate: told[fate] for fate in FATES if told[fate]}
    assert len(given.world.rows[kind.name]) == told["source"]
    assert counts.get("succeeded", 0) == told["created"] + told["updated"]
    assert counts.get("succeeded", 0) + counts.get("failed", 0) == told["submitted"]
    merged = sum(given.verdicts[chosen].written for place, chosen in given.stands_for.items() if place[0] == kind.name)
    assert counts.get("succeeded", 0) + merged == ids


def files(told: dict[str, Any], given: judge.Judge, kind: world.Kind, example: str) -> None:
    """Compare the rows of each file, and for what reason they stand there."""
    for fate in ("failed", "orphaned", "rejected", "unprocessed", "in_doubt"):
        rows = loads.listed(told.get(fate, []))
        places = [place for place, verdict in given.verdicts.items() if place[0] == kind.name and verdict.fate == fate]
        assert Counter(world.named(given.row(place), example) for place in places) == Counter(row["Name"] for row in rows)
        by_name = {world.named(given.row(place), example): place for place in places}
        for row in rows:
            place = by_name[row["Name"]]
            if fate == "failed":
                assert planted(given.row(place).mark) in row["error"]
            elif fate == "orphaned" and place not in given.in_circles:
                cause(row, given.verdicts[place].causes, example)
            elif fate == "rejected":
                assert row["error"]


def planted(mark: str) -> str:
    """What the org says of a row that it was told to refuse."""
    return {world.REFUSED: world.REFUSAL, world.LOCKED: "UNABLE_TO_LOCK_ROW"}[mark]


def cause(row: dict[str, str], causes: set[judge.Cause], example: str) -> None:
    """An orphan names one of the links that lost it, the parent, and the first that failed, with how far up it stands."""
    told = (row["field"], world.folded(row["parent_key"]), int(row["depth"]))
    fitting = [each for each in causes if told == (each.field, world.folded(world.marked(each.parent_key, example)), each.depth)]
    assert fitting, (told, causes)
    assert any(
        (each.parent_fate == judge.NOWHERE or each.parent_fate == row["parent_fate"])
        and (each.ancestor_key is None or world.folded(world.marked(each.ancestor_key, example)) == world.folded(row["ancestor_key"]))
        and (each.ancestor_mark == "" or planted(each.ancestor_mark) in row["ancestor_error"])
        for each in fitting
    ), (row, fitting)
