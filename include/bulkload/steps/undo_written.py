"""A run's ledger → the records that it created or changed, object by object, and when its jobs wrote."""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors, tables
from include.bulkload.ledger import undos
from include.bulkload.match import changes, columns, made
from include.bulkload.steps import journal, kept_before, leftovers, outcome, written

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.ledger import resume, waves
    from include.bulkload.steps import ports

GONE = "it is gone from Salesforce; what it created isn't known, but for records that a later job of this run wrote"
# Of an aborted job a chunk may be committed after its end: that is no excuse for what others wrote by then.
LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Written:
    """What a run wrote of one object.

    `records`: row_id, sf_id, created. `values`: what it wrote over what, by `fields`, of records that it was the last object to write;
    `kept`: the same of all objects of its sobject (`made.values`); None both where nothing was kept.
    `doubtful`: records that it may have created (`made.doubtful`); None: no job of an upsert is gone.
    """

    name: str
    records: Path
    values: Path | None
    fields: list[columns.Field]
    kept: Path | None = None
    doubtful: Path | None = None


def collect(run: ports.Run, opened: journal.Opened) -> list[str]:
    """Collect all jobs of a run that have ended, those of earlier undoes too; what can't be known any more, one sentence each.

    Raises JobStillRunning while one runs.
    """
    troubles = []
    for place in _places(opened):
        for facts in journal.jobs(run, place):
            try:
                leftovers.one(run, opened, facts)
            except errors.JobStillRunning as running:
                message = (
                    f"job {facts.place.job_id} of this run still runs; undo it when it has ended, or abort the job in Salesforce's Setup"
                )
                raise errors.JobStillRunning(message) from running
            except errors.MustStop as wrong:
                troubles.append(f"job {facts.place.job_id} of {place}: {wrong}")
    unknown = [facts.place for name in opened.plan.order() for facts in journal.jobs(run, name) if _may_have_created(run, facts)]
    return troubles + [f"job {place.job_id} of {place.name}: {GONE}" for place in unknown]


def _may_have_created(run: ports.Run, facts: resume.JobFacts) -> bool:
    """Whether a job is gone and may have created records that nobody can name; the org told of rows that we had keyed."""
    return facts.is_gone and (not facts.has("matched") or bool(_doubts(facts))) and _creates(run, facts)


def _creates(run: ports.Run, facts: resume.JobFacts) -> bool:
    return journal.wave_of(run, facts.place.name, facts.place.number).operation in {entities.Operation.INSERT, entities.Operation.UPSERT}


def _doubts(facts: resume.JobFacts) -> int:
    return int(facts.facts["matched"]["tally"].get(entities.Fate.IN_DOUBT, 0))


def in_doubt(run: ports.Run, name: str) -> int:
    """Count the rows of an object that may stand as records whose Ids nobody knows, after `collect`.

    Of a job whose results can't be read, as they contradict what was sent, these are all its rows.
    """
    return sum(_unknown(run, facts) for facts in journal.jobs(run, name) if _creates(run, facts))


def _unknown(run: ports.Run, facts: resume.JobFacts) -> int:
    if facts.has("matched"):
        return _doubts(facts)
    place = facts.place
    return int(journal.wave_of(run, place.name, place.number).chunk(place.number)["rows"]) if facts.counts else 0


def sent(run: ports.Run, opened: journal.Opened) -> set[str]:
    """The ids of the load's jobs, its replays' too, that weren't given up: what they wrote is what an undo is about."""
    return {job_id for name in opened.plan.order() for job_id in sent_of(run, name)}


def sent_of(run: ports.Run, name: str) -> set[str]:
    """The same of one object."""
    return {facts.place.job_id for facts in journal.jobs(run, name) if not facts.has("aborted")}


def _places(opened: journal.Opened) -> list[str]:
    """Where jobs of the load and of its undoing stand."""
    return [place for name in opened.plan.order() for place in (name, undos.place(name))]


def of(run: ports.Run, opened: journal.Opened) -> list[Written]:
    """Gather what the run wrote of each object, last object first: children before their parents."""
    names = opened.plan.order()
    found_of = {name: records(run, name) for name in names}
    by_sobject: dict[str, list[str]] = {}
    for name in names:
        by_sobject.setdefault(opened.sobject(name).lower(), []).append(name)
    found = {each.name: each for group in by_sobject.values() for each in _written(run, opened, group, found_of)}
    return [dataclasses.replace(found[name], doubtful=_doubtful(run, name, found_of[name])) for name in reversed(names)]


def records(run: ports.Run, name: str) -> Path:
    """Gather the records that the run wrote of one object (`made.records`)."""
    standing, out = outcome.of(run, name), run.scratch / f"{name}-wrote.parquet"
    settled = [met.settled for met in outcome.met(run, standing)]
    keyless = [number for wave in standing.waves if wave.key is None for number in wave.numbers]
    told = [
        standing.jobs[number]
        for number in keyless
        if number in standing.jobs and "files" in standing.jobs[number].facts.get("collected", {})
    ]
    successes = [journal.bring(run, _successes(facts)) for facts in told]
    with tables.connect(run.limits) as con:
        made.records(con, settled, successes, out)
    return out


def _doubtful(run: ports.Run, name: str, records: Path) -> Path | None:
    """Gather the records that jobs of upserts which are gone may have created: a job that sent their rows again found them there."""
    standing, begun, out = outcome.of(run, name), _lost_since(run, name), run.scratch / f"{name}-doubtful.parquet"
    lost = [
        made.Lost(journal.bring(run, wave.ready), chunk.condition, _before(run, wave), begun[chunk.number])
        for wave in standing.waves
        if wave.ready is not None and wave.operation == entities.Operation.UPSERT
        for chunk in standing.chunks(wave)
        if chunk.number in begun
    ]
    if not lost:
        return None
    with tables.connect(run.limits) as con:
        return out if made.doubtful(con, lost, records, out) else None


def _lost_since(run: ports.Run, name: str) -> dict[int, str]:
    """When the first job of each chunk was made that is gone, by the org's clock; "" where its end was never seen."""
    begun: dict[int, str] = {}
    for facts in journal.jobs(run, name):
        if facts.goes_again:
            begun.setdefault(facts.place.number, str(facts.last.get("createdDate", ""))[: changes.SECONDS])
    return begun


def _before(run: ports.Run, wave: waves.Wave) -> Path | None:
    return journal.bring(run, wave.notes[kept_before.BEFORE]) if kept_before.BEFORE in wave.notes else None


def _successes(facts: resume.JobFacts) -> dict[str, str]:
    return dict(facts.facts["collected"]["files"][entities.RESULT_KINDS[0]])


def _written(run: ports.Run, opened: journal.Opened, names: list[str], records: dict[str, Path]) -> list[Written]:
    """Gather what objects of one sobject wrote: they may have written the same records, one after the other."""
    # By the time of their jobs: objects that don't wait for each other are sent side by side, and replays come last.
    wrote = [each for _, each in sorted((each for name in names for each in _waves(run, opened, name)), key=operator.itemgetter(0))]
    fields = list({each.column.lower(): each for wave in reversed(wrote) for each in wave.fields}.values())
    if not fields:
        return [Written(name, records[name], None, []) for name in names]
    kept = run.scratch / f"{names[0]}-kept.parquet"
    found = []
    with tables.connect(run.limits) as con:
        made.values(con, wrote, fields, list(records.values()), kept)
        for name in names:
            out = run.scratch / f"{name}-values.parquet"
            made.of_object(con, kept, name, out)
            found.append(Written(name, records[name], out, fields, kept))
    return found


def _waves(run: ports.Run, opened: journal.Opened, name: str) -> list[tuple[str, made.Wrote]]:
    """The waves of an object, each with the time at which its first job was made, ISO."""
    standing, begun = outcome.of(run, name), _made_at(run, name)
    return [
        (
            min((begun[number] for number in wave.numbers if number in begun), default=""),
            made.Wrote(
                name,
                journal.bring(run, wave.ready),
                journal.bring(run, wave.notes[kept_before.BEFORE]),
                met.settled,
                _fields(opened, wave),
                [chunk.condition for chunk in standing.chunks(wave) if chunk.number in standing.gone],
            ),
        )
        for wave, met in zip(standing.waves, outcome.met(run, standing), strict=True)
        if wave.ready is not None and kept_before.BEFORE in wave.notes
    ]


def _made_at(run: ports.Run, name: str) -> dict[int, str]:
    """When the first job of each chunk was made, ISO."""
    begun: dict[int, str] = {}
    for facts in journal.jobs(run, name):
        if facts.has("created"):
            begun.setdefault(facts.place.number, str(facts.facts["created"]["at"]))
    return begun


def _fields(opened: journal.Opened, wave: waves.Wave) -> list[columns.Field]:
    return written.fields(opened, wave.name, wave.columns)


def windows(run: ports.Run, opened: journal.Opened) -> list[changes.Window]:
    """When this run's jobs wrote, its undoing's too, by the org's clock: from a job's creation to its end."""
    return [_window(facts) for place in _places(opened) for facts in journal.jobs(run, place) if facts.last]


def late(run: ports.Run, opened: journal.Opened) -> Path | None:
    """Gather the records that aborted jobs of the load wrote (`made.late`); None: no job was aborted."""
    jobs = [facts for name in opened.plan.order() for facts in journal.jobs(run, name) if _is_aborted(facts.last)]
    told = [(journal.bring(run, _successes(facts)), _window(facts)) for facts in jobs if "files" in facts.facts.get("collected", {})]
    if not told:
        return None
    out = run.scratch / "late.parquet"
    with tables.connect(run.limits) as con:
        made.late(con, told, out)
    return out


def _is_aborted(job: dict[str, str]) -> bool:
    return job.get("state") == entities.JobState.ABORTED


def _window(facts: resume.JobFacts) -> changes.Window:
    job = facts.last
    begin, by, last = job["createdDate"][: changes.SECONDS], job["createdById"], datetime.fromisoformat(job["systemModstamp"])
    if not _is_aborted(job):
        return changes.Window(begin, _second(last), by)
    # As it was noted first: its stamp moves when a chunk is committed late, and others may have written in between.
    first = facts.facts.get("ended", {}).get("job", job)["systemModstamp"]
    return changes.Window(begin, first[: changes.SECONDS], by, late=_second(last + LATE))


def _second(moment: datetime) -> str:
    return moment.isoformat()[: changes.SECONDS]
