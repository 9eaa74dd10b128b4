"""Rows of a wave that aren't sent, from whatever said so → one stored file with their fates, and a list for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import lists
from include.bulkload.match import orphans
from include.bulkload.steps import journal, targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.steps import ports


def kept(
    run: ports.Run, opened: journal.Opened, name: str, number: int, asides: Sequence[Path]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None, dict[str, int]]:
    """Store a wave's rows that are set aside, and its orphans for people; (file, list, rows by fate), None where there are none."""
    aside, for_people = run.scratch / f"{name}-{number}-set_aside.parquet", run.scratch / f"{name}-{number}-orphans.csv"
    with tables.connect(run.limits) as con:
        union = " UNION ALL BY NAME ".join(f"FROM {tables.parquet(path)}" for path in asides)
        if not asides or not tables.write_parquet(con, union, aside):
            return None, None, {}
        counts = con.execute(f"SELECT fate, count(*) FROM {tables.parquet(aside)} GROUP BY fate ORDER BY fate").fetchall()
        lost = {str(fate): int(rows) for fate, rows in counts}
        listed = None
        if entities.Fate.ORPHANED in lost:
            orphans.for_people(con, name, lists.cells(opened.plan.objects[name]), targets.staged_file(run, name), aside, for_people)
            listed = journal.keep(run, for_people, f"{name}/orphans-{number:03d}.csv")
    return journal.keep(run, aside, f"{name}/aside-{number:03d}.parquet"), listed, lost
