"""What a replay takes, and the parents that later runs brought → what of it has no key and may have come by other runs, too: it stays.

Sent, such a row might stand in the org twice: nothing tells it from the rows that a later run, or an earlier one since, had below the
same parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import chosen, newer
from include.bulkload.steps import journal, later_parents, siblings, targets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from include.bulkload.steps import ports


def without(
    run: ports.Run, opened: journal.Opened, taken: Mapping[str, tuple[chosen.Member, Path]], parents: Mapping[str, Path]
) -> dict[str, tuple[Path, int]]:
    """Write the taken rows (row_id, how) that are left of objects of which some stay, and how many of each stay.

    `taken`: each object and what is taken of it; `parents`: keys (key) of parents that only later runs brought, by object. A row that
    an edited copy names is somebody's wish, and goes.
    """
    found, members = {}, {name: each for name, (each, _) in taken.items()}
    for name, (_, rows) in taken.items():
        stay, out = _stay(run, opened, members, name, rows, parents), run.scratch / f"{name}-still-taken.parquet"
        if stay is None:
            continue
        with tables.connect(run.limits) as con:
            (count,) = con.execute(f"SELECT count(*) FROM {tables.parquet(stay)}").fetchone() or (0,)
            query = f"FROM {tables.parquet(rows)} ANTI JOIN (FROM {tables.parquet(stay)}) USING (row_id) ORDER BY row_id"
            tables.write_parquet(con, query, out)
        found[name] = out, int(count)
    return found


def since(run: ports.Run, opened: journal.Opened, name: str, replay: int, rows: Path) -> Path | None:
    """Write which of the rows (row_id, how) that a replay chose of an object, and hasn't sent, stay by now (row_id); None: there are none.

    `replay`: its number; 0: rows of the run's own load.
    """
    said = journal.staged(run, name)
    wished = journal.bring(run, said["named"]) if replay and said.get("replay") == replay else None
    members = {
        each: chosen.Member(each, targets.staged_file(run, each), rows, chosen.hangs(opened.plan.objects[each]), wished)
        for each in opened.plan.order()
    }
    return _stay(run, opened, members, name, rows, later_parents.keys(run, replay))


def _stay(
    run: ports.Run, opened: journal.Opened, members: Mapping[str, chosen.Member], name: str, rows: Path, parents: Mapping[str, Path]
) -> Path | None:
    """Write the rows (row_id) of one object that stay; None: there are none."""
    known = [link for link in members[name].links if opened.plan.objects[link.parent].external_id]
    below, out = (run.scratch / f"{name}-{part}.parquet" for part in ("below", "stay"))
    if not known or opened.plan.objects[name].external_id or not _below(run, members, name, rows, known, below):
        return None
    late = " UNION ".join(_late(run, opened, name, link, below, parents.get(link.parent)) for link in known)
    with tables.connect(run.limits) as con:
        return out if tables.write_parquet(con, late, out) else None


def _below(run: ports.Run, members: Mapping[str, chosen.Member], name: str, rows: Path, links: list[chosen.Hang], out: Path) -> int:
    """Write the rows of an object that would be sent below parents, unasked: row_id, link (its number), key of the parent; how many."""
    each = members[name]
    own = f"SELECT row_id FROM {tables.parquet(rows)} WHERE how = '{chosen.SEND}'"
    if each.seeds:
        own += f" EXCEPT SELECT row_id FROM {tables.parquet(each.seeds)}"
    hanging = " UNION ALL ".join(
        f"SELECT row_id, {link.number} AS link, key FROM ({chosen.below(each, link, members[link.parent])})" for link in links
    )
    with tables.connect(run.limits) as con:
        return tables.write_parquet(con, f"FROM ({hanging}) WHERE key IS NOT NULL AND row_id IN ({own})", out)


def _late(run: ports.Run, opened: journal.Opened, name: str, link: chosen.Hang, below: Path, parents: Path | None) -> str:
    """The query of those rows (row_id) below whose parent, by one link, other runs had rows of the same sobject.

    Later runs, if they brought the parent, too; earlier ones that sent some since, whoever brings it.
    """
    sobject = opened.plan.objects[name].sobject
    had = newer.among("key", siblings.sent(run, opened, link.parent, sobject, below))
    if parents:
        later = newer.among("key", siblings.named(run, opened, link.parent, sobject))
        had += f" OR key IN (SELECT key FROM {tables.parquet(parents)}) AND {later}"
    return f"SELECT row_id FROM {tables.parquet(below)} WHERE link = {link.number} AND ({had})"
