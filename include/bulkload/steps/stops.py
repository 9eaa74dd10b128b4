"""How an object's jobs ended → whether anything more of the object is sent, and in a sentence why not.

Its first, small job may stop it, and so does any job that Salesforce failed for its header or file before it looked at a row: the
next one would fail alike. A stop holds for the turn that it happened in; a replay that somebody starts tries again, and none begins by
itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from include.bulkload.ledger import entries, undos
from include.bulkload.load import job
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.basics import entities
    from include.bulkload.ledger import waves
    from include.bulkload.steps import ports


def note(run: ports.Run, place: entries.JobPlace, end: entities.JobEnd) -> None:
    """Write down that a job's end stops its object, if it does. An undo isn't stopped: it looks again before each wave."""
    if job.is_mistake(end) and undos.object_of(place.name) == place.name:
        replay = journal.wave_of(run, place.name, place.number).replay
        journal.note(run, entries.stopped(place.name, replay, {"job": place.job_id, "error": end.error_message}))


def why(run: ports.Run, name: str, replay: int = 0) -> str:
    """Why nothing more of an object is sent, "" if nothing stops it. `replay`: by the turn of that replay; 0: by the run itself."""
    canary = {} if replay else run.folder.read(entries.canary_name(name)) or {}
    if canary.get("stopped"):
        told = canary["error"] or f"{canary['failed']} of {canary['rows']} rows failed for good"
        return f"stopped after its first job {canary['job']}: {told}"
    mistake = run.folder.read(entries.stopped_name(name, replay))
    return f"stopped after job {mistake['job']}: {mistake['error']}" if mistake else ""


def of_turn(run: ports.Run, name: str, turn: Sequence[waves.Wave]) -> str:
    """The same by the turn of some waves; "" for none."""
    return why(run, name, turn[0].replay) if turn else ""


def last(run: ports.Run, name: str, standing: Sequence[waves.Wave]) -> str:
    """What stopped an object last, in whichever turn; "" if nothing ever did."""
    turns = sorted({0, *(wave.replay for wave in standing)}, reverse=True)
    return next((found for replay in turns if (found := why(run, name, replay))), "")


def refuse(run: ports.Run, wave: waves.Wave) -> None:
    """Raise ObjectStopped if no job of a wave may be made any more."""
    if said := why(run, wave.name, wave.replay):
        raise errors.ObjectStopped(f"{wave.name}: {said}; mend that, then replay the run, which sends what is left")
