"""The waves of an object → rows that failed for a passing reason, to be sent once more, later and in smaller jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.load import job, recovery
from include.bulkload.steps import journal, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.intake import mapping
    from include.bulkload.ledger import resume, waves
    from include.bulkload.steps import ports

LONGER = 4
SMALLEST_JOB = 1_000_000
# What a round notes: the wave whose rows it sends again.
BASE = "base"
MAY_GO_AGAIN = (entities.Fate.FAILED, entities.Fate.UNPROCESSED)


def family(standing: list[waves.Wave], wave: waves.Wave) -> list[waves.Wave]:
    """A wave that is no round, and all rounds of its rows; `wave`: any of these."""
    first = base(wave)
    return [each for each in standing if base(each) == first]


def base(wave: waves.Wave) -> int:
    """The number of the wave whose rows a round sends again; a wave's own, if it is no round."""
    return int(wave.notes.get(BASE, wave.number))


def number(wave: waves.Wave) -> int:
    """Which round a wave is, from 1; 0: none."""
    return int(wave.notes.get("round", 0))


def due(run: ports.Run, each: mapping.ObjectPlan, standing: outcome.Standing, wave: waves.Wave, out: Path) -> int:
    """Write the rows of a wave that are worth another round and had none, as they were sent; return how many. 0 after the last round.

    Rows that are collected late, since their task was cleared, may be due when others have had their rounds, or a second pass.
    """
    if number(wave) >= each.retry_rounds or wave.ready is None:
        return 0
    jobs = [standing.jobs[chunk] for chunk in wave.numbers if chunk in standing.jobs]
    matched = [facts for facts in jobs if facts.has("matched") and any(map(facts.facts["matched"]["tally"].get, MAY_GO_AGAIN))]
    if not matched:
        return 0
    fates = [journal.bring(run, facts.facts["matched"]["fates"]) for facts in matched]
    later = [other.ready for other in family(standing.waves, wave) if other.number > wave.number and other.ready]
    had = " ".join(f"ANTI JOIN {tables.parquet(journal.bring(run, sent))} USING (row_id)" for sent in later)
    with tables.connect(run.limits) as con:
        rows = f"SELECT row_id FROM (FROM {tables.parquets(fates)}) {had} WHERE {worth(each, matched)}"
        ready = f"SELECT * EXCLUDE (size, upto) FROM (SELECT * FROM {tables.parquet(journal.bring(run, wave.ready))} ORDER BY upto)"
        return tables.write_parquet(con, f"{ready} SEMI JOIN ({rows}) USING (row_id)", out)


def worth(each: mapping.ObjectPlan, matched: Sequence[resume.JobFacts]) -> str:
    """Which fates of settled jobs are worth another try, in SQL over fate, error and job_id."""
    again = [facts.place.job_id for facts in matched if facts.last and recovery.goes_again(job.end(facts.last))]
    listed = ", ".join(tables.literal(job_id) for job_id in again) or "NULL"
    passing = f"fate = '{entities.Fate.FAILED}' AND {recovery.is_transient('error', each.transient)}"
    return f"(job_id IN ({listed}) AND (fate = '{entities.Fate.UNPROCESSED}' OR ({passing})))"


def not_before(run: ports.Run, opened: journal.Opened, number: int) -> str:
    """When round `number` (from 1) may begin: each waits four times as long as the one before."""
    return (run.clock() + timedelta(seconds=opened.plan.round_seconds * LONGER ** (number - 1))).isoformat(timespec="seconds")


def job_bytes(opened: journal.Opened, number: int) -> int:
    """The largest job of round `number`: a quarter of the one before."""
    whole = opened.plan.job_bytes
    return max(min(whole, SMALLEST_JOB), int(whole / LONGER**number))
