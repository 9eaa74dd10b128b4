"""What the org held before a step and holds after it → what of that the step may not have done.

A record changes only by rows that the step may send, and never back to older ones: but an undo, which gives back what was there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.drills.nights import drawn, known, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = (drawn.NAME, drawn.MARK)


@dataclass(frozen=True, slots=True)
class Move:
    """One record in one step."""

    place: standing.Place
    before: standing.Record | None
    after: standing.Record | None

    def __str__(self) -> str:
        return f"{self.place}: {self.before} → {self.after}"


def wrong(all_of: known.Known, before: standing.Standing, after: standing.Standing, step: known.Step) -> list[str]:
    """List what a step may not have done; note what it did."""
    moved = [Move(place, before.get(place), after.get(place)) for place in sorted({*before, *after})]
    moved = [each for each in moved if each.before != each.after]
    # Those that a row deletes may have come back since, without what hung on them.
    deletes = {all_of.place(each) for each in all_of.sendable(step) if all_of.plan.kind(each.kind).known_by == drawn.DELETED}
    judged = _undone if step.kind == known.UNDO else _written
    gone = deletes | {each.place for each in moved if each.after is None}
    found = [f"{said}: {each}" for each in moved for said in judged(all_of, each, step, gone)]
    for each in moved:
        _noted(all_of, each, step)
    return found


def _noted(all_of: known.Known, move: Move, step: known.Step) -> None:
    if move.after is not None:
        all_of.seen[move.place].append(move.after)
    if move.before is None and move.after is not None:
        all_of.makers[move.place] = move.after.number(drawn.NAME)
        all_of.deleted.pop(move.place, None)
    if step.kind == known.UNDO:
        all_of.touched[move.place] = step.number


def _written(all_of: known.Known, move: Move, step: known.Step, gone: set[standing.Place]) -> Iterator[str]:
    rows = [each for each in all_of.sendable(step) if all_of.place(each) == move.place]
    if move.after is None:
        deletes = [each.number for each in rows if all_of.plan.kind(each.kind).known_by == drawn.DELETED]
        last = move.before.number(drawn.NAME) if move.before else 0
        newer = [each for each in deletes if all_of.newer(each, last)]
        all_of.deleted[move.place] = max(newer, default=0)
        if not newer:
            yield "it is gone, and no row deletes it"
        return
    numbers = {each.number for each in rows}
    for text in TEXTS:
        now, then = move.after.number(text), move.before.number(text) if move.before else all_of.deleted.get(move.place, 0)
        if move.before and now == then:
            continue
        if now and now not in numbers:
            yield f"row {now} isn't to be sent in this step"
        elif now and not all_of.newer(now, then):
            yield f"row {now} is older than {then}"
        elif now and all_of.is_named_later(now, step.run):
            yield f"row {now} went by itself, and a later source names it"
        elif not now and move.before:
            yield f"{text} is blank"
    yield from _linked(all_of, move, {(lookup, key) for each in rows for lookup, key in each.links}, gone)


def _linked(all_of: known.Known, move: Move, named: set[tuple[str, str | None]], gone: set[standing.Place]) -> Iterator[str]:
    after = move.after or standing.Record((), ())
    writer = all_of.rows.get(after.number(drawn.NAME))
    for lookup, key in after.links:
        last = move.before.link(lookup) if move.before else None
        if key == last:
            # Made and bereft in one step: what it led to was deleted before anybody looked.
            if move.before is None and writer and any(each == writer.link(lookup) for _, each in gone):
                all_of.bereft.add((move.place, lookup))
            continue
        if key is None:
            yield from _bereft(all_of, move, lookup, gone)
            continue
        all_of.bereft.discard((move.place, lookup))
        if (lookup, key) not in named or (writer and lookup in dict(writer.links) and writer.link(lookup) != key):
            yield f"{lookup} leads to {key}, which its row doesn't say"


def _bereft(all_of: known.Known, move: Move, lookup: str, gone: set[standing.Place]) -> Iterator[str]:
    """A link was emptied: by the org, as its record went, and by nobody else."""
    last = move.before.link(lookup) if move.before else None
    all_of.bereft.add((move.place, lookup))
    if not any(key == last for _, key in gone) and not any(key == last for _, key in all_of.touched):
        yield f"{lookup} is blank, and the record that it led to isn't gone"


def _undone(all_of: known.Known, move: Move, step: known.Step, gone: set[standing.Place]) -> Iterator[str]:
    seen = all_of.seen[move.place]
    if move.before is None:
        yield "an undo made it"
    elif move.after is None:
        if step.run not in all_of.runs(all_of.makers[move.place]):
            yield f"the undo of {step.run} deleted it, which that run hadn't made"
    else:
        for text in TEXTS:
            now, then = move.after.number(text), move.before.number(text)
            if now != then and step.run not in all_of.runs(then):
                yield f"the undo of {step.run} took back row {then}, which isn't that run's"
            if now != then and now not in {each.number(text) for each in seen}:
                yield f"the undo of {step.run} brought row {now}, which was never there"
        for lookup, key in move.after.links:
            if key != move.before.link(lookup) and key is None:
                all_of.bereft.add((move.place, lookup))
            if key and key not in {each.link(lookup) for each in seen}:
                yield f"the undo of {step.run} brought a link to {key}, which was never there"
