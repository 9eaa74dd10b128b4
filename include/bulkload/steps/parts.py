"""One object's entries in the run folder → its part of the summary: account, jobs, lists for people."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import lists, split
from include.bulkload.ledger import entries, resume, waves
from include.bulkload.load import job
from include.bulkload.match import orphans
from include.bulkload.report import listed, reconcile, summary
from include.bulkload.steps import gone, journal, outcome, rehearsal, skew, stops, unlinked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.steps import ports

# Rows that were stored twice: their number, and their list.
TWICE = "storedTwice"
LISTED = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT)


def of(run: ports.Run, opened: journal.Opened, name: str, only: Only | None = None) -> summary.Part:
    """Gather an object's part, or what a replay took of it. Reads only what the ledger names."""
    staged, standing = journal.staged(run, name), outcome.of(run, name)
    files = files_of(run, opened, name, standing)
    if only:
        files, standing = _narrowed(run, files, only), standing.of_turn(only.replay)
    with tables.connect(run.limits) as con:
        account = reconcile.account(con, files)
        lost = reconcile.not_through(con, _broken(run, standing), opened.plan.objects[name].transient)
        uris: dict[str, str | list[str]] = {str(fate): _list(run, con, files, opened, fate) for fate in LISTED if account.fates[fate]}
        uris |= _set_aside(run, con, files, opened, staged, standing)
        uris |= {TWICE: _twice(run, con, files, opened)} if account.stored_twice else {}
        told = [_job(facts, lost) for facts in (*standing.gone.values(), *standing.jobs.values())]
        rows = _rows(run, con, standing)
    notes = (
        ({TWICE: account.stored_twice} if account.stored_twice else {}) | _notes(run, standing, name) | _skew(run, opened, name, standing)
    )
    return summary.Part(name, account, told, uris, staged["changes"], rows, notes)


@dataclass(frozen=True, slots=True)
class Only:
    """What a replay took of an object: the replay's number, its rows (row_id)."""

    replay: int
    rows: Path


def _narrowed(run: ports.Run, files: reconcile.Files, only: Only) -> reconcile.Files:
    """The files of some rows' account."""
    part = run.scratch / f"{files.name}-taken.parquet"
    with tables.connect(run.limits) as con:
        taken = f"SELECT * FROM {tables.parquet(files.staged)} WHERE row_id IN (SELECT row_id FROM {tables.parquet(only.rows)})"
        rows = tables.write_parquet(con, taken, part)
    return dataclasses.replace(files, source_rows=rows, staged=part, complete=False, only_staged=True)


def files_of(run: ports.Run, opened: journal.Opened, name: str, standing: outcome.Standing) -> reconcile.Files:
    """Gather what an object's account is made from."""
    staged, voids = journal.staged(run, name), journal.voids(run, name)
    running, unsent = [], []
    for wave in standing.waves:
        if wave.ready is None or rehearsal.NOTE in wave.notes:
            continue
        ready, why = journal.bring(run, wave.ready), stops.why(run, name, wave.replay)
        for chunk in standing.chunks(wave):
            counts, void = chunk.number in standing.jobs, chunk.number in voids
            facts = standing.jobs.get(chunk.number) or standing.gone.get(chunk.number)
            said = (facts.place.job_id, gone.WHY if facts.is_gone else "") if facts else ("", why)
            if not counts and (facts is None or void):
                # Rows of a job that somebody aborted did come into one; others are somebody's to send.
                said = said if facts and facts.is_unwanted else ("", why)
                unsent.append(reconcile.Range(wave.number, ready, chunk, *said, void=void, inserts=wave.inserts))
            elif facts and not facts.has("matched"):
                running.append(reconcile.Range(wave.number, ready, chunk, *said, inserts=wave.inserts))
    first = next(iter(waves.turns(standing.waves)), [])
    whole = sum(wave.kind in waves.WHOLE for wave in first)
    # An object that only a replay began, and rows that an edited copy made fit to be sent, may have rows in no wave.
    is_own = bool(first) and not first[0].replay and "replay" not in staged
    return reconcile.Files(
        name=name,
        source_rows=staged["rows"],
        staged=journal.bring(run, staged["file"]),
        met=outcome.met(run, standing),
        running=running,
        unsent=unsent,
        complete=is_own and whole == first[0].notes.get("layers", 1),
        turns=_turns(run, opened, name, waves.turns(standing.waves)),
    )


def _turns(run: ports.Run, opened: journal.Opened, name: str, turns: Sequence[Sequence[waves.Wave]]) -> list[reconcile.Turn]:
    """An object's own turn, whether it ever began or not, and those of its replays."""
    own = [] if turns and turns[0][0].replay else turns[:1]
    told = [
        _turn(run, opened, name, turn, f"FROM {tables.parquet(journal.bring(run, turn[0].notes['layered']))}") for turn in turns[len(own) :]
    ]
    # Edited copies make rows fit that the run itself never had.
    was = journal.bring(run, journal.demand(run, entries.STAGED)["objects"][name]["file"])
    fine = f"FROM {tables.parquet(was)} WHERE {split.FINE}"
    return [_turn(run, opened, name, own[0] if own else [], fine), *told]


def _turn(run: ports.Run, opened: journal.Opened, name: str, turn: Sequence[waves.Wave], rows: str) -> reconcile.Turn:
    return reconcile.Turn(rows, stops.of_turn(run, name, turn), unlinked.rows(run, opened, name, turn))


def _list(run: ports.Run, con: duckdb.DuckDBPyConnection, files: reconcile.Files, opened: journal.Opened, fate: entities.Fate) -> str:
    """Write and store the rows of one fate for people; say where."""
    local = run.scratch / f"{files.name}-{fate}.csv"
    listed.of_fate(con, files, lists.cells(opened.plan.objects[files.name]), fate, local)
    return run.folder.uri(journal.keep(run, local, f"{files.name}/{fate}.csv")["name"])


def _twice(run: ports.Run, con: duckdb.DuckDBPyConnection, files: reconcile.Files, opened: journal.Opened) -> str:
    """Write and store the records of rows that were stored twice; say where."""
    local = run.scratch / f"{files.name}-twice.csv"
    listed.twice(con, files, lists.cells(opened.plan.objects[files.name]), local)
    return run.folder.uri(journal.keep(run, local, f"{files.name}/twice.csv")["name"])


def _set_aside(
    run: ports.Run,
    con: duckdb.DuckDBPyConnection,
    files: reconcile.Files,
    opened: journal.Opened,
    staged: dict[str, Any],
    standing: outcome.Standing,
) -> dict[str, str | list[str]]:
    """The lists of rows that were rejected or orphaned: one each, or several where several steps made them."""
    found: dict[str, list[str]] = {"rejected": [], "orphaned": []}
    if staged["rejected"] and reconcile.count(con, f"{tables.parquet(files.staged)} WHERE reason IS NOT NULL"):
        found["rejected"].append(run.folder.uri(staged["rejected_csv"]["name"]))
    any_aside = any(wave.notes["aside"].get("rejected") for wave in standing.waves)
    if any_aside and reconcile.count(con, f"final WHERE fate = '{entities.Fate.REJECTED}'"):
        found["rejected"].append(_list(run, con, files, opened, entities.Fate.REJECTED))
    found["orphaned"] = _orphans(run, con, files, opened, standing)
    return {fate: uris[0] if len(uris) == 1 else uris for fate, uris in found.items() if uris}


def _orphans(
    run: ports.Run, con: duckdb.DuckDBPyConnection, files: reconcile.Files, opened: journal.Opened, standing: outcome.Standing
) -> list[str]:
    """The lists of orphans: each wave's own, or after a replay one of those that still are."""
    asides = [wave for wave in standing.waves if wave.for_people and wave.aside]
    if not any(wave.replay for wave in standing.waves):
        return [run.folder.uri(wave.for_people["name"]) for wave in asides if wave.for_people]
    paths = [journal.bring(run, wave.aside) for wave in asides if wave.aside]
    still, local = run.scratch / f"{files.name}-still.parquet", run.scratch / f"{files.name}-orphaned.csv"
    cells = lists.cells(opened.plan.objects[files.name])
    if not listed.still_orphaned(con, paths, still):
        return []
    orphans.for_people(con, files.name, cells, files.staged, still, local)
    return [run.folder.uri(journal.keep(run, local, f"{files.name}/orphaned.csv")["name"])]


def _broken(run: ports.Run, standing: outcome.Standing) -> dict[str, Path]:
    """Bring the fates of the rows of jobs that ended Failed or Aborted."""
    found = {}
    for facts in standing.jobs.values():
        if facts.has("matched") and facts.last and job.end(facts.last).state is not entities.JobState.JOB_COMPLETE:
            found[facts.place.job_id] = journal.bring(run, facts.facts["matched"]["fates"])
    return found


def _job(facts: resume.JobFacts, lost: dict[str, int]) -> dict[str, Any]:
    """Say what is known of a job: its end in its own numbers, that it still runs, or that it is gone."""
    if facts.is_gone:
        return {"id": facts.place.job_id, "state": str(entities.JobState.GONE), "notThrough": lost.get(facts.place.job_id, 0)}
    if not facts.last:
        return {"id": facts.place.job_id, "state": summary.STILL_RUNNING}
    end = job.end(facts.last)
    told: dict[str, Any] = {"id": end.job_id, "state": str(end.state), "processed": end.processed, "failed": end.failed}
    told["notThrough"] = lost.get(end.job_id, 0)
    return told | ({"errorMessage": end.error_message} if end.error_message else {})


def _rows(run: ports.Run, con: duckdb.DuckDBPyConnection, standing: outcome.Standing) -> int:
    """Count the distinct rows that were in a closed job: later waves of a turn repeat rows of its first ones."""
    sent = [
        (wave, chunk)
        for wave in standing.waves
        for chunk in standing.chunks(wave)
        if wave.kind in waves.WHOLE and chunk.number in standing.jobs
    ]
    if not any(wave.replay for wave, _ in sent):
        return sum(chunk.rows for _, chunk in sent)
    rows = " UNION ".join(outcome.rows_in(run, standing, {chunk.number for _, chunk in sent}))
    return reconcile.count(con, f"({rows})")


def _skew(run: ports.Run, opened: journal.Opened, name: str, standing: outcome.Standing) -> dict[str, Any]:
    found = skew.of(run, opened.plan.objects[name], standing.waves)
    return {"skew": found} if found else {}


def _notes(run: ports.Run, standing: outcome.Standing, name: str) -> dict[str, Any]:
    """What else people should know of an object."""
    stopped = stops.last(run, name, standing.waves)
    found: dict[str, Any] = {"stopped": stopped} if stopped else {}
    edited = sum(int(wave.notes.get("edited", 0)) for wave in standing.waves)
    return found | ({"editedByOthers": edited} if edited else {})
