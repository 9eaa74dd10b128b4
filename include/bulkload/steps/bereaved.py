"""Children that were refused because a remembered parent is gone → orphans with that cause, and the parent is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries
from include.bulkload.match import bereaved
from include.bulkload.steps import journal, org_keys, remember

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.steps import ports


def orphans(
    run: ports.Run, opened: journal.Opened, name: str, fates: Sequence[Path], ready: Path, kin: Sequence[bereaved.Kin], out: Path
) -> int:
    """Find the refused rows of an object whose unchanged parent isn't in the org any more; write them to `out`; how many.

    `fates`: what became of the rows of one or several jobs; `ready`: those rows as they were sent; `kin`: their lookups to objects
    with `changed_only`. `out` has the columns of orphans; its rows take the place of the same rows in `fates`. The org is asked
    only where a refusal may be about such a parent. The parents are noted, so that `remember` forgets them.
    Raises what `query_rows` raises.
    """
    with tables.connect(run.limits) as con:
        for parent in bereaved.suspects(con, fates, ready, kin):
            asked, found, lost = (run.scratch / f"{name}-{parent}-{part}.parquet" for part in ("asked", "found", "gone"))
            bereaved.keys(con, kin, parent, asked)
            org_keys.found(run, opened.plan.objects[parent].sobject, "Id", entities.KeyRule.RECORD_ID, asked, found)
            if bereaved.gone(con, kin, parent, found, lost):
                kept = journal.keep(run, lost, f"{parent}/gone.parquet")
                # The same finding of a second try is the same entry.
                journal.note(run, entries.Entry(f"{remember.gone_prefix(parent)}{kept['sha256'][:16]}.json", {"file": kept}))
        return bereaved.orphaned(con, kin, out)
