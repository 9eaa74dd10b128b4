"""A dry run's waves, the org's limits, our own past runs → what the load would take, and what would stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import layers, same_records
from include.bulkload.ledger import entries
from include.bulkload.load import allowances, sizes
from include.bulkload.report import dry_run
from include.bulkload.steps import day_limits, foreseen, journal, outcome, past_runs, payloads, rehearsal, split, targets

if TYPE_CHECKING:
    from include.bulkload.steps import ports

Document = dict[str, Any]


def of(run: ports.Run, opened: journal.Opened) -> tuple[dry_run.Outlook, list[str]]:
    """Say what the load would take, and warnings. What would stop it is a finding: nothing was raised on the way."""
    known, loose = past_runs.speeds(run, opened), foreseen.standing(run)["dangling"]
    found = {name: _object(run, opened, name, known) | {"dangling": loose.get(name, [])} for name in opened.plan.order()}
    sums = {what: sum(each[what] for each in found.values()) for what in ("batches", "apiCalls", "rows")}
    told = day_limits.limits(run)
    left = {"batches": allowances.batches(told), "apiCalls": allowances.calls(told)}
    used = allowances.rows(past_runs.rows_of_the_day(run, opened))
    shares = {what: allowances.told(each, sums[what]) for what, each in (left | {"rows": used}).items()}
    limits = [allowances.finding(each, sums[what]) for what, each in left.items()]
    warnings = [allowances.warning(each, sums[what]) for what, each in (left | {"rows": used}).items()]
    staged = journal.demand(run, entries.STAGED)["objects"]
    repeats = [] if opened.plan.again else payloads.repeats(run, opened)
    findings = [*split.too_many(opened, staged), *repeats, *filter(None, limits)]
    return dry_run.Outlook(found, shares, findings), [each for each in warnings if each]


def _object(run: ports.Run, opened: journal.Opened, name: str, known: past_runs.Speeds) -> Document:
    """Size an object's waves: one upload a job; second passes count too."""
    standing, each = outcome.of(run, name), opened.plan.objects[name]
    size = sizes.counted((chunk.rows, chunk.bytes) for wave in standing.waves for chunk in standing.chunks(wave))
    # What a real run keeps before it changes records, it asks once a wave at least.
    keeps = sum(wave.ready is not None for wave in standing.waves) if same_records.keeps_before(opened.plan, name) else 0
    queries = rehearsal.queries(run, name) + keeps
    return {
        "rows": size.rows,
        "bytes": size.bytes,
        "jobs": size.jobs,
        "batches": size.batches,
        "queryJobs": queries,
        "apiCalls": size.calls + queries * sizes.CALLS_A_QUERY,
        "seconds": past_runs.seconds(known, each.sobject, each.operation, size.rows) if size.rows else 0.0,
        "cutLinks": _cut(run, opened, name, standing),
    }


def _cut(run: ports.Run, opened: journal.Opened, name: str, standing: outcome.Standing) -> int:
    """Count the links that are set by a second pass: those of rows on cycles, those to objects that are loaded later."""
    layered = standing.waves[0].notes.get("layered") if standing.waves else None
    waiting = [number for number, field, nth, _ in opened.plan.objects[name].numbered_links if opened.plan.is_cut(name, field, nth)]
    if not layered and not waiting:
        return 0
    with tables.connect(run.limits) as con:
        within = layers.cuts(con, journal.bring(run, layered)) if layered else 0
        return within + layers.filled(con, targets.staged_file(run, name), waiting)
