"""Staged rows, and what the org has left of the day → warnings, or a PlanError for what can't fit, before anything is sent.

It is measured roughly at first, and exactly where that is close; what can't be known before it is tried never stops a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import dangling, keys, split
from include.bulkload.load import allowances, chunks, sizes
from include.bulkload.steps import journal, past_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import mapping
    from include.bulkload.steps import ports

Document = dict[str, Any]
# Looks at a job and the questions which org it is, beside the calls that every job takes.
MORE_CALLS_A_JOB = 40
# Rows whose bytes are measured, unless it is close.
SAMPLE = 10_000
# What a lookup's cell takes; a key in a relationship column may be longer.
LINK_BYTES = 21
# Of a query that names keys in lists of 80,000 characters: about so many.
KEYS_A_QUERY = 2_000


def limits(run: ports.Run) -> Mapping[str, Any]:
    """What the org says of its limits; nothing if it refuses to."""
    try:
        return run.salesforce.limits()
    except errors.RequestRefused:
        return {}


def fit(run: ports.Run, opened: journal.Opened, staged: Document, loose: Collection[str]) -> list[str]:
    """Hold what the load needs against what is left of the day; warnings. Raises PlanError for what can't fit.

    `staged`: object → its counts and files; `loose`: objects some of whose links lead nowhere.
    """
    told, most = limits(run), _most(run, opened, staged)
    left, used = (allowances.batches(told), allowances.calls(told)), allowances.rows(past_runs.rows_of_the_day(run, opened))
    needs = (most.batches, _calls(opened, most))
    close = [allowances.warning(each, need) for each, need in zip((*left, used), (*needs, most.rows), strict=True)]
    if any(close):
        least = _least(run, opened, staged, loose)
        findings = [allowances.finding(each, need) for each, need in zip(left, (least.batches, least.calls), strict=True)]
        if any(findings):
            raise errors.PlanError(*filter(None, findings))
    return [each for each in close if each]


def fine(each: Document) -> int:
    """How many of an object's staged rows may be sent."""
    return int(each["rows"]) - int(each["rejected"]) - int(each["merged"]) - int(each["filtered"])


def _calls(opened: journal.Opened, most: sizes.Size) -> int:
    """The most calls that a load will need: those of its jobs, and of queries for keys that are looked up."""
    asking = any(each.changed_only or each.by_id or _asks(each) for each in opened.plan.objects.values())
    queries = 2 * len(opened.plan.objects) + most.rows // KEYS_A_QUERY if asking else 0
    return most.calls + most.jobs * MORE_CALLS_A_JOB + queries * sizes.CALLS_A_QUERY


def _asks(each: mapping.ObjectPlan) -> bool:
    return any(link.missing == dangling.IN_THE_ORG or link.by == "external_id" for _, _, _, link in each.numbered_links)


def _most(run: ports.Run, opened: journal.Opened, staged: Document) -> sizes.Size:
    """Size all rows that may be sent, by the bytes of the first ones; those that have to be sent a second time, twice."""
    total = sizes.Size()
    with tables.connect(run.limits) as con:
        for name, each in opened.plan.objects.items():
            rows = fine(staged[name])
            if not rows:
                continue
            _, row_bytes = _bytes(con, journal.bring(run, staged[name]["file"]), list(each.fields), SAMPLE)
            room = min(row_bytes + LINK_BYTES * len(each.links) + 1, opened.plan.job_bytes)
            total += sizes.estimated(rows, room, job_bytes=opened.plan.job_bytes, first_rows=each.canary_rows)
            if any(link.object == name or opened.plan.is_cut(name, field, nth) for _, field, nth, link in each.numbered_links):
                total += sizes.estimated(rows, LINK_BYTES * (1 + len(each.links)), job_bytes=opened.plan.job_bytes)
    return total


def _least(run: ports.Run, opened: journal.Opened, staged: Document, loose: Collection[str]) -> sizes.Size:
    """Size the rows that will be sent whatever happens, but for what Salesforce refuses: of the others nobody knows yet."""
    total = sizes.Size()
    with tables.connect(run.limits) as con:
        for name in _surely(opened, staged, loose):
            rows, room = fine(staged[name]), opened.plan.job_bytes
            size, _ = _bytes(con, journal.bring(run, staged[name]["file"]), list(opened.plan.objects[name].fields))
            total += sizes.Size(rows, size, -(-size // room), sizes.batches(rows))
    return total


def _surely(opened: journal.Opened, staged: Document, loose: Collection[str]) -> list[str]:
    """The objects all of whose rows will be sent: none is compared or looked up, none can lack a parent."""
    whole: set[str] = set()
    for name in opened.plan.order():
        each = opened.plan.objects[name]
        looked_up = each.changed_only or (each.by_id and each.external_id != "Id")
        hangs = all(_leads(opened, each, field, link, {*whole, name}) for _, field, _, link in each.numbered_links)
        if hangs and not looked_up and name not in loose and not staged[name]["rejected"] and not staged[name]["filtered"]:
            whole.add(name)
    return [name for name in opened.plan.objects if name in whole]


def _leads(opened: journal.Opened, each: mapping.ObjectPlan, field: str, link: mapping.Link, whole: Collection[str]) -> bool:
    """Whether a link holds no row back."""
    described = keys.described(opened.describes, each.sobject, field)
    may_be_blank = link.by == "nesting" or described["nillable"] or described["defaultedOnCreate"]
    return bool(may_be_blank) and (link.by == "id" or link.object in whole)


def _bytes(con: duckdb.DuckDBPyConnection, staged: Path, fields: list[str], only: int = 0) -> tuple[int, int]:
    """Measure the CSV bytes of an object's rows, or of the first `only` of them: their sum, and the mean of a row, rounded up."""
    limit = f" LIMIT {only}" if only else ""
    measured = f"SELECT {chunks.row_bytes(fields)} AS size FROM {tables.parquet(staged)} WHERE {split.FINE}{limit}"
    total, mean = con.execute(f"SELECT coalesce(sum(size), 0), ceil(coalesce(avg(size), 0)) FROM ({measured})").fetchone() or (0, 0)
    return int(total), int(mean)
