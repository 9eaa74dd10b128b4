"""Planned rows of an undo that aren't done → looked at once more, and sent as the next wave.

A wave is sent by the call that planned it, seconds after its records were looked at. What a dead call left unsent is never
sent: its rows are looked at again, by a wave of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors, tables
from include.bulkload.ledger import entries, resume, undos, waves
from include.bulkload.load import chunks, fates
from include.bulkload.match import restored, since, undoing
from include.bulkload.steps import journal, leftovers, next_wave, outcome, rounds, submit, undo_look, undo_plan, undo_written

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from include.bulkload.steps import ports

ID = "Id"
ACTS = {waves.Kind.UNDO_RESTORE: undoing.RESTORE, waves.Kind.UNDO_DELETE: undoing.DELETE}
OPERATIONS = {waves.Kind.UNDO_RESTORE: "update", waves.Kind.UNDO_DELETE: "delete"}


@dataclass(frozen=True, slots=True)
class Undo:
    """One undo at work: the run, its plan, the number of the dry run that it obeys, that dry run's rows by object (stored files).

    `held`: the number of the lease; as long as it stays the same, no other run has written.
    """

    run: ports.Run
    opened: journal.Opened
    number: int
    rows: dict[str, dict[str, Any]]
    held: int = 0

    def planned(self, name: str) -> Path:
        """Bring an object's planned rows."""
        return journal.bring(self.run, self.rows[name])

    def waves(self, name: str, kind: waves.Kind) -> list[waves.Wave]:
        """The waves of this undo that did one thing to an object, in order."""
        standing = journal.waves_of(self.run, undos.place(name))
        return [wave for wave in standing if wave.kind is kind and wave.notes["plan"] == self.number]

    def has_begun(self) -> bool:
        """Whether it has planned anything that is sent."""
        return any(self.waves(name, kind) for name in self.rows for kind in ACTS)


def running(undo: Undo, name: str) -> list[str]:
    """Collect the jobs of an object's undoing that have ended, give up those that were never closed; which still run.

    What one did that is gone shows in the records, which are looked at before anything else is sent.
    """
    found = []
    for facts in journal.jobs(undo.run, undos.place(name)):
        try:
            leftovers.one(undo.run, undo.opened, facts, looks_again=True)
        except errors.JobStillRunning:
            found.append(facts.place.job_id)
    return found


def attempts(undo: Undo, name: str, kind: waves.Kind) -> list[str]:
    """The queries of what became of the rows, wave by wave."""
    jobs = resume.counting(journal.jobs(undo.run, undos.place(name)))
    return [fates.of_wave(each) for each in outcome.met(undo.run, outcome.Standing(undo.waves(name, kind), jobs))]


@dataclass(frozen=True, slots=True)
class Left:
    """How many rows aren't done, how often one of them was tried at most, and when they may be tried again (None: now)."""

    rows: int
    tried: int
    not_before: str | None


def left(undo: Undo, con: duckdb.DuckDBPyConnection, name: str, kind: waves.Kind) -> Left:
    """Fill the table `left_over` (row_id, sf_id) with what isn't done of an object."""
    each = undo.opened.plan.objects[name]
    known = resume.counting(journal.jobs(undo.run, undos.place(name)))
    jobs = [known[number] for wave in undo.waves(name, kind) for number in wave.numbers if number in known]
    worth = rounds.worth(each, [facts for facts in jobs if facts.has("matched")])
    rows, tried = undoing.left(con, undo.planned(name), ACTS[kind], attempts(undo, name, kind), worth, each.retry_rounds)
    if not rows or not tried:
        return Left(rows, tried, None)
    last = max(datetime.fromisoformat(facts.facts["ended"]["at"]) for facts in jobs if facts.has("ended"))
    pause = timedelta(seconds=undo.opened.plan.round_seconds * rounds.LONGER ** (tried - 1))
    return Left(rows, tried, (last + pause).isoformat(timespec="seconds"))


def send(undo: Undo, con: duckdb.DuckDBPyConnection, name: str, kind: waves.Kind, tried: int) -> list[str]:
    """Look at the rows of `left_over` again, send those that may be touched; the ids of their jobs, none if none may."""
    each = _restores(undo, con, name) if kind is waves.Kind.UNDO_RESTORE else _deletes(undo, con, name)
    run, number = undo.run, len(journal.waves_of(undo.run, undos.place(name)))
    local, aside = run.scratch / f"{name}-undo-{number}.parquet", run.scratch / f"{name}-undo-{number}-aside.parquet"
    set_aside = since.aside(con, each.judged, aside)
    room = rounds.job_bytes(undo.opened, tried) if tried else undo.opened.plan.job_bytes
    found = chunks.plan(con, each.query, each.columns, job_bytes=room, out_ready=local)
    place, begin = undos.place(name), sum(len(wave.chunks) for wave in journal.waves_of(run, undos.place(name)))
    planned = waves.Wave(
        name=place,
        number=number,
        kind=kind,
        operation=OPERATIONS[kind],
        external_id=None,
        columns=each.columns,
        key=entities.KeyColumn(ID, entities.KeyRule.RECORD_ID),
        ready=journal.keep(run, local, f"{place}/ready-{number:03d}.parquet") if found else None,
        chunks=tuple(next_wave.stored_chunk(run, place, one, begin + one.number, con, local, each.columns) for one in found),
        aside=journal.keep(run, aside, f"{place}/aside-{number:03d}.parquet") if set_aside else None,
        notes={"plan": undo.number, "tried": tried, waves.LEASE: undo.held, **_partly(undo, con, place, number, each)},
    )
    if journal.note(run, entries.wave(planned)) != planned.as_document():
        raise errors.JobTakenOver(f"another try plans wave {number} of {place}; the next try goes on after it")
    return [submit.chunk(run, place, chunk) for chunk in planned.numbers]


def _partly(undo: Undo, con: duckdb.DuckDBPyConnection, place: str, number: int, each: _Judged) -> dict[str, Any]:
    """Keep the rows that are restored in part (row_id): replays of earlier runs leave them alone."""
    if not each.by_field:
        return {}
    out = undo.run.scratch / f"{place}-{number}-partly.parquet"
    tables.write_parquet(con, f"SELECT row_id FROM {each.judged} WHERE state = '{since.DUE}' AND why IS NOT NULL ORDER BY row_id", out)
    return {undos.PARTLY: journal.keep(undo.run, out, f"{place}/partly-{number:03d}.parquet")}


@dataclass(frozen=True, slots=True)
class _Judged:
    """Rows after a look: the table of their verdicts (row_id, sf_id, state, why), the query of those that go, their columns.

    `by_field`: a row may go in part; `why` then says what stays.
    """

    judged: str
    query: str
    columns: tuple[str, ...]
    by_field: bool = False


def _deletes(undo: Undo, con: duckdb.DuckDBPyConnection, name: str) -> _Judged:
    """Look whether the records may still be deleted. Those that go later may hang on them, as long as nobody else touched them."""
    look = undo_look.look(undo.run, undo.opened, con)
    order = undo.opened.plan.order()
    for other in order[: order.index(name)]:
        due = f"act = '{undoing.DELETE}' AND state = '{since.DUE}'"
        con.execute(f"INSERT INTO later SELECT left(sf_id, 15) FROM {tables.parquet(undo.planned(other))} WHERE {due}")
    look.at(con, name, "left_over")
    since.keep_parents(con)
    return _Judged("candidates", since.lowest(con), (ID,))


def _restores(undo: Undo, con: duckdb.DuckDBPyConnection, name: str) -> _Judged:
    """Look whether the records still hold what the run wrote."""
    each = next(found for found in undo_written.of(undo.run, undo.opened) if found.name == name)
    values = f"(SELECT v.* FROM {tables.parquet(each.values)} AS v SEMI JOIN left_over AS l USING (row_id))" if each.values else "left_over"
    undo_plan.look(undo.run, undo.opened, con, each, values)
    names = tuple(dict.fromkeys(field.name for field in each.fields))
    return _Judged("rows", restored.ready(each.fields), (ID, *names), by_field=True)
