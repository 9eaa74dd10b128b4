"""A job of an object with `changed_only`, about to be closed → a mark beside the memory, until its run has told what it wrote.

A later run that finds one can't tell a change by the job's user from an edit.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

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
    kept, mark = _kept(run, opened, place.name), _mark(run, opened, place.name, replay)
    if kept and kept.read(mark) is None:
        by = run.salesforce.job(place.job_id)["createdById"]
        _create(kept, mark, {"run": writer(run, replay, place.name), "by": by, "at": run.now()})


def take(run: ports.Run, opened: journal.Opened, place: str, replay: int = 0) -> None:
    """Take the mark away once all jobs are accounted for. `place`: the object, or where its undoing stands."""
    kept, mark = _kept(run, opened, place), _mark(run, opened, place, replay)
    document = kept.read(mark) if kept else None
    if kept is None or document is None or _is_open(run, place):
        return
    kept.remove(mark)
    # A slow task notes its job before it marks it: so it sees that there is no mark, or is seen here.
    if _is_open(run, place):
        _create(kept, mark, document)


def of_others(run: ports.Run, opened: journal.Opened, name: str, replay: int) -> dict[str, Document]:
    """Read the marks of all who didn't tell what they wrote of an object, but for this run or its replay."""
    kept, own = generations.demanded(run, name), _mark(run, opened, name, replay)
    names = [each for each in kept.names(f"{generations.place(opened, name)}/begun-") if each != own]
    return {each: document for each in names if (document := kept.read(each)) is not None}


def _kept(run: ports.Run, opened: journal.Opened, place: str) -> ports.Memory | None:
    """Where a mark is due, if it is: an undo may be without a memory, a load with `changed_only` was refused then."""
    return run.memory if opened.plan.objects[undos.object_of(place)].changed_only else None


def _mark(run: ports.Run, opened: journal.Opened, place: str, replay: int) -> str:
    who = hashlib.sha256(writer(run, replay, place).encode()).hexdigest()[:16]
    return f"{generations.place(opened, undos.object_of(place))}/begun-{who}.json"


def _create(kept: ports.Memory, mark: str, document: Document) -> None:
    with contextlib.suppress(FileExistsError):
        kept.create(mark, document)


def _is_open(run: ports.Run, place: str) -> bool:
    """Whether any job has neither its rows' fates nor been given up."""
    return any(not (each.has("matched") or each.is_replaced) for each in journal.jobs(run, place))
