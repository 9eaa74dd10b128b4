"""An object's first waves → parents with so many children that their jobs will fight over the lock, named for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.ledger import waves
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.intake import mapping
    from include.bulkload.steps import ports

# Salesforce's own advice: more children of one parent make it slow to lock.
MANY = 10_000
NAMED = 10


def of(run: ports.Run, each: mapping.ObjectPlan, standing: Sequence[waves.Wave]) -> list[dict[str, Any]]:
    """Name the lookup, the parent as it was sent (its Id or key) and its rows, most first; nothing unless there are so many rows."""
    sent = [wave for wave in standing if wave.kind in {waves.Kind.FIRST, waves.Kind.LAYER} and wave.ready is not None]
    if sum(int(chunk["rows"]) for wave in sent for chunk in wave.chunks) <= MANY:
        return []
    files = [journal.bring(run, wave.ready) for wave in sent if wave.ready is not None]
    own = {*each.fields, each.row_key_field, "Id"}
    found: list[tuple[str, str, int]] = []
    with tables.connect(run.limits) as con:
        for column in dict.fromkeys(column for wave in sent for column in wave.columns if column not in own):
            name = tables.cell(column)
            counted = (
                f"SELECT {name} AS parent, count(*) AS rows FROM read_parquet([{', '.join(tables.literal(str(path)) for path in files)}], "
                f"union_by_name = true) WHERE {name} != '' GROUP BY parent HAVING rows > {MANY} ORDER BY rows DESC, parent LIMIT {NAMED}"
            )
            found += [(column, parent, rows) for parent, rows in con.execute(counted).fetchall()]
    return [{"field": field, "parent": parent, "children": rows} for field, parent, rows in sorted(found, key=lambda one: -one[2])]
