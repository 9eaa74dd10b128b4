"""What stands of an object → its next wave: linked, set aside, cut into jobs, in the ledger before anything is sent.

A wave that stands is obeyed; two tries that plan the same wave agree on the one that was created first.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries, replays, waves
from include.bulkload.load import chunks
from include.bulkload.match import chosen, link
from include.bulkload.steps import (
    bereaved,
    foreseen,
    ids,
    journal,
    kept_before,
    later_objects,
    outcome,
    rehearsal,
    rounds,
    sender,
    sending,
    set_aside,
    stops,
    targets,
    unlinked,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.steps import ports

Document = dict[str, Any]


def first(run: ports.Run, opened: journal.Opened, name: str) -> waves.Wave:
    """Plan an object's first wave, or read the one that stands; one of nothing, in no ledger, if another run sends what is left."""
    standing = run.folder.read(entries.wave_name(name, 0))
    if standing is None and not sender.is_this(run):
        return waves.Wave(name, 0, waves.Kind.FIRST, opened.plan.objects[name].operation, None, (), notes={"aside": {}})
    return waves.read(name, 0, standing or _noted(run, _first(run, opened, name)))


def following(run: ports.Run, opened: journal.Opened, name: str) -> waves.Wave | None:
    """Plan what an object's settling sends next; None: nothing.

    A round of rows that failed for a passing reason, a layer of its own, a second pass that ends here. All jobs of the
    waves that stand must have been collected.
    """
    standing = journal.waves_of(run, name)
    turn = waves.turn(standing)
    if not turn:
        return None
    if not stops.of_turn(run, name, turn):
        again = _round(run, opened, name) or _bereaved(run, opened, name)
        if again is not None:
            return again
        number = sum(wave.kind in waves.WHOLE for wave in turn)
        if number < turn[0].notes.get("layers", 1):
            return waves.read(name, len(standing), _noted(run, _layer(run, opened, name, standing, number)))
    # What stops an object keeps no second pass of others back that ends with it.
    for other in [each for each in opened.plan.order() if opened.plan.last_pass_in(each) == name]:
        if stops.of_turn(run, other, waves.turn(journal.waves_of(run, other))):
            continue
        due = (_round(run, opened, other, of_links=True) if other != name else None) or _second_pass(run, opened, other)
        if due is not None:
            return due
    return None


def _round(run: ports.Run, opened: journal.Opened, name: str, *, of_links: bool = False) -> waves.Wave | None:
    """Plan another round of a wave of an object's turn, if any of its rows is worth one; `of_links`: of its second passes alone."""
    standing, again = outcome.of(run, name), run.scratch / f"{name}-again.parquet"
    for wave in waves.turn(standing.waves):
        if (wave.sets_links or not of_links) and rounds.due(run, opened.plan.objects[name], standing, wave, again):
            return _again(run, opened, standing.waves, wave, again)
    return None


def _again(run: ports.Run, opened: journal.Opened, standing: list[waves.Wave], of: waves.Wave, rows: Path) -> waves.Wave:
    """Plan the round after a wave, with these of its rows."""
    how, number = sending.How(of.operation, of.external_id, of.columns, of.key), rounds.number(of) + 1
    notes = {"round": number, "not_before": rounds.not_before(run, opened, number), "of": of.notes.get("of", str(of.kind))}
    notes |= {rounds.BASE: rounds.base(of)} | _of_turn(standing)
    part = Part(len(standing), waves.Kind.ROUND, notes=notes, begin=_chunks(standing))
    cut = Rows(f"SELECT * FROM {tables.parquet(rows)}", of.columns, job_bytes=rounds.job_bytes(opened, number))
    return waves.read(of.name, part.number, _noted(run, _cut(run, opened, of.name, part, how, cut)))


def _of_turn(standing: list[waves.Wave]) -> Document:
    """What each wave of a turn notes of it: which replay it is, if it is one."""
    return {"replay": standing[-1].replay} if standing[-1].replay else {}


def _noted(run: ports.Run, planned: waves.Wave) -> Document:
    if planned.chunks:
        first = entries.chunk_prefix(planned.name, planned.numbers[0])
        journal.not_lost(run, entries.wave_name(planned.name, planned.number), f"ledger/{planned.name}/chunk-", first)
    return journal.note(run, entries.wave(planned))


def _first(run: ports.Run, opened: journal.Opened, name: str) -> waves.Wave:
    staged = targets.staged_file(run, name)
    notes = foreseen.layered(run, opened, name)
    if notes is None:
        return _sent(run, opened, name, Part(0, waves.Kind.FIRST), staged)
    return _sent(run, opened, name, Part(0, waves.Kind.FIRST, _in_layer(journal.bring(run, notes["layered"]), 0), notes), staged)


def replayed(
    run: ports.Run, opened: journal.Opened, name: str, replay: replays.Replay, rows: Path, refused: Sequence[Path], more: Document
) -> waves.Wave:
    """Open another turn of an object, with the rows that a replay takes (row_id, how); the wave that stands then, maybe another's.

    `refused`: files of rows that are set aside, with their fate; `more`: what else the wave notes. All jobs of the waves that stand
    must have been collected, so that the Ids are known that they gave. Raises PlanError if edited rows hang on each other too deep.
    """
    standing, staged = journal.waves_of(run, name), targets.staged_file(run, name)
    out, work = run.scratch / f"{name}-layered.parquet", run.scratch / f"{name}-layers.parquet"
    with tables.connect(run.limits) as con:
        count = chosen.layered(con, rows, staged, opened.plan.links_within(name), work, out)
        foreseen.not_too_deep([(name, count)])
        sent = chosen.counts(con, rows)[chosen.SEND]
    layered = journal.keep(run, out, f"{name}/layers.parquet")
    notes = {"replay": replay.number, "by": replay.by, "layers": count, "layered": layered, **more}
    part = Part(len(standing), waves.Kind.REPLAY, _in_layer(out, 0), notes, _chunks(standing), tuple(refused))
    if sent:
        return waves.read(name, part.number, _noted(run, _sent(run, opened, name, part, staged)))
    # Nothing goes as a whole: the org needn't be asked, and the memory needn't be looked into.
    how = sending.of(opened, name)
    columns = how.columns(())
    cells = ", ".join(f"NULL::VARCHAR AS {tables.cell(column)}" for column in columns)
    nothing = f"SELECT NULL::BIGINT AS row_id, NULL::VARCHAR AS key, NULL::BIGINT AS parent_row, {cells} WHERE false"
    planned = _cut(run, opened, name, part, how, Rows(nothing, columns, part.asides))
    return waves.read(name, part.number, _noted(run, planned))


def _bereaved(run: ports.Run, opened: journal.Opened, name: str) -> waves.Wave | None:
    """Set aside the children of the last wave that were refused because a remembered parent is gone; None: there are none."""
    standing = outcome.of(run, name)
    together = rounds.family(standing.waves, standing.waves[-1])
    if together[0].ready is None or together[0].kind is waves.Kind.BEREAVED:
        return None
    kin = targets.kin(run, opened, name, together[0].columns)
    if not kin:
        return None
    aside, number = run.scratch / f"{name}-bereaved.parquet", len(standing.waves)
    settled = [path for met in outcome.met(run, standing.only(together)) for path in met.settled]
    if not bereaved.orphans(run, opened, name, settled, journal.bring(run, together[0].ready), kin, aside):
        return None
    stored, for_people, lost = set_aside.kept(run, opened, name, number, [aside])
    first = together[0]
    planned = dataclasses.replace(
        first, number=number, kind=waves.Kind.BEREAVED, ready=None, chunks=(), aside=stored, for_people=for_people
    )
    noted = _noted(run, dataclasses.replace(planned, notes={"aside": lost} | _of_turn(standing.waves)))
    return waves.read(name, number, noted)


def _layer(run: ports.Run, opened: journal.Opened, name: str, standing: list[waves.Wave], number: int) -> waves.Wave:
    """Plan the rows of one layer: those whose parents of the same object stand in the layers before."""
    layered = journal.bring(run, waves.turn(standing)[0].notes["layered"])
    notes = {"layer": number} | _of_turn(standing)
    part = Part(len(standing), waves.Kind.LAYER, _in_layer(layered, number), notes, _chunks(standing))
    return _sent(run, opened, name, part, targets.staged_file(run, name))


def _chunks(standing: list[waves.Wave]) -> int:
    """How many chunks there are: the number of the next one."""
    return sum(len(wave.chunks) for wave in standing)


def _in_layer(layered: Path, number: int) -> str:
    return f"(SELECT row_id, cut FROM {tables.parquet(layered)} WHERE layer = {number})"


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of an object a wave is about.

    Its number, kind, rows (SQL; None: all), notes, number of its first chunk, files of rows that are set aside before they are linked.
    """

    number: int
    kind: waves.Kind
    wanted: str | None = None
    notes: Document = dataclasses.field(default_factory=dict)
    begin: int = 0
    asides: tuple[Path, ...] = ()


def _sent(run: ports.Run, opened: journal.Opened, name: str, part: Part, staged: Path) -> waves.Wave:
    """Link the rows of a wave, set aside what can't be sent, cut the rest into jobs."""
    how, each = sending.of(opened, name), opened.plan.objects[name]
    aside = run.scratch / f"{name}-{part.number}-aside.parquet"
    replay = int(part.notes.get("replay", 0))
    found = targets.of(run, opened, name, staged, part.wanted, replay=replay)
    with tables.connect(run.limits) as con:
        linked = link.resolve(con, staged, name, list(each.fields), found, part.wanted, aside)
    columns = how.columns(linked.columns)
    ready = sending.prepared(run, opened, name, linked.ready, columns, replay=replay)
    first_rows = each.canary_rows if part.kind is waves.Kind.FIRST else 0
    rows = Rows(ready.query, columns, (aside, *part.asides, *ready.asides), first_rows=first_rows)
    return _cut(run, opened, name, dataclasses.replace(part, notes={**part.notes, **ready.notes}), how, rows)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a wave is cut from: the query of its rows, their columns, files of rows set aside, the largest job, the first job's rows."""

    query: str
    columns: Sequence[str]
    asides: Sequence[Path] = ()
    job_bytes: int = 0
    first_rows: int = 0


def _cut(run: ports.Run, opened: journal.Opened, name: str, part: Part, how: sending.How, rows: Rows) -> waves.Wave:
    """Cut a wave's rows into jobs and store their CSVs; store what is set aside."""
    sized, room = run.scratch / f"{name}-{part.number}-ready.parquet", rows.job_bytes or opened.plan.job_bytes
    with tables.connect(run.limits) as con:
        found = chunks.plan(con, rows.query, rows.columns, job_bytes=room, out_ready=sized, first_rows=rows.first_rows)
        keep = _only_planned if opened.plan.dry_run else stored_chunk
        stored = [keep(run, name, each, part.begin + each.number, con, sized, rows.columns) for each in found]
    aside, for_people, lost = set_aside.kept(run, opened, name, part.number, rows.asides)
    place, more = (name, part.number), {}
    if found and opened.plan.dry_run:
        more = rehearsal.noted(run, opened, place, sized, rows.columns)
    elif found:
        more = kept_before.notes(run, opened, place, how, rows.columns, sized)
    return waves.Wave(
        name=name,
        number=part.number,
        kind=part.kind,
        operation=how.operation,
        external_id=how.external_id,
        columns=tuple(rows.columns),
        key=how.key,
        ready=journal.keep(run, sized, f"{name}/ready-{part.number:03d}.parquet") if found else None,
        chunks=tuple(stored),
        aside=aside,
        for_people=for_people,
        notes=part.notes | {"aside": lost} | more,
    )


def stored_chunk(
    run: ports.Run, name: str, each: entities.Chunk, number: int, con: duckdb.DuckDBPyConnection, ready: Path, columns: Sequence[str]
) -> Document:
    """Write and store the CSV of one chunk; its document in the wave. `number`: through all waves of the object."""
    local = run.scratch / f"{name}-chunk-{number:05d}.csv"
    chunks.write(con, ready, each, columns, local)
    kept = journal.keep(run, local, f"{name}/chunks/{number:05d}.csv")
    local.unlink(missing_ok=True)
    return {**dataclasses.asdict(each), "number": number, "csv": kept}


def _only_planned(_run: ports.Run, _name: str, each: entities.Chunk, number: int, *_: Any) -> Document:
    """A chunk of a dry run: nobody will send it."""
    return {**dataclasses.asdict(each), "number": number, "csv": None}


def _second_pass(run: ports.Run, opened: journal.Opened, name: str) -> waves.Wave | None:
    """Plan the pass that sets an object's cut links; one more for records that came since the last; None: there are none."""
    standing = journal.waves_of(run, name)
    turn = waves.turn(standing)
    if not turn or not unlinked.links_later(opened, name):
        return None
    known = ids.stored(run, name)
    records = unlinked.records(run, opened, name, turn, known)
    if records is None:
        return None
    staged, number, wanted = targets.staged_file(run, name), len(standing), unlinked.wanted(run, turn)
    aside, records = run.scratch / f"{name}-{number}-aside.parquet", later_objects.without(run, opened, name, records)
    found = targets.of(run, opened, name, staged, wanted, waited=True, replay=turn[0].replay)
    with tables.connect(run.limits) as con:
        linked = link.second_pass(con, staged, name, found, wanted, records, aside)
    key = entities.KeyColumn(sending.ID, entities.KeyRule.RECORD_ID)
    how = sending.How("update", None, (sending.ID,), key)
    part = Part(number, waves.Kind.LINKS, notes={unlinked.LOOKED_AT: known} | _of_turn(turn), begin=_chunks(standing))
    ready = sending.changed_links(run, opened, name, linked.ready, linked.columns, replay=turn[0].replay)
    planned = _cut(run, opened, name, part, how, Rows(ready, linked.columns, (aside,)))
    return waves.read(name, planned.number, _noted(run, planned))
