"""An object of a run → the keys that later objects of the same run wrote, whose values are to count last.

A plan may give one record's fields by several objects. What a replay sends of the first, or a task that is cleared, then comes after
what the run sent of the others; so does a second pass that ends with a still later object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import same_records
from include.bulkload.match import newer
from include.bulkload.steps import journal, later_runs
from include.bulkload.steps import written as written_by

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports


def written(run: ports.Run, opened: journal.Opened, name: str) -> list[newer.Keys]:
    """Write the keys of the records that objects after this one wrote, or may have: of its sobject and key, with a field of its own.

    Or those that they left because they had them already. A delete has all fields. They spare its links but where they sent a cell for
    one of these lookups: a blank one isn't written.
    """
    found, over_links = [], same_records.after(opened.plan, name, links=True)
    for other in same_records.after(opened.plan, name):
        if not journal.waves_of(run, other):
            continue
        out, deletes = run.scratch / f"{name}-by-{other}.parquet", opened.plan.objects[other].operation in entities.DELETES
        if _kept(run, f"SELECT DISTINCT key FROM ({later_runs.wrote(run, other)}) WHERE key IS NOT NULL", out):
            found.append(newer.Keys(out, spares_links=not deletes))
            if other in over_links and not deletes:
                found += _linked(run, opened, name, other, out)
    return found


def _linked(run: ports.Run, opened: journal.Opened, name: str, other: str, wrote: Path) -> list[newer.Keys]:
    """Those of the keys that a later object wrote of whose rows it sent a cell for a lookup that is a link of this one, too."""
    lookups, rows = {field.lower() for field in opened.plan.objects[name].links}, [tables.NO_ROWS]
    for wave in journal.waves_of(run, other):
        told = [each.column for each in written_by.fields(opened, other, wave.columns) if each.name.lower() in lookups]
        if wave.ready and told:
            some = " OR ".join(f"coalesce({tables.cell(column)}, '') != ''" for column in told)
            rows.append(f"SELECT row_id FROM {tables.parquet(journal.bring(run, wave.ready))} WHERE {some}")
    keyed = f"SELECT key FROM {later_runs.staged(run, other)} SEMI JOIN ({' UNION ALL '.join(rows)}) USING (row_id)"
    out = wrote.with_name(f"{wrote.stem}-linked.parquet")
    return [newer.Keys(out)] if _kept(run, f"FROM {tables.parquet(wrote)} SEMI JOIN ({keyed}) USING (key)", out) else []


def _kept(run: ports.Run, query: str, out: Path) -> int:
    with tables.connect(run.limits) as con:
        return tables.write_parquet(con, query, out)


def without(run: ports.Run, opened: journal.Opened, name: str, records: Path) -> Path:
    """Write those of some records (row_id, sf_id) whose links no later object wrote: a second pass has no say in the others."""
    later, out = newer.of_links(written(run, opened, name)), run.scratch / f"{name}-not-later.parquet"
    if not later:
        return records
    rows = newer.rows(journal.bring(run, journal.staged(run, name)["file"]), later)
    _kept(run, f"FROM {tables.parquet(records)} ANTI JOIN ({rows}) USING (row_id)", out)
    return out
