"""A run that is undone → which of its records later runs of the plan have written since, by the name of the run.

Such a record is theirs: neither deleted nor brought back to what it held before, even if it holds by chance what this run wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import same_records
from include.bulkload.ledger import undos
from include.bulkload.match import newer, since
from include.bulkload.steps import journal, later_edits, later_runs, undo_written

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.bulkload.basics import entities
    from include.bulkload.steps import ports


def records(run: ports.Run, opened: journal.Opened, name: str) -> Path | None:
    """Write the records of an object (own: first 15 characters of the Id, why) whose key later runs wrote since, or may have.

    Or people did by an edited copy of an earlier run. Not those that a later run left as they were, nor those that its undo took back, or
    found to hold what they had held before.
    Other objects of the sobject may know the same records by keys of their own. None: there is no such record. Raises LedgerDamaged if a
    later run's files are gone.
    """
    found = [query for other in (name, *same_records.beside(opened.plan, name)) for query in _records(run, opened, other)]
    out = run.scratch / f"{name}-newer.parquet"
    if not found:
        return None
    told = f"SELECT own, concat('the run ', max(\"of\"), ' has written it since') AS why FROM ({' UNION ALL '.join(found)}) GROUP BY own"
    with tables.connect(run.limits) as con:
        return out if tables.write_parquet(con, told, out) else None


def _records(run: ports.Run, opened: journal.Opened, name: str) -> Iterable[str]:
    """The queries of an object's records (own, of) that were written since."""
    rows = later_runs.found(run, opened, "sent", dict.fromkeys(opened.plan.objects, _sent), name)[name]
    written = [*rows, *later_edits.written(run, opened, name)[name]]
    if not written:
        return
    # An edited copy may have given a row another key: each of them counts.
    keyed = " UNION ".join(f"SELECT row_id, key FROM {later_runs.as_of(run, name, number)}" for number in later_runs.versions(run))
    wrote = tables.parquet(undo_written.records(run, name))
    for each in written:
        known = f"SELECT row_id FROM ({keyed}) WHERE {newer.among('key', [each])}"
        yield f'SELECT left(sf_id, 15) AS own, {tables.literal(each.of)} AS "of" FROM {wrote} WHERE "row" IN ({known})'


def _sent(later: later_runs.Other, name: str, rule: entities.KeyRule | None) -> str:
    """The keys of the rows of one object that a later run wrote, or may have, but those whose records its undo found as they were."""
    known_by = {other: (each["sobject"].lower(), str(each.get("external_id")).lower()) for other, each in later.plan["objects"].items()}
    alike = [other for other, each in known_by.items() if each == known_by[name]]
    queries = [f"({later_runs.sent_by(later, name, rule)})", *(query for other in alike for query in _as_before(later, other, rule))]
    return " EXCEPT ".join(queries)


def _as_before(later: later_runs.Other, name: str, rule: entities.KeyRule | None) -> Iterable[str]:
    """The keys of the records of one object that hold what they held before a later run, as undoes of it saw that are done."""
    numbers = range(undos.next_number(later.run.folder.names(undos.PLAN)))
    for said in (journal.demand(later.run, undos.plan_name(number)) for number in numbers if _is_done(later.run, number)):
        if stored := said["rows"].get(name):
            rows = f"SELECT row_id FROM {tables.parquet(journal.bring(later.run, stored))} WHERE state = '{since.AS_IT_WAS}'"
            key = later_runs.key_of(later, name, rule)
            yield f"SELECT {key} AS key FROM {later_runs.staged(later.run, name)} SEMI JOIN ({rows}) USING (row_id)"


def _is_done(run: ports.Run, number: int) -> bool:
    """Whether nothing of an undo is left: it has ended, or found nothing to do. One that was rejected takes nothing back."""
    parts = journal.demand(run, undos.plan_name(number))["summary"]["objects"].values()
    return run.folder.read(undos.ended_name(number)) is not None or not any(each["delete"] or each["restore"] for each in parts)
