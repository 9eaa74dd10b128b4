"""A chunk about to be sent, and which lease its run has → how many of its rows other runs of the plan wrote meanwhile, or later objects.

Old cells would overwrite newer ones: who clears a run that others have followed, or an object that later ones have, sends no such chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.ledger import entries, waves
from include.bulkload.match import chosen, newer
from include.bulkload.steps import choice, elsewhere, journal, later_edits, later_objects, later_runs, outcome, targets

if TYPE_CHECKING:
    from include.bulkload.steps import ports

UNDOES = {waves.Kind.UNDO_DELETE, waves.Kind.UNDO_RESTORE}


def rows(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int, held: int) -> int:
    """Count the rows of chunk `number` whose key later runs wrote, or may have, or people mended since in an earlier run.

    Or later objects of the run itself: its task was marked, and cleared when these had gone. Of rows without a key those count that an
    earlier run has sent since, or may have, as it was cleared or replayed, and all where another run has inserted the same payload. An
    undo looks at its records itself: all of them, unless another run may have written since it did.
    `held`: the number of the lease; 0: there is none.
    """
    if wave.kind in UNDOES:
        return 0 if wave.notes.get(waves.LEASE, held) == held else int(wave.chunk(number)["rows"])
    if wave.ready is None:
        return 0
    has_key = opened.plan.objects[wave.name].external_id is not None
    found = _keyed(run, opened, wave, held) if has_key else _keyless(run, opened, wave, number, held)
    if not found:
        return 0
    with tables.connect(run.limits) as con:
        (count,) = con.execute(f"SELECT count(*) FROM ({found}) WHERE row_id IN ({_of_chunk(run, wave, number)})").fetchone() or (0,)
    return int(count)


def _of_chunk(run: ports.Run, wave: waves.Wave, number: int) -> str:
    """The query of the rows (row_id) of one chunk."""
    return outcome.rows_in(run, outcome.Standing([wave], {}), {number})[0]


def _keyed(run: ports.Run, opened: journal.Opened, wave: waves.Wave, held: int) -> str:
    """The query of an object's rows (row_id) whose keys others wrote since; "": they wrote none."""
    later = [*later_objects.written(run, opened, wave.name), *_of_others(run, opened, wave, held)]
    later = newer.of_links(later) if wave.sets_links else later
    return newer.rows(targets.staged_file(run, wave.name), later) if later else ""


def _keyless(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int, held: int) -> str:
    """The query of the rows (row_id) of a chunk without a key that may have come by another run since; "": there are none."""
    if wave.sets_links or not held or _told(run, wave) == held:
        return ""
    sent = run.scratch / f"{wave.name}-in-chunk.parquet"
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, f"SELECT row_id, '{chosen.SEND}' AS how FROM ({_of_chunk(run, wave, number)})", sent)
    # What a clear leaves of equal rows is a replay's, which knows all that are left; a replay must find what it found as it chose.
    left = choice.left(run, wave.name, choice.final(run, opened, wave.name)) if wave.replay else sent
    stay = elsewhere.since(run, opened, wave.name, wave.replay, sent, left)
    return f"SELECT row_id FROM {tables.parquet(stay.rows)}" if stay else ""


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
