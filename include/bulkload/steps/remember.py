"""A run that was settled, as far as it got → what it leaves for later runs: a new generation per object with `changed_only`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import same_records
from include.bulkload.ledger import entries, waves
from include.bulkload.match import changes, remembered
from include.bulkload.steps import generations, journal, memory, outcome, own_times, shared_records, untold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.steps import ports

Document = dict[str, Any]
RACES = 5
# Of an object that the run never came to: what others wrote is told to it all the same.
NOT_LOOKED: Document = {"generation": None, "untold": []}


def objects(run: ports.Run, opened: journal.Opened) -> dict[str, int]:
    """Remember what this run, or its last replay, loaded; rows remembered of each object of which more has come to stand since.

    Call it whenever nothing of the run is sent for now; as long as nothing more was settled, another call adds nothing. An earlier
    turn was remembered before the one after it looked. Raises LedgerDamaged.
    """
    watched = [name for name, each in opened.plan.objects.items() if each.changed_only]
    if opened.plan.dry_run or not watched:
        return {}
    ours = own_times.of(run, opened.plan.objects)
    turns = [_turn(run, opened, name, replay, ours) for name in watched if (replay := _last_turn(run, opened, name)) is not None]
    return {each.name: _remembered(each) for each in turns if run.folder.read(each.entry) is None}


def _last_turn(run: ports.Run, opened: journal.Opened, name: str) -> int | None:
    """Who of the run (0) and its replays looked into the memory last; 0 too if nobody did, but the sobject was written; else None."""
    turns = {0, *(wave.replay for wave in journal.waves_of(run, name))}
    looked = max((each for each in turns if run.folder.read(memory.compared_name(name, each)) is not None), default=None)
    if looked is None and any(journal.jobs(run, other) for other in same_records.beside(opened.plan, name)):
        return 0
    return looked


def gone_prefix(name: str) -> str:
    """Where it stands which remembered records of an object turned out to be gone."""
    return f"ledger/{name}/gone-"


@dataclass(frozen=True, slots=True)
class _Turn:
    """One object as a run, or a replay of it by its number, left it.

    What stands of it; entries that name remembered records which turned out to be gone; `ours`: when all jobs of the run wrote;
    `others`: what other objects sent over its records.
    """

    run: ports.Run
    opened: journal.Opened
    name: str
    replay: int
    standing: outcome.Standing
    gone: Sequence[str]
    ours: Sequence[Document]
    others: Sequence[str]

    @property
    def mark(self) -> str:
        """Name what would be remembered: as long as it is the same, so is that."""
        told = json.dumps([self.standing.mark, self.gone, self.ours, self.others])
        return hashlib.sha256(told.encode()).hexdigest()[: outcome.DIGITS]

    @property
    def entries(self) -> str:
        """Where it stands what was remembered of this turn."""
        return f"ledger/{self.name}/remembered-{self.replay:03d}-"

    @property
    def entry(self) -> str:
        """Where it stands that this is remembered."""
        return f"{self.entries}{self.mark}.json"


def _turn(run: ports.Run, opened: journal.Opened, name: str, replay: int, ours: Sequence[Document]) -> _Turn:
    gone, others = run.folder.names(gone_prefix(name)), shared_records.mark(run, opened, name)
    return _Turn(run, opened, name, replay, outcome.of(run, name).of_turn(replay), gone, ours, others)


def _unheard(turn: _Turn) -> set[int]:
    """The chunks whose job wrote, or may have, after the turn was remembered before."""
    heard = {job for each in turn.run.folder.names(turn.entries) for job in journal.demand(turn.run, each)["jobs"]}
    numbers = {number for wave in turn.standing.waves for number in wave.numbers}
    jobs = [facts.place for facts in journal.jobs(turn.run, turn.name) if not facts.is_replaced]
    return {place.number for place in jobs if place.number in numbers and place.job_id not in heard}


def _remembered(turn: _Turn) -> int:
    """Write an object's new generation, or find that an earlier try of this turn did."""
    run, kept, where = turn.run, generations.demanded(turn.run, turn.name), generations.place(turn.opened, turn.name)
    compared = run.folder.read(memory.compared_name(turn.name, turn.replay)) or NOT_LOOKED
    for _ in range(RACES):
        number, document = generations.newest(kept, where)
        is_own = document.get("run") == untold.writer(run, turn.replay)
        if is_own and document["mark"] == turn.mark:
            return _noted(turn, compared, {"generation": number, "rows": document["rows"]})
        if compared is NOT_LOOKED and not document:
            return _noted(turn, compared, {"generation": 0, "rows": 0})
        # As long as nobody else has written since the look, all that this turn wrote is told anew, whole.
        is_newest = number == compared["generation"] or (is_own and document["alone"])
        base = journal.bring(run, compared["known"]) if is_newest else generations.file(kept, document, run.scratch)
        account, out = _account(turn, None if is_newest else _unheard(turn)), run.scratch / f"{turn.name}-memory.parquet"
        with tables.connect(run.limits) as con:
            rows = remembered.write(con, base, account, newest=is_newest, out=out)
        written = _generation(run, compared if is_newest else {**compared, **document}, turn.ours, rows)
        written |= {"run": untold.writer(run, turn.replay), "mark": turn.mark, "alone": is_newest}
        written["file"] = kept.put(out, f"{where}/rows.parquet").as_document()
        try:
            generations.add(kept, where, number + 1, written)
        except FileExistsError:
            continue
        return _noted(turn, compared, {"generation": number + 1, "rows": rows})
    raise errors.NetworkFault(f"{kept.uri(where)}: other runs write here again and again; the next try goes on")


def _generation(run: ports.Run, before: Document, ours: Sequence[Document], rows: int) -> Document:
    """Say what a generation says besides its file: up to when the org's changes are known, and which of them are ours."""
    seen = before["seen"] or min((each["begin"] for each in ours), default=None)
    since = (datetime.fromisoformat(seen) - memory.OVERLAP).isoformat(timespec="seconds") if seen else ""
    recent = [each for each in own_times.merged([*before["windows"], *ours]) if each["end"] >= since]
    return {"format": 1, "at": run.now(), "rows": rows, "seen": seen, "windows": recent}


def _noted(turn: _Turn, compared: Document, said: Document) -> int:
    """Note that it is done, and take the marks away of those runs that are accounted for now."""
    run, is_first = turn.run, not turn.run.folder.names(turn.entries)
    heard = sorted(facts.place.job_id for facts in turn.standing.jobs.values() if facts.has("matched"))
    journal.note(run, entries.Entry(turn.entry, said | {"jobs": heard}))
    untold.take(run, turn.opened, turn.name, turn.replay)
    # Later, such a mark may be a new one: of a run that was cleared meanwhile.
    for each in compared["untold"] if is_first else ():
        generations.demanded(run, turn.name).remove(each)
    return int(said["rows"])


def _account(turn: _Turn, only: set[int] | None) -> remembered.Account:
    """Gather the waves of a turn: the rows as they were to be sent, and what became of them. `only`: those of some chunks; None: all."""
    found = [_wave(turn, wave, only) for wave in turn.standing.waves]
    gone = [journal.bring(turn.run, journal.demand(turn.run, each)["file"]) for each in turn.gone]
    return remembered.Account(found, gone, shared_records.of(turn.run, turn.opened, turn.name))


def _wave(turn: _Turn, wave: waves.Wave, only: set[int] | None) -> remembered.Wave:
    run, opened, jobs = turn.run, turn.opened, turn.standing.jobs
    matched = [jobs[number].facts["matched"] for number in wave.numbers if number in jobs and jobs[number].has("matched")]
    fates = [journal.bring(run, each) for each in ([wave.aside] if wave.aside else []) + [each["fates"] for each in matched]]
    if wave.ready is None or wave.kind not in {*waves.WHOLE, waves.Kind.LINKS}:
        return remembered.Wave(fates=fates)
    return remembered.Wave(
        journal.bring(run, wave.ready),
        changes.digest(wave.columns, memory.seed(opened, wave.name, wave.columns)),
        links=wave.kind is waves.Kind.LINKS,
        tells=" OR ".join(f"coalesce({tables.cell(each)}, '') != ''" for each in _waiting(opened, wave)) or "false",
        only=_only(wave, only),
        fates=fates,
    )


def _only(wave: waves.Wave, numbers: set[int] | None) -> str:
    """Which rows of a wave some chunks hold, in SQL; None: all."""
    if numbers is None or numbers >= set(wave.numbers):
        return "true"
    return " OR ".join(f"({journal.chunk(wave.chunk(each)).condition})" for each in wave.numbers if each in numbers) or "false"


def _waiting(opened: journal.Opened, wave: waves.Wave) -> list[str]:
    """The columns of a wave whose links wait for a second pass in some rows: those to rows of the object itself, or cut beside others."""
    links = opened.plan.objects[wave.name].numbered_links
    fields = [field for _, field, nth, one in links if one.object == wave.name or opened.plan.is_cut(wave.name, field, nth)]
    return [each for each in dict.fromkeys(fields) if each in wave.columns]
