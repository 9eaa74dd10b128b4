"""What a replay takes, and the parents that later runs brought → what of it has no key and may have come by other runs, too: it stays.

Sent, such a row might stand in the org twice: nothing tells it from the rows that a later run, or a replay of an earlier one since, had
below the same parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import chosen, newer
from include.bulkload.steps import later_runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from include.bulkload.steps import journal, ports


def without(
    run: ports.Run, opened: journal.Opened, taken: Mapping[str, tuple[chosen.Member, Path]], parents: Mapping[str, Path]
) -> dict[str, tuple[Path, int]]:
    """Write the taken rows (row_id, how) that are left of objects of which some stay, and how many of each stay.

    `taken`: each object and what is taken of it; `parents`: keys (key) of parents that only later runs brought, by object. A row that
    an edited copy names is somebody's wish, and goes.
    """
    found = {}
    for name, (each, rows) in taken.items():
        known = [link for link in each.links if opened.plan.objects[link.parent].external_id]
        below = run.scratch / f"{name}-below.parquet"
        if not known or opened.plan.objects[name].external_id or not _below(run, taken, name, known, below):
            continue
        out = run.scratch / f"{name}-still-taken.parquet"
        late = " UNION ".join(_late(run, opened, name, link, below, parents.get(link.parent)) for link in known)
        with tables.connect(run.limits) as con:
            (count,) = con.execute(f"SELECT count(*) FROM ({late})").fetchone() or (0,)
            tables.write_parquet(con, f"FROM {tables.parquet(rows)} ANTI JOIN ({late}) USING (row_id) ORDER BY row_id", out)
        found[name] = out, int(count)
    return found


def _below(run: ports.Run, taken: Mapping[str, tuple[chosen.Member, Path]], name: str, links: list[chosen.Hang], out: Path) -> int:
    """Write the rows of an object that would be sent below parents, unasked: row_id, link (its number), key of the parent; how many."""
    each, rows = taken[name]
    own = f"SELECT row_id FROM {tables.parquet(rows)} WHERE how = '{chosen.SEND}'"
    if each.seeds:
        own += f" EXCEPT SELECT row_id FROM {tables.parquet(each.seeds)}"
    hanging = " UNION ALL ".join(
        f"SELECT row_id, {link.number} AS link, key FROM ({chosen.below(each, link, taken[link.parent][0])})" for link in links
    )
    with tables.connect(run.limits) as con:
        return tables.write_parquet(con, f"FROM ({hanging}) WHERE key IS NOT NULL AND row_id IN ({own})", out)


def _late(run: ports.Run, opened: journal.Opened, name: str, link: chosen.Hang, below: Path, parents: Path | None) -> str:
    """The query of those rows (row_id) below whose parent, by one link, other runs had rows of the same sobject.

    Later runs, if they brought the parent, too; replays of earlier ones since, whoever brings it.
    """
    sobject = opened.plan.objects[name].sobject
    had = newer.among("key", later_runs.brought_below(run, opened, link.parent, sobject))
    if parents:
        later = newer.among("key", later_runs.hung_on(run, opened, link.parent, sobject))
        had += f" OR key IN (SELECT key FROM {tables.parquet(parents)}) AND {later}"
    return f"SELECT row_id FROM {tables.parquet(below)} WHERE link = {link.number} AND ({had})"
