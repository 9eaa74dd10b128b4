"""Rows that a run is about to insert, and other runs' marks of the same payload → those that stay, since they would stand twice.

Rows of an insert have no key: only the mark tells that another run has them, or may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.match import chosen
from include.bulkload.steps import journal, later_children, payloads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]


def without(
    run: ports.Run, opened: journal.Opened, taken: Mapping[str, tuple[chosen.Member, Path]]
) -> dict[str, tuple[Path, int, Document]]:
    """Write the taken rows (row_id, how) that are left of objects of which some stay; how many of each stay, and who has them.

    `taken`: each object and what is taken of it. Who: as of `payloads.elsewhere`. A row that an edited copy names is somebody's wish,
    and goes; so does a link of a record that this run made itself.
    """
    found = {}
    for name, (each, rows) in taken.items():
        stay, out = run.scratch / f"{name}-elsewhere.parquet", run.scratch / f"{name}-here.parquet"
        other = payloads.elsewhere(run, opened, name)
        if other is None or not (count := _stay(run, rows, each.seeds, stay)):
            continue
        with tables.connect(run.limits) as con:
            chosen.without(con, rows, stay, out)
        found[name] = out, count, other
    return found


def since(run: ports.Run, opened: journal.Opened, name: str, replay: int, rows: Path, left: Path) -> later_children.Stay | None:
    """Find which of the rows (row_id, how) that are to be sent stay by now; None: there are none.

    What came by other runs, or may have (`later_children.since`), counts too. `replay`: its number; 0: rows of the run's own load;
    `left`: all that is left of the object (row_id, how).
    """
    if payloads.elsewhere(run, opened, name) is None:
        return later_children.since(run, opened, name, replay, rows, left)
    # All that no copy names: what may have come below parents is among it.
    stay = run.scratch / f"{name}-elsewhere.parquet"
    count = _stay(run, rows, later_children.wished(run, name, replay), stay)
    return later_children.Stay(stay, count, {}) if count else None


def _stay(run: ports.Run, rows: Path, named: Path | None, out: Path) -> int:
    """Write those of some rows (row_id) that would be inserted though nobody named them; how many."""
    with tables.connect(run.limits) as con:
        return tables.write_parquet(con, chosen.unasked(rows, named), out)
