"""A run folder and the run that works in it → whether that run may send anything more of the load, or only collect.

Until a replay has begun the run sends its rows itself, afterwards only the run that does the last replay: whoever clears tasks of
another one wants what it did, not what a replay chose, or was edited for, and left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from include.bulkload.ledger import replays, undos
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from include.bulkload.ledger import waves
    from include.bulkload.steps import ports


def is_this(run: ports.Run) -> bool:
    """Whether the run that works here plans and sends what is left of the load. An undo isn't asked: it has waves of its own."""
    last = max(replays.numbers(run.folder.names(replays.FOLDER)), default=0)
    return not last or replays.read(last, journal.demand(run, replays.name(last, replays.BEGUN))).by == run.name.run_id


def refuse(run: ports.Run, wave: waves.Wave, number: int) -> None:
    """Raise ChunkVoid if no job of a chunk may be made or closed by the run that works here."""
    if undos.object_of(wave.name) == wave.name and not is_this(run):
        message = f"chunk {number} of {wave.name} isn't sent by this run: a replay has begun since; go on with that, or start another one"
        raise errors.ChunkVoid(message)
