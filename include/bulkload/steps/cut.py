"""An object whose parents are settled → its first jobs, cut; where it is large, a small one goes ahead of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.intake import mapping
from include.bulkload.ledger import entries, waves
from include.bulkload.load import job
from include.bulkload.steps import collected, foreseen, journal, next_wave, outcome, rehearsal, sender, stops, submit

if TYPE_CHECKING:
    from include.bulkload.steps import ports

ABORTED = "somebody aborted it in Salesforce"


def first(run: ports.Run, name: str) -> dict[str, Any]:
    """Link an object's rows to the records that this run wrote, set aside what can't be sent, cut the rest into jobs.

    Returns {"chunks": [number, ...], "ready": rows, "orphaned": rows, "rejected": rows, "unchanged": rows, "uri": of
    the lost rows for people or None, "canary": [job id] of a small first job to wait for, or []}. Call `go_on` when it
    has ended; without one `go_on` gives the same numbers at once. In a dry run the counts are those of a real one, but
    there are no numbers. Raises MustStop if the run was refused by its first task.
    """
    opened = journal.opened(run)
    foreseen.passed(run)
    asking, org = rehearsal.counting(run)
    wave = next_wave.first(asking if opened.plan.dry_run else run, opened, name)
    rehearsal.asked(run, name, "first", org.queries)
    lost = wave.notes["aside"]
    return {
        "chunks": _sent(opened, wave),
        "ready": sum(int(each["rows"]) for each in wave.chunks),
        **{fate: lost.get(fate, 0) for fate in ("orphaned", "rejected", "unchanged")},
        "uri": run.folder.uri(wave.for_people["name"]) if wave.for_people else None,
        "canary": [submit.chunk(run, name, wave.numbers[0])] if _has_canary(run, opened, wave) and not _is_unwanted(run, wave) else [],
    }


def go_on(run: ports.Run, name: str) -> list[int]:
    """Name the chunks that are to be sent now: all, or none if the first small job stopped the object.

    If a later job stopped it, or another run sends what is left, those that have a job already.

    Raises JobStillRunning while the small one runs.
    """
    opened = journal.opened(run)
    wave = next_wave.first(run, opened, name)
    if _has_canary(run, opened, wave):
        standing = run.folder.read(entries.canary_name(name)) or journal.note(run, _judged(run, opened, wave))
        if standing["stopped"]:
            return []
    return _due(run, opened, wave)


def _sent(opened: journal.Opened, wave: waves.Wave) -> list[int]:
    """The numbers of a wave's chunks that are to be sent: none of a dry run's."""
    return [] if opened.plan.dry_run else wave.numbers


def _due(run: ports.Run, opened: journal.Opened, wave: waves.Wave) -> list[int]:
    """Those of them that may be sent, or have a job."""
    voids, jobs = journal.voids(run, wave.name), outcome.of(run, wave.name).jobs
    numbers = [number for number in _sent(opened, wave) if number not in voids]
    if not sender.is_this(run):
        return [number for number in numbers if number in jobs and not jobs[number].is_unclosed]
    return [number for number in numbers if number in jobs] if stops.why(run, wave.name) else numbers


def _has_canary(run: ports.Run, opened: journal.Opened, wave: waves.Wave) -> bool:
    """Whether the first job is a small one that others wait for."""
    rows = opened.plan.objects[wave.name].canary_rows
    is_small = wave.kind is waves.Kind.FIRST and len(_sent(opened, wave)) > 1 and 0 < rows == int(wave.chunks[0]["rows"])
    return is_small and (wave.numbers[0] in _due(run, opened, wave) or _is_unwanted(run, wave))


def _is_unwanted(run: ports.Run, wave: waves.Wave) -> bool:
    """Whether the first job is gone, and was aborted by somebody in Salesforce before."""
    lost = outcome.of(run, wave.name).gone.get(wave.numbers[0])
    return lost is not None and lost.is_aborted_by_others


def _judged(run: ports.Run, opened: journal.Opened, wave: waves.Wave) -> entries.Entry:
    """Collect the first job and count its permanent failures."""
    facts = outcome.of(run, wave.name).jobs.get(wave.numbers[0])
    tally = collected.one(run, opened, facts) if facts else None
    rows = int(wave.chunks[0]["rows"])
    if _is_unwanted(run, wave):
        lost = outcome.of(run, wave.name).gone[wave.numbers[0]].place.job_id
        return entries.canary(wave.name, {"stopped": True, "rows": rows, "failed": 0, "succeeded": 0, "job": lost, "error": ABORTED})
    if facts is None or tally is None:
        raise errors.JobStillRunning(f"the first, small job of {wave.name} is gone from Salesforce; the next try sends its rows again")
    failed = collected.permanent_failures(run, opened, facts.place)
    allowed = mapping.allowed(opened.plan.objects[wave.name].stop_if_failing, rows)
    end = collected.end_of(run, facts.place)
    # Whoever did that doesn't want the others: a replay sends them if he does.
    aborted = journal.job(run, facts.place).is_aborted_by_others
    document = {
        "stopped": failed > allowed or job.is_mistake(end) or aborted,
        "rows": rows,
        "failed": failed,
        "succeeded": tally.get(str(entities.Fate.SUCCEEDED), 0),
        "job": facts.place.job_id,
        "error": end.error_message or (ABORTED if aborted else ""),
    }
    return entries.canary(wave.name, document)
