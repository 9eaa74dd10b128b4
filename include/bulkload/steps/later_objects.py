"""An object of a run → the keys that later objects of the same run wrote, whose values are to count last.

A plan may give one record's fields by several objects. What a replay sends of the first, or a task that is cleared, then comes after
what the run sent of the others; so does a second pass that ends with a still later object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import same_records
from include.bulkload.match import newer
from include.bulkload.steps import journal, later_runs

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports


def written(run: ports.Run, opened: journal.Opened, name: str) -> list[newer.Keys]:
    """Write the keys of the records that objects after this one wrote, or may have: of its sobject and key, with a field of its own.

    Or those that they left because they had them already. A delete has all fields. They spare its links if they share none of these.
    """
    found, over_links = [], same_records.after(opened.plan, name, links=True)
    for other in same_records.after(opened.plan, name):
        if not journal.waves_of(run, other):
            continue
        out = run.scratch / f"{name}-by-{other}.parquet"
        with tables.connect(run.limits) as con:
            if tables.write_parquet(con, f"SELECT DISTINCT key FROM ({later_runs.wrote(run, other)}) WHERE key IS NOT NULL", out):
                found.append(newer.Keys(out, spares_links=other not in over_links))
    return found


def without(run: ports.Run, opened: journal.Opened, name: str, records: Path) -> Path:
    """Write those of some records (row_id, sf_id) whose links no later object wrote: a second pass has no say in the others."""
    later, out = newer.of_links(written(run, opened, name)), run.scratch / f"{name}-not-later.parquet"
    if not later:
        return records
    with tables.connect(run.limits) as con:
        rows = newer.rows(journal.bring(run, journal.staged(run, name)["file"]), later)
        tables.write_parquet(con, f"FROM {tables.parquet(records)} ANTI JOIN ({rows}) USING (row_id)", out)
    return out
