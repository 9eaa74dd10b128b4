"""The last waves of an object → rows that failed for a passing reason, to be sent once more, later and in smaller jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import waves
from include.bulkload.load import job, recovery
from include.bulkload.steps import journal, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.intake import mapping
    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports

LONGER = 4
SMALLEST_JOB = 1_000_000


def group(standing: list[waves.Wave]) -> list[waves.Wave]:
    """The last wave that is no round, and the rounds after it."""
    last = max(index for index, wave in enumerate(standing) if wave.kind is not waves.Kind.ROUND)
    return standing[last:]


def due(run: ports.Run, each: mapping.ObjectPlan, standing: outcome.Standing, out: Path) -> int:
    """Write the rows of the last wave that are worth another round, as they were sent; return how many. 0 after the last round."""
    together = group(standing.waves)
    last = together[-1]
    if len(together) > each.retry_rounds or last.ready is None:
        return 0
    jobs = [standing.jobs[number] for number in last.numbers if number in standing.jobs]
    matched = [facts for facts in jobs if facts.has("matched")]
    fates = [journal.bring(run, facts.facts["matched"]["fates"]) for facts in matched]
    with tables.connect(run.limits) as con:
        rows = f"SELECT row_id FROM {tables.parquets(fates)} WHERE {worth(each, matched)}"
        ready = f"SELECT * EXCLUDE (size, upto) FROM (SELECT * FROM {tables.parquet(journal.bring(run, last.ready))} ORDER BY upto)"
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
