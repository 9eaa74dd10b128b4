"""One closed job → its results fetched whole and kept, the fate of each of its rows in a stored file.

Results live seven days: they are fetched as soon as a job's end is known, at the latest when the run is summed up, and kept. A job
that is gone by then leaves its rows in doubt, or to be sent again.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors, tables
from include.bulkload.load import job, recovery, results
from include.bulkload.steps import doubt, gone, journal, wait

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.ledger import entries, resume, waves
    from include.bulkload.steps import ports


def ended(run: ports.Run, name: str, job_ids: Sequence[str]) -> dict[str, entities.JobState]:
    """Write down how jobs of an object ended, and settle them; their states. What is `gone` is left to whoever settles the object.

    Raises as `one` does, and LedgerDamaged for a job that the ledger doesn't name.
    """
    states = wait.ended(run, name, job_ids)
    opened, known = journal.opened(run), {each.place.job_id: each for each in journal.jobs(run, name)}
    for job_id, state in states.items():
        if state is not entities.JobState.GONE:
            one(run, opened, known[job_id])
    return states


def one(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> dict[str, int] | None:
    """Settle one closed job, or read how it was settled; rows by fate, None if it is gone and its rows may be sent again.

    Raises JobStillRunning if it hasn't ended, ResultsIncomplete if its results don't add up to its numbers.
    """
    if facts.has("matched"):
        return dict(facts.facts["matched"]["tally"])
    try:
        found = _stored(run, opened, facts) if facts.has("collected") else _gathered(run, opened, facts.place)
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        found = _stored(run, opened, gone.noted(run, opened, facts.place))
    if found is None:
        return None
    found = _asked(run, opened, facts.place, found)
    return dict(journal.note(run, _matched(run, facts.place, found))["tally"])


@dataclass(frozen=True, slots=True)
class _Fates:
    """The fates of a job's rows: a local file, and rows by fate; what was sent, and what is said of rows without a result."""

    file: Path
    tally: dict[str, int]
    sent: results.Sent
    why: str


def _stored(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> _Fates | None:
    """Match a job's rows to the results that are kept; in doubt if it is gone, None if they may be sent again."""
    if facts.goes_again:
        return None
    if facts.is_gone:
        return _unknown(run, opened, facts.place)
    files = {kind: journal.bring(run, stored) for kind, stored in facts.facts["collected"]["files"].items()}
    return _fates(run, opened, facts.place, job.end(facts.last), files)


def anew(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> None:
    """Look again at an aborted job that left rows unwritten; collect it anew if its numbers have moved since, or its results close now.

    A chunk that was in flight may be committed long after the abort. Call it before such rows are sent by another job. A job
    that is gone stays as it was collected. Raises as `one`.
    """
    if not facts.may_move:
        return
    place = facts.place
    try:
        if job.end(run.salesforce.job(place.job_id)) != job.end(facts.last):
            numbers, files, found = _summed(run, opened, place, wait.still(run, place.job_id))
        elif (closes := _closing(run, opened, facts)) is not None:
            numbers, (files, found) = facts.last, closes
        else:
            return
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        return
    found = _asked(run, opened, place, found)
    standing = place.collected({kind: _kept(run, place, kind, path) for kind, path in files.items()}, numbers)
    journal.note(run, place.moved(facts.moves + 1, standing, _matched(run, place, found)))


def _closing(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> tuple[dict[str, Path], _Fates] | None:
    """Fetch the results of an aborted job that left rows in doubt once more; None unless each of its rows has one by now."""
    if not facts.facts["matched"]["tally"].get(entities.Fate.IN_DOUBT):
        return None
    with contextlib.suppress(errors.ResultsIncomplete):
        files = _fetched(run, facts.place)
        found = _fates(run, opened, facts.place, job.end(facts.last), files)
        return None if found.tally.get(entities.Fate.IN_DOUBT) else (files, found)
    return None


def _matched(run: ports.Run, place: entries.JobPlace, found: _Fates) -> entries.Entry:
    """Keep the fates of a job's rows; the entry that names them."""
    return place.matched(journal.keep(run, found.file, f"{place.name}/fates-{place.job_id}.parquet"), found.tally)


def _gathered(run: ports.Run, opened: journal.Opened, place: entries.JobPlace) -> _Fates | None:
    """Fetch a job's results, match them, and keep them once they add up to its numbers."""
    numbers, files, found = _summed(run, opened, place, wait.noted(run, place))
    collected = place.collected({kind: _kept(run, place, kind, path) for kind, path in files.items()}, numbers)
    if journal.note(run, collected) == collected.document:
        return found
    # Another try came first: what it fetched counts, or that it found the job gone.
    return _stored(run, opened, journal.job(run, place))


def _summed(
    run: ports.Run, opened: journal.Opened, place: entries.JobPlace, numbers: ports.Document
) -> tuple[ports.Document, dict[str, Path], _Fates]:
    """Fetch a job's results until they add up to its numbers; these as they are then, the files, the rows' fates."""
    looks = 0
    while True:
        files, looks = _fetched(run, place), looks + 1
        # A chunk that was in flight when the job was aborted may be committed after its numbers stood still, and stand in none of
        # the three files until then (contract 8.10).
        try:
            # Matched before they are named in the ledger: a truncated download must not become the one that counts.
            found = _fates(run, opened, place, job.end(numbers), files)
            if looks > wait.LOOKS or not _may_close(job.end(numbers), found):
                return numbers, files, found
            numbers = wait.still(run, place.job_id)
        except errors.ResultsIncomplete:
            earlier, numbers = job.end(numbers), wait.still(run, place.job_id)
            if job.end(numbers) == earlier:
                raise


def _may_close(end: entities.JobEnd, found: _Fates) -> bool:
    """Whether rows that have no result may have one a moment later."""
    return end.state is entities.JobState.ABORTED and bool(found.tally.get(entities.Fate.IN_DOUBT))


def end_of(run: ports.Run, place: entries.JobPlace) -> entities.JobEnd:
    """How a settled job ended."""
    last = journal.job(run, place).last
    return job.end(last) if last else entities.JobEnd(place.job_id, entities.JobState.GONE, 0, 0, gone.WHY)


def permanent_failures(run: ports.Run, opened: journal.Opened, place: entries.JobPlace) -> int:
    """Count the rows of a settled job that Salesforce refused for good, by the plan's own table of errors."""
    fates = journal.bring(run, journal.job(run, place).facts["matched"]["fates"])
    with tables.connect(run.limits) as con:
        permanent = f"fate = '{entities.Fate.FAILED}' AND NOT {recovery.is_transient('error', opened.plan.objects[place.name].transient)}"
        found = con.execute(f"SELECT count(*) FROM {tables.parquet(fates)} WHERE {permanent}").fetchone()
    return int(found[0]) if found else 0


def _fetched(run: ports.Run, place: entries.JobPlace) -> dict[str, Path]:
    """Fetch the three result files; local paths by kind."""
    files = {kind: run.scratch / f"{place.job_id}-{kind}.csv" for kind in entities.RESULT_KINDS}
    for kind, local in files.items():
        gone.fetched(run, place.job_id, kind, local)
    return files


def _kept(run: ports.Run, place: entries.JobPlace, kind: str, local: Path) -> dict[str, Any]:
    return journal.keep(run, local, f"{place.name}/results/{place.job_id}/{kind}.csv")


def _fates(run: ports.Run, opened: journal.Opened, place: entries.JobPlace, end: entities.JobEnd, files: dict[str, Path]) -> _Fates:
    """Give each row of the job its fate."""
    wave, out = journal.wave_of(run, place.name, place.number), run.scratch / f"{place.job_id}-fates.parquet"
    sent = _sent(run, opened, wave, place.number)
    told = results.ResultFiles(*(files[kind] for kind in entities.RESULT_KINDS))
    closed = end.state is not entities.JobState.ABORTED or not journal.job(run, place).is_withdrawn
    with tables.connect(run.limits) as con:
        tally = results.fates(con, sent, end, told, out, closed=closed)
    return _Fates(out, tally, sent, end.error_message)


def _unknown(run: ports.Run, opened: journal.Opened, place: entries.JobPlace) -> _Fates:
    """All rows of a job that is gone are in doubt."""
    wave, out = journal.wave_of(run, place.name, place.number), run.scratch / f"{place.job_id}-fates.parquet"
    sent = _sent(run, opened, wave, place.number)
    with tables.connect(run.limits) as con:
        tally = results.unknown(con, sent, place.job_id, gone.WHY, out)
    return _Fates(out, tally, sent, gone.WHY)


def _asked(run: ports.Run, opened: journal.Opened, place: entries.JobPlace, found: _Fates) -> _Fates:
    """Ask the org for rows that have a key and of which the results don't tell whether they are stored."""
    if found.sent.key is None:
        return found
    wave, told = journal.wave_of(run, place.name, place.number), found.file.with_name(f"{found.file.stem}-told.parquet")
    # Only plans insert: an undo's place is none of its objects.
    ours = wave.inserts and bool(opened.plan.objects[place.name].row_key_field)
    asked = doubt.Asked(opened.sobject(place.name), wave.operation, found.why, ours=ours)
    if not any(found.tally.get(fate) for fate in asked.fates):
        return found
    return dataclasses.replace(found, file=told, tally=doubt.settled(run, asked, found.sent, found.file, told))


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
