"""A job about to be closed → a mark beside the memory of each object of its sobject, until its run has told what it wrote.

Only where `changed_only` makes one remember. A later run that finds a mark can't tell a change by the job's user from an edit.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

from include.bulkload.intake import same_records
from include.bulkload.ledger import undos
from include.bulkload.steps import generations, journal

if TYPE_CHECKING:
    from include.bulkload.ledger import entries
    from include.bulkload.steps import ports

Document = dict[str, Any]


def writer(run: ports.Run, replay: int = 0, name: str = "") -> str:
    """Name who writes: the run, one of its replays, or its undoing, where `name` is a place of that."""
    turn = undos.MARK if name.endswith(undos.MARK) else f"#replay-{replay}" if replay else ""
    return run.folder.uri("") + turn


def leave(run: ports.Run, opened: journal.Opened, place: entries.JobPlace, replay: int) -> None:
    """Say that a job is about to write, before that is decided. Once is enough for a run, or a replay (by its number), of an object."""
    # An undo may be without a memory; a load with `changed_only` was refused then.
    if (kept := run.memory) is None:
        return
    marks = [_mark(run, opened, name, place.name, replay) for name in _remembering(opened, place.name)]
    if missing := [each for each in marks if kept.read(each) is None]:
        by = run.salesforce.job(place.job_id)["createdById"]
        for mark in missing:
            _create(kept, mark, {"run": writer(run, replay, place.name), "by": by, "at": run.now()})


def take(run: ports.Run, opened: journal.Opened, name: str, replay: int = 0) -> None:
    """An object was told what all wrote of its sobject: take their marks away whose jobs are all accounted for."""
    for writes in _of_sobject(opened, name):
        _take(run, _mark(run, opened, name, writes, replay), writes)


def take_undone(run: ports.Run, opened: journal.Opened, place: str) -> None:
    """All objects of the sobject were told what undoing one of them did: take its marks away. `place`: where that stands."""
    for name in _remembering(opened, place):
        _take(run, _mark(run, opened, name, place, 0), place)


def _take(run: ports.Run, mark: str, place: str) -> None:
    kept = run.memory
    document = kept.read(mark) if kept else None
    if kept is None or document is None or _is_open(run, place):
        return
    kept.remove(mark)
    # A slow task notes its job before it marks it: so it sees that there is no mark, or is seen here.
    if _is_open(run, place):
        _create(kept, mark, document)


def of_others(run: ports.Run, opened: journal.Opened, name: str, replay: int) -> dict[str, Document]:
    """Read the marks of all who didn't tell what they wrote of an object, but for this run or its replay."""
    kept, own = generations.demanded(run, name), {_mark(run, opened, name, each, replay) for each in _of_sobject(opened, name)}
    names = [each for each in kept.names(f"{generations.place(opened, name)}/begun-") if each not in own]
    return {each: document for each in names if (document := kept.read(each)) is not None}


def _of_sobject(opened: journal.Opened, place: str) -> list[str]:
    """All objects that may write records of an object's sobject, itself first. `place`: the object, or where its undoing stands."""
    name = undos.object_of(place)
    return [name, *same_records.beside(opened.plan, name)]


def _remembering(opened: journal.Opened, place: str) -> list[str]:
    return [name for name in _of_sobject(opened, place) if opened.plan.objects[name].changed_only]


def _mark(run: ports.Run, opened: journal.Opened, name: str, place: str, replay: int) -> str:
    """Where, beside the memory of an object, it stands that somebody writes at a place."""
    who = hashlib.sha256(f"{writer(run, replay, place)} {place}".encode()).hexdigest()[:16]
    return f"{generations.place(opened, name)}/begun-{who}.json"


def _create(kept: ports.Memory, mark: str, document: Document) -> None:
    with contextlib.suppress(FileExistsError):
        kept.create(mark, document)


def _is_open(run: ports.Run, place: str) -> bool:
    """Whether any job has neither its rows' fates nor been given up."""
    return any(not (each.has("matched") or each.is_replaced) for each in journal.jobs(run, place))
