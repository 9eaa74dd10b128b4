"""An object's closed jobs → their results fetched whole, the fate of each row in stored files, and what must go next.

Results live seven days: they are fetched as soon as a job has ended, and kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors, tables
from include.bulkload.ledger import entries, resume, waves
from include.bulkload.load import job, recovery, results
from include.bulkload.steps import doubt, journal, next_wave, outcome, rehearsal, submit, wait

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.steps import ports


def advance(run: ports.Run, name: str) -> dict[str, Any]:
    """Collect what has ended of an object; send what must go next (see `next_wave.following`).

    Returns {"waiting": [job id, ...], "not_before": ISO time or None, "tally": {fate: rows}}: call again when those
    jobs have ended and that time has come, until there is neither. Raises JobStillRunning if a job of the first wave
    hasn't finished (a waiting task was marked success), ResultsIncomplete if results don't add up yet,
    ContradictingIds if they fit no row.
    """
    opened = journal.opened(run)
    if opened.plan.dry_run:
        return _rehearsed(run, opened, name)
    while True:
        found = _collected(run, opened, name)
        if found["waiting"] or found["not_before"]:
            return found
        _note_settled(run, opened, name)
        if next_wave.following(run, opened, name) is None:
            return found


def _rehearsed(run: ports.Run, opened: journal.Opened, name: str) -> dict[str, Any]:
    """Plan all that a dry run would send next; there is nothing to wait for."""
    asking, org = rehearsal.counting(run)
    _note_settled(run, opened, name)
    while next_wave.following(asking, opened, name) is not None:
        _note_settled(run, opened, name)
    rehearsal.asked(run, name, "later", org.queries)
    return {"waiting": [], "not_before": None, "tally": {}}


def _note_settled(run: ports.Run, opened: journal.Opened, name: str) -> None:
    """Note that nothing of the waves so far is open, for this object and those whose second pass ends with it."""
    for other in _objects(opened, name):
        if seen := len(journal.waves_of(run, other)):
            journal.note(run, entries.settled(other, seen))


def _collected(run: ports.Run, opened: journal.Opened, name: str) -> dict[str, Any]:
    """Settle all jobs that this object's settling is about, submitting those of later waves that are due."""
    found: dict[str, Any] = {"waiting": [], "not_before": None, "tally": {}}
    for wave, standing, voids in _waves(run, opened, name):
        not_before = wave.notes.get("not_before")
        due = [number for number in wave.numbers if number not in voids or number in standing.jobs]
        if not_before and due and due[0] not in standing.jobs and run.clock() < datetime.fromisoformat(not_before):
            found["not_before"] = not_before
            break
        for number in due:
            facts = standing.jobs.get(number)
            if facts is None and wave.kind is not waves.Kind.FIRST:
                facts = _submitted(run, wave, number)
            if facts is not None and not _tallied(run, opened, wave, facts, found) and wave.kind is waves.Kind.ROUND:
                # Jobs of a round go one after the other, so that they don't lock each other's parents.
                break
    return found


def _tallied(run: ports.Run, opened: journal.Opened, wave: waves.Wave, facts: resume.JobFacts, found: dict[str, Any]) -> bool:
    """Settle one job into what was found. False if it still runs, which a job of the first wave may not."""
    try:
        settled = one(run, opened, facts)
    except errors.JobStillRunning:
        if wave.kind is waves.Kind.FIRST:
            raise
        found["waiting"].append(facts.place.job_id)
        return False
    for fate, rows in settled.items():
        found["tally"][fate] = found["tally"].get(fate, 0) + rows
    return True


def _waves(run: ports.Run, opened: journal.Opened, name: str) -> list[tuple[waves.Wave, outcome.Standing, set[int]]]:
    """The waves of an object's last turn, and the second passes of others that end with it; what stands, chunks that are void."""
    found = []
    for other in _objects(opened, name):
        standing, voids = outcome.of(run, other), journal.voids(run, other)
        found += [(wave, standing, voids) for wave in waves.turn(standing.waves) if other == name or _is_second_pass(wave)]
    return found


def _objects(opened: journal.Opened, name: str) -> list[str]:
    """The object, and those whose second pass ends with it."""
    return [other for other in opened.plan.order() if name in {other, opened.plan.last_pass_in(other)}]


def _is_second_pass(wave: waves.Wave) -> bool:
    return waves.Kind.LINKS in {wave.kind, wave.notes.get("of")}


def _submitted(run: ports.Run, wave: waves.Wave, number: int) -> resume.JobFacts:
    """Submit a chunk of a later wave that an earlier try planned but didn't send."""
    submit.chunk(run, wave.name, number)
    return resume.counting(journal.jobs(run, wave.name, number))[number]


def one(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> dict[str, int]:
    """Settle one closed job, or read how it was settled; rows by fate. Raises JobStillRunning if it hasn't ended."""
    if facts.has("matched"):
        return dict(facts.facts["matched"]["tally"])
    end = wait.end(run, facts.place)
    if facts.has("collected"):
        files = {kind: journal.bring(run, stored) for kind, stored in facts.facts["collected"]["files"].items()}
        return _matched(run, opened, facts.place, end, files)
    files = _fetched(run, facts.place)
    # Matched before they are named in the ledger: a truncated download must not become the one that counts.
    fates, tally = _fates(run, opened, facts.place, end, files)
    journal.note(run, facts.place.collected({kind: _kept(run, facts.place, kind, path) for kind, path in files.items()}))
    return _noted(run, facts.place, fates, tally)


def end_of(run: ports.Run, place: entries.JobPlace) -> entities.JobEnd:
    """How a settled job ended."""
    return job.end(journal.demand(run, place.entry_name("ended"))["job"])


def permanent_failures(run: ports.Run, place: entries.JobPlace) -> int:
    """Count the rows of a settled job that Salesforce refused for good."""
    fates = journal.bring(run, journal.demand(run, place.entry_name("matched"))["fates"])
    with tables.connect(run.limits) as con:
        permanent = f"fate = '{entities.Fate.FAILED}' AND NOT {recovery.is_transient('error')}"
        found = con.execute(f"SELECT count(*) FROM {tables.parquet(fates)} WHERE {permanent}").fetchone()
    return int(found[0]) if found else 0


def _fetched(run: ports.Run, place: entries.JobPlace) -> dict[str, Path]:
    """Fetch the three result files; local paths by kind."""
    files = {kind: run.scratch / f"{place.job_id}-{kind}.csv" for kind in entities.RESULT_KINDS}
    for kind, local in files.items():
        run.salesforce.fetch_result(place.job_id, kind, local)
    return files


def _kept(run: ports.Run, place: entries.JobPlace, kind: str, local: Path) -> dict[str, Any]:
    return journal.keep(run, local, f"{place.name}/results/{place.job_id}/{kind}.csv")


def _matched(
    run: ports.Run, opened: journal.Opened, place: entries.JobPlace, end: entities.JobEnd, files: dict[str, Path]
) -> dict[str, int]:
    fates, tally = _fates(run, opened, place, end, files)
    return _noted(run, place, fates, tally)


def _fates(
    run: ports.Run, opened: journal.Opened, place: entries.JobPlace, end: entities.JobEnd, files: dict[str, Path]
) -> tuple[Path, dict[str, int]]:
    """Give each row of the job its fate; ask the org for keyed rows that have no result."""
    wave, out = journal.wave_of(run, place.name, place.number), run.scratch / f"{place.job_id}-fates.parquet"
    sent = _sent(run, opened, wave, place.number)
    with tables.connect(run.limits) as con:
        tally = results.fates(con, sent, end, results.ResultFiles(*(files[kind] for kind in entities.RESULT_KINDS)), out)
    if sent.key is None or not tally.get(entities.Fate.IN_DOUBT):
        return out, tally
    asked = doubt.Asked(opened.sobject(place.name), wave.operation, end.error_message)
    told = out.with_name(f"{place.job_id}-told.parquet")
    return told, doubt.settled(run, asked, sent, out, told)


def _sent(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int) -> results.Sent:
    """Say what the job of a chunk carried."""
    if wave.ready is None:
        raise errors.LedgerDamaged(f"wave {wave.number} of {wave.name} names no rows but has jobs; restore it, or start a new run")
    return results.Sent(
        ready=journal.bring(run, wave.ready),
        chunk=journal.chunk(wave.chunk(number)),
        columns=wave.columns,
        key=wave.key,
        types=_types(opened, wave.name, wave.columns),
    )


def _types(opened: journal.Opened, name: str, columns: Sequence[str]) -> dict[str, str]:
    """The field types of sent columns; those of relationships aren't told."""
    fields = {field["name"].lower(): field for field in opened.describes[opened.sobject(name)]["fields"]}
    return {column: str(fields[column.lower()]["type"]) for column in columns if column.lower() in fields}


def _noted(run: ports.Run, place: entries.JobPlace, fates: Path, tally: dict[str, int]) -> dict[str, int]:
    kept = journal.keep(run, fates, f"{place.name}/fates-{place.job_id}.parquet")
    return dict(journal.note(run, place.matched(kept, tally))["tally"])
