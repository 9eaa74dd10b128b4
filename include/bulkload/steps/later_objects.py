"""An object of a run → the keys that later objects of the same run wrote, whose values are to count last.

A plan may give one record's fields by several objects. What a replay sends of the first then comes after what the run sent of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.match import newer
from include.bulkload.steps import later_runs

if TYPE_CHECKING:
    from include.bulkload.intake import mapping
    from include.bulkload.steps import journal, ports


def written(run: ports.Run, opened: journal.Opened, name: str) -> list[newer.Keys]:
    """Write the keys of the records that objects after this one wrote, or may have: of its sobject and key, with a field of its own.

    A delete has all fields: it must not take away what was written after it, nor a row bring back what it took away.
    """
    order, found = opened.plan.order(), []
    for other in order[order.index(name) + 1 :]:
        if not _writes_over(opened.plan.objects[other], opened.plan.objects[name]):
            continue
        out = run.scratch / f"{name}-by-{other}.parquet"
        with tables.connect(run.limits) as con:
            if tables.write_parquet(con, f"SELECT DISTINCT key FROM ({later_runs.wrote(run, other)}) WHERE key IS NOT NULL", out):
                found.append(newer.Keys(out))
    return found


def _writes_over(other: mapping.ObjectPlan, each: mapping.ObjectPlan) -> bool:
    """Whether both know their rows by the same field of the same sobject, and write another one both, or one of them deletes."""
    known_by = [(one.sobject.lower(), str(one.external_id or "").lower()) for one in (other, each)]
    fields = [{field.lower() for field in (*one.fields, *one.links)} - {key} for one, (_, key) in zip((other, each), known_by, strict=True)]
    deletes = bool(entities.DELETES & {other.operation, each.operation})
    return each.external_id is not None and known_by[0] == known_by[1] and (bool(fields[0] & fields[1]) or deletes)
