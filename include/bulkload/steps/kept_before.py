"""Rows that are about to change records → what those fields hold now, in a stored file that the ledger names.

Asked when the jobs are planned, file to file, not when each is uploaded; only records that exist have anything to keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import same_records
from include.bulkload.match import before
from include.bulkload.steps import journal, org_rows, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.steps import ports, sending

CHANGES = {"update", "upsert"}
BEFORE = "before"


def notes(
    run: ports.Run, opened: journal.Opened, place: tuple[str, int], how: sending.How, columns: Sequence[str], ready: Path
) -> dict[str, Any]:
    """Keep what the rows of a wave are about to change, if the plan says so of its sobject; what the wave's entry notes of it.

    `place`: the object and the wave's number. `ready`: Parquet with row_id, key and its `columns`. The stored file: row_id, sf_id, and
    each field that will be sent, one row per row whose record exists. Raises what `query_rows` raises.
    """
    name, number = place
    each = opened.plan.objects[name]
    if not same_records.keeps_before(opened.plan, name) or how.operation not in CHANGES or how.key is None:
        return {}
    keys, seen, out = (run.scratch / f"{name}-{number}-{part}.parquet" for part in ("keys", "seen", "before"))
    with tables.connect(run.limits) as con:
        before.keys(con, ready, how.key.name, keys)
    names = list(dict.fromkeys(field.name for field in written.fields(opened, name, columns)))
    org_rows.read(run, (each.sobject, how.key.name, how.key.rule), keys, names, seen)
    with tables.connect(run.limits) as con:
        before.write(con, ready, seen, out)
    return {BEFORE: journal.keep(run, out, f"{name}/before-{number:03d}.parquet")}
