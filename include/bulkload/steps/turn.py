"""What a run left of an object, and what a replay chose of it → the replay's turn, opened with what is still to be sent.

Between its choice and its jobs a replay may have stood still for days, its run marked failed and cleared. Rows whose keys later
runs have had since aren't sent any more: what they wrote is newer.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.ledger import entries, replays, waves
from include.bulkload.match import chosen
from include.bulkload.steps import (
    choice,
    elsewhere,
    journal,
    later_edits,
    later_objects,
    later_runs,
    leftovers,
    next_wave,
    outcome,
    targets,
    unlinked,
)

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports

Document = dict[str, Any]
# What a wave that opens a turn says of it: which chosen rows were overtaken until then; how many of these may be another run's.
OVERTAKEN, HELD = "overtaken", "held"


@dataclass(frozen=True, slots=True)
class Turn:
    """One object's turn of a replay: the run, its plan, the replay, the object, the number of the lease that is held (0: there is none)."""

    run: ports.Run
    opened: journal.Opened
    replay: replays.Replay
    name: str
    held: int

    def opening(self) -> waves.Wave | None:
        """The wave that opened it last."""
        return waves.opening(journal.waves_of(self.run, self.name), self.replay.number)

    def is_alone(self, said: Document) -> bool:
        """Whether no other run can have written since that was said: the lease is the same."""
        return bool(self.held) and said.get(waves.LEASE) == self.held


def open_up(turn: Turn) -> bool:
    """Open an object's turn, or open it once more without what was overtaken since; False if jobs must end first."""
    told = journal.demand(turn.run, replays.name(turn.replay.number, replays.CHOSEN))
    while not _goes_on(turn, told["objects"][turn.name]):
        if settled(turn.run, turn.opened, turn.name):
            return False
        _opened(turn, told)
    return True


def _goes_on(turn: Turn, told: Document) -> bool:
    """Whether the turn is open, and nothing that it is still to send was overtaken."""
    opening = turn.opening()
    if opening is None or turn.is_alone(opening.notes):
        return opening is not None
    return _left(turn, told)[1] is None


def _opened(turn: Turn, told: Document) -> None:
    each, opening = told["objects"][turn.name], turn.opening()
    rows, late, held = journal.bring(turn.run, each["rows"]), None, dict[str, int]()
    # Unless another run wrote meanwhile, this one was cleared and sent something itself, or the counts of an aborted job have moved,
    # what was chosen is what is left.
    has_moved = outcome.of(turn.run, turn.name).mark != each["mark"]
    if opening or not turn.is_alone(told) or has_moved:
        rows, late, held = _left(turn, each)
    # Once is enough for those whose edit was refused.
    refused = [journal.bring(turn.run, each["refused"])] if each["refused"] and not opening else []
    notes: Document = {waves.LEASE: turn.held}
    if late:
        notes |= {OVERTAKEN: journal.keep(turn.run, late, f"{turn.name}/overtaken.parquet"), HELD: held}
    next_wave.replayed(turn.run, turn.opened, turn.name, turn.replay, rows, refused, notes)


def _left(turn: Turn, told: Document) -> tuple[Path, Path | None, dict[str, int]]:
    """Those of the chosen rows that are left now (row_id, how), those of them that were overtaken, None: there are none; `Stay.held`."""
    run, name = turn.run, turn.name
    now, still, late = (run.scratch / f"{name}-{part}.parquet" for part in ("now", "still", "late"))
    left = choice.left(run, name, choice.final(run, turn.opened, name))
    with tables.connect(run.limits) as con:
        ours = f"SELECT row_id FROM {tables.parquet(journal.bring(run, told['rows']))} WHERE how != '{chosen.REFUSED}'"
        gone = " UNION ALL ".join([tables.NO_ROWS, *map(_rows, overtaken(run, name, turn.replay.number))])
        query = f"FROM {tables.parquet(left)} SEMI JOIN ({ours}) USING (row_id) ANTI JOIN ({gone}) USING (row_id) ORDER BY row_id"
        if not tables.write_parquet(con, query, now):
            return now, None, {}
    marked, held = _marked(turn, now, left)
    if marked is None:
        return now, None, {}
    with tables.connect(run.limits) as con:
        for how, out in (("!=", still), ("=", late)):
            tables.write_parquet(con, f"FROM {tables.parquet(marked)} WHERE how {how} '{chosen.SUPERSEDED}' ORDER BY row_id", out)
    return still, late, held


def _marked(turn: Turn, now: Path, left: Path) -> tuple[Path | None, dict[str, int]]:
    """Write what is left now, with what other runs have had since as superseded, None: there is none of that; `Stay.held`.

    `left`: all that is left of the object.
    """
    run, name, by_itself = turn.run, turn.name, turn.replay.by_itself
    newer, edited = (later_runs.named, later_edits.named) if by_itself else (later_runs.written, later_edits.written)
    # Rows that its own edited copy names are newer than what was edited in earlier runs before; what only waited for them isn't.
    later = [each for keys in (newer, edited) for each in keys(run, turn.opened, name)[name]]
    later += later_objects.written(run, turn.opened, name)
    # A newer plan may know the records by another field since.
    lost_sight = by_itself and not choice.is_known(run, turn.opened, name)
    late = None if lost_sight else elsewhere.since(run, turn.opened, name, turn.replay.number, now, left)
    stay = now if lost_sight else late.rows if late else None
    marked, out = (run.scratch / f"{name}-{part}.parquet" for part in ("marked", "all-marked"))
    with tables.connect(run.limits) as con:
        found = chosen.superseded(con, now, targets.staged_file(run, name), later, marked)
        if stay is None:
            return (marked if found else None), {}
        how = f"CASE WHEN row_id IN ({_rows(stay)}) THEN '{chosen.SUPERSEDED}' ELSE how END AS how"
        tables.write_parquet(con, f"SELECT * REPLACE ({how}) FROM {tables.parquet(marked)}", out)
    return out, late.held if late else {}


def _rows(path: Path) -> str:
    return f"SELECT row_id FROM {tables.parquet(path)}"


def overtaken(run: ports.Run, name: str, number: int) -> list[Path]:
    """Bring the rows of an object (row_id) that replay `number` chose and later runs have had since."""
    own = [wave for wave in journal.waves_of(run, name) if wave.replay == number]
    return [journal.bring(run, wave.notes[OVERTAKEN]) for wave in own if OVERTAKEN in wave.notes]


def held(run: ports.Run, name: str, number: int) -> collections.Counter[str]:
    """How many of an object's rows replay `number` chose and left, as they may be another run's by now: by that one's id."""
    own = [wave for wave in journal.waves_of(run, name) if wave.replay == number]
    return sum((collections.Counter(wave.notes.get(HELD, {})) for wave in own), collections.Counter())


def taken(run: ports.Run, name: str, number: int, rows: Path) -> tuple[Path, int]:
    """What a replay has taken of its chosen `rows` (row_id, how) after all, and how many it left since other runs had them."""
    out = run.scratch / f"{name}-{number}-taken.parquet"
    gone = overtaken(run, name, number)
    if not gone:
        return rows, 0
    with tables.connect(run.limits) as con:
        union = " UNION ALL ".join(map(_rows, gone))
        (late,) = con.execute(f"SELECT count(*) FROM ({union})").fetchone() or (0,)
        tables.write_parquet(con, f"FROM {tables.parquet(rows)} ANTI JOIN ({union}) USING (row_id) ORDER BY row_id", out)
    return out, int(late)


def is_done(run: ports.Run, opened: journal.Opened, name: str, number: int) -> bool:
    """Whether nothing that a replay takes of an object is to be sent or collected any more."""
    standing, voids = outcome.of(run, name), journal.voids(run, name)
    own = [wave for wave in standing.waves if wave.replay == number]
    last = waves.turns(own)[-1] if own else []
    if not last or sum(wave.kind in waves.WHOLE for wave in last) < last[0].notes["layers"]:
        return False
    if unlinked.links_later(opened, name) and not any(wave.kind is waves.Kind.LINKS for wave in last):
        return False
    numbers = {chunk for wave in own for chunk in wave.numbers}
    # A turn that was opened once more has made void what the one before hadn't sent.
    numbers -= voids - {chunk for wave in last for chunk in wave.numbers}
    # Nor does any task send again what somebody aborted before it was gone.
    numbers -= {chunk for chunk, facts in standing.gone.items() if chunk in voids and facts.is_unwanted}
    return all(chunk in standing.jobs and standing.jobs[chunk].has("matched") for chunk in numbers)


def settled(run: ports.Run, opened: journal.Opened, name: str) -> list[str]:
    """Collect all jobs of an object, make void what was never sent; ids of those that still run. If none does, its Ids may be learnt."""
    standing = outcome.of(run, name)
    for wave in standing.waves:
        for number in wave.numbers:
            if number not in standing.jobs:
                journal.note(run, entries.void(name, number, run.now()))
    # Only now: a job that was begun meanwhile is seen, or sees that its chunk is void.
    waiting = collected(run, opened, name)
    after = outcome.of(run, name)
    for number in after.gone.keys() - after.jobs.keys():
        # What a job that is gone carried goes by the replay.
        journal.note(run, entries.void(name, number, run.now()))
    if waiting or not after.waves:
        return waiting
    # Another try may plan and send at the same time: what it has added since isn't collected yet.
    if after.sent != standing.sent:
        return settled(run, opened, name)
    journal.note(run, entries.settled(name, after.sent))
    return []


def collected(run: ports.Run, opened: journal.Opened, name: str) -> list[str]:
    """Collect what has ended of an object's jobs, give up what nobody closed; ids of those that still run. Nothing becomes void."""
    return [facts.place.job_id for facts in journal.jobs(run, name) if not _tidied(run, opened, facts)]


def _tidied(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> bool:
    """Bring a job as far as it can go; False if it still runs. What a person must look at stays in doubt.

    Of an aborted job that was collected, and can't be looked at again, rows would be sent that it may have written: then it raises.
    """
    try:
        leftovers.one(run, opened, facts)
    except errors.JobStillRunning:
        return False
    except errors.MustStop:
        if facts.has("matched"):
            raise
    return True
