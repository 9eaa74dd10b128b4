"""A run's summary, and the org right after it was written → what it says that isn't so, record by record, and rows lost for no reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.drills.nights import drawn, known, sources, standing
from tests.running import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]
IN_DOUBT = "in_doubt"
LOST = ("failed", "unprocessed", "orphaned", "rejected")
# What an undo says of records that it left.
LEFT = ("changedSince", "failed", "stays", "inDoubt")


@dataclass(frozen=True, slots=True)
class Listed:
    """A row that a summary lists: its fate, and whether its record stands all the same."""

    fate: str
    stands: bool


Lists = dict[tuple[str, str], Listed]


def lists(plan: drawn.Plan, summary: Document) -> Lists:
    """All rows that a summary lists, by kind and key."""
    found: Lists = {}
    for kind in plan.kinds:
        files = summary["objects"].get(kind.name, {}).get("files", {})
        for fate in (*LOST, IN_DOUBT):
            for row in loads.listed(files.get(fate, [])):
                found[kind.name, key_of(plan, kind, row)] = Listed(fate, bool(row.get("sf_id")))
    return found


def key_of(plan: drawn.Plan, kind: drawn.Kind, row: dict[str, str]) -> str:
    """The key of a row in a list."""
    if kind.known_by == drawn.DELETED:
        return row[drawn.KEY].removesuffix(plan.padding).upper()
    return sources.told(row[kind.text])[0]


def wrong(all_of: known.Known, run: str, found: Document, now: standing.Standing) -> list[str]:
    """List what the account of a run says that isn't so. `found`: as `summary` returns it."""
    objects = found["summary"]["objects"]
    if not objects or run not in all_of.of:
        return [] if not found["clean"] else ["green without rows"]
    said = open_sums(objects)
    versions = all_of.of[run]
    said += [
        f"{name} has {objects[name]['source']} rows, not {rows}"
        for name, rows in _counted(versions).items()
        if objects.get(name, {}).get("source") != rows
    ]
    said += [f"{name}: {each['editedByOthers']} edited by others" for name, each in objects.items() if each.get("editedByOthers")]
    listed = lists(all_of.plan, found["summary"])
    said += [f"green over {listed}"] if found["clean"] and listed else []
    said += ["red, and doesn't say why"] if not found["clean"] and not found["why"] else []
    if run not in all_of.undone:
        said += [f"{rows[-1]}: {each}" for place, rows in versions.items() for each in _untrue(all_of, run, rows, listed.get(place), now)]
    return said


def replayed(plan: drawn.Plan, found: Document) -> list[str]:
    """List what a replay's own summary says that can't be: no two runs have equal rows without a key, and what it held back is red."""
    objects = found["summary"]["objects"]
    unknown = [each.name for each in plan.kinds if each.known_by in drawn.UNKNOWN and each.name in objects]
    said = [f"{name}: superseded without a key: {objects[name]}" for name in unknown if objects[name]["superseded"]]
    held = [each for each in objects.values() if each.get("heldBack")]
    return [*open_sums(objects), *said, *([f"green over what it held back: {held}"] if held and found["clean"] else [])]


def open_sums(objects: Document) -> list[str]:
    """The objects of a summary whose sums don't close."""
    counts = {name: {key: value for key, value in each.items() if isinstance(value, int)} for name, each in objects.items()}
    fates = ("succeeded", *LOST, IN_DOUBT, "unchanged", "merged", "filtered")
    return [f"{name} has {each}" for name, each in counts.items() if each["source"] != sum(each[fate] for fate in fates)]


def _counted(versions: known.Versions) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, _ in versions:
        found[name] = found.get(name, 0) + 1
    return found


def _untrue(all_of: known.Known, run: str, rows: list[sources.Row], listed: Listed | None, now: standing.Standing) -> Iterator[str]:
    """What a summary says of one row that isn't so."""
    kind, record = all_of.plan.kind(rows[0].kind), now.get(all_of.place(rows[0]))
    # Whatever the run did, an undo that came after it has been there.
    if all_of.touched.get(all_of.place(rows[0]), -1) >= all_of.began[run]:
        return
    if listed is None:
        yield from _not_there(all_of, kind, rows, record, now)
    elif listed.fate != IN_DOUBT and not listed.stands and record is not None and kind.known_by != drawn.DELETED:
        number = record.number(kind.text)
        if number in {each.number for each in rows} and all_of.runs(number) == {run}:
            yield f"{listed.fate}, and it is in the org"


def _not_there(
    all_of: known.Known, kind: drawn.Kind, rows: list[sources.Row], record: standing.Record | None, now: standing.Standing
) -> Iterator[str]:
    """Why a row that counts as stored isn't there as it should be, nor anything newer."""
    if kind.known_by == drawn.DELETED:
        if record is not None and not all_of.newer(record.number(drawn.NAME), rows[-1].number):
            yield "deleted, and it is in the org"
        return
    if record is None:
        deletes = [each.number for each in all_of.others(rows[0]) if all_of.plan.kind(each.kind).known_by == drawn.DELETED]
        if not any(all_of.newer(each, rows[0].number) for each in deletes):
            yield "stored, and it isn't in the org"
        return
    number = record.number(kind.text)
    row = next((each for each in rows if each.number == number), None)
    if row is None and not (number and all_of.newer(number, rows[0].number)):
        yield f"stored, and the org has row {number}"
    elif row is not None:
        yield from _unlinked(all_of, kind, row, record, now)


def _unlinked(all_of: known.Known, kind: drawn.Kind, row: sources.Row, record: standing.Record, now: standing.Standing) -> Iterator[str]:
    for lookup, key in row.links:
        tie, found = kind.ties[lookup], record.link(lookup)
        there = (all_of.plan.kind(tie.target).sobject, str(key)) in now
        # Sent without a parent that was lost, a record that is there keeps the link that it has.
        excused = tie.missing == "blank" or (found is None and (not there or (all_of.place(row), lookup) in all_of.bereft))
        if key and found != key and not excused:
            yield f"stored, and its {lookup} leads to {found}"


def undone(all_of: known.Known, run: str, told: Document, now: standing.Standing) -> list[str]:
    """List records that stand though the run made them, and though its undo says that nothing of it does."""
    left = [each.get(count) for each in told.get("objects", {}).values() for count in LEFT]
    if told["status"] != "COMPLETED" or any(left) or told.get("notKnown"):
        return []
    made = [place for place in now if all_of.runs(all_of.makers[place]) == {run}]
    return [f"{place} stands, and its undo says that nothing does" for place in made]


def whole(all_of: known.Known, run: str, now: standing.Standing) -> list[str]:
    """List what the org doesn't hold of a run's rows as they stand, links included; later objects count over earlier ones."""
    said = []
    for rows in all_of.of.get(run, {}).values():
        row, kind = rows[-1], all_of.plan.kind(rows[-1].kind)
        record = now.get(all_of.place(row))
        number = record.number(kind.text) if record else 0
        if not number or not all_of.newer(number, row.number) or run not in all_of.runs(number):
            said.append(f"{row} isn't in the org: {record}")
        elsewhere = [lookup for lookup, key in row.links if record and key and record.link(lookup) != key]
        said += [f"{row}: its {lookup} leads elsewhere: {record}" for lookup in elsewhere]
    return said


def changed(plan: drawn.Plan, found: Document) -> list[str]:
    """The objects of which a run sent rows that the night before had brought, though it should leave out what hasn't changed."""
    told = found["summary"]["objects"]
    remembering = [each.name for each in plan.kinds if each.more.get("changed_only") and not plan.is_shared(each)]
    return [f"{name}: {told[name]}" for name in remembering if name in told and told[name]["unchanged"] != told[name]["source"]]
