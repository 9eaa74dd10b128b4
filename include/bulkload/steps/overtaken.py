"""A chunk about to be sent, and which lease its run has → how many of its rows later runs of the plan wrote meanwhile, or later objects.

Old cells would overwrite newer ones: who clears a run that others have followed, or an object that later ones have, sends no such chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.ledger import entries, waves
from include.bulkload.match import newer
from include.bulkload.steps import journal, later_edits, later_objects, later_runs, targets

if TYPE_CHECKING:
    from include.bulkload.steps import ports

UNDOES = {waves.Kind.UNDO_DELETE, waves.Kind.UNDO_RESTORE}


def rows(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int, held: int) -> int:
    """Count the rows of chunk `number` whose key later runs wrote, or may have, or people mended since in an earlier run.

    Or later objects of the run itself: its task was marked, and cleared when these had gone. Rows without a key of the source's are
    nobody else's. An undo looks at its records itself: all of them, unless another run may have written since it did.
    `held`: the number of the lease; 0: there is none.
    """
    if wave.kind in UNDOES:
        return 0 if wave.notes.get(waves.LEASE, held) == held else int(wave.chunk(number)["rows"])
    if wave.ready is None or not opened.plan.objects[wave.name].external_id:
        return 0
    later = [*later_objects.written(run, opened, wave.name), *_of_others(run, opened, wave, held)]
    later = newer.of_links(later) if wave.sets_links else later
    if not later:
        return 0
    chunk, ready, staged = journal.chunk(wave.chunk(number)), journal.bring(run, wave.ready), targets.staged_file(run, wave.name)
    own = f"SELECT row_id FROM {tables.parquet(ready)} WHERE {chunk.condition}"
    with tables.connect(run.limits) as con:
        found = con.execute(f"SELECT count(*) FROM ({newer.rows(staged, later)}) WHERE row_id IN ({own})").fetchone()
    return int(found[0]) if found else 0


def _of_others(run: ports.Run, opened: journal.Opened, wave: waves.Wave, held: int) -> list[newer.Keys]:
    """The keys that other runs wrote since.

    Who has had the lease ever since the rows were staged, or chosen, needn't ask: nobody else wrote.
    """
    if not held or _told(run, wave) == held:
        return []
    later = later_runs.written(run, opened, wave.name)[wave.name]
    # A replay held its rows against them when it chose.
    return later if wave.replay else [*later, *later_edits.written(run, opened, wave.name)[wave.name]]


def _told(run: ports.Run, wave: waves.Wave) -> int | None:
    """Under which lease it was told which rows there are; None: that wasn't noted yet then."""
    opening = waves.opening(journal.waves_of(run, wave.name), wave.replay) if wave.replay else None
    found: int | None = (opening.notes if opening else journal.demand(run, entries.STAGED)).get(waves.LEASE)
    return found
