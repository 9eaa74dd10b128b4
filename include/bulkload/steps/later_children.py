"""What a replay takes, and the parents that later runs brought → what of it has no key and came by other runs, too, or may have: it stays.

What another run had alike in its parents and its cells is stored, or waits there. What hangs on the same parents and differs may be
an edit of it, or another row: that is for a person to say, who names it in a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import chosen
from include.bulkload.steps import journal, later_parents, siblings, targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.bulkload.steps import ports


@dataclass(frozen=True, slots=True)
class Stay:
    """Rows of one object that stay (row_id): how many in all, and those that may be another run's, by that one's id."""

    rows: Path
    count: int
    held: dict[str, int]


def without(
    run: ports.Run, opened: journal.Opened, taken: Mapping[str, tuple[chosen.Member, Path]], parents: Mapping[str, Path]
) -> dict[str, tuple[Path, Stay]]:
    """Write the taken rows (row_id, how) that are left of objects of which some stay, and find those that do.

    `taken`: each object and what is taken of it; `parents`: keys (key) of parents that only later runs brought, by object. A row that
    an edited copy names is somebody's wish, and goes.
    """
    found, members = {}, {name: each for name, (each, _) in taken.items()}
    for name, (_, rows) in taken.items():
        stay, out = _stay(run, opened, members, name, rows, parents), run.scratch / f"{name}-still-taken.parquet"
        if stay is None:
            continue
        with tables.connect(run.limits) as con:
            chosen.without(con, rows, stay.rows, out)
        found[name] = out, stay
    return found


def since(run: ports.Run, opened: journal.Opened, name: str, replay: int, rows: Path, left: Path) -> Stay | None:
    """Find which of the rows (row_id, how) that a replay chose of an object, and hasn't sent, stay by now; None: there are none.

    `replay`: its number; 0: rows of the run's own load; `left`: all that is left of the object (row_id, how), see `choice.left`.
    """
    named = wished(run, name, replay)
    members = {
        each: chosen.Member(each, targets.staged_file(run, each), left, chosen.hangs(opened.plan.objects[each]), named)
        for each in opened.plan.order()
    }
    return _stay(run, opened, members, name, rows, later_parents.keys(run, replay))


def wished(run: ports.Run, name: str, replay: int) -> Path | None:
    """The rows of an object (row_id) that the edited copy of a replay named, by its number; None: it had none, or is the run's own load."""
    said = journal.staged(run, name)
    return journal.bring(run, said["named"]) if replay and said.get("replay") == replay else None


def _stay(
    run: ports.Run, opened: journal.Opened, members: Mapping[str, chosen.Member], name: str, rows: Path, parents: Mapping[str, Path]
) -> Stay | None:
    """Find the rows of one object that stay; None: there are none."""
    links, of = members[name].links, opened.plan.objects
    # What stood in a row without a key hangs on a record of this run alone, or on none.
    if not links or of[name].external_id or not all(of[link.parent].external_id for link in links):
        return None
    below, brought = (run.scratch / f"{name}-{part}.parquet" for part in ("below", "brought"))
    if not _below(run, members, name, rows, below):
        return None
    known = [(link.number, tables.parquet(parents[link.parent])) for link in links if link.parent in parents]
    late = " OR ".join(["false", *(f"link = {number} AND key IN (SELECT key FROM {file})" for number, file in known)])
    with tables.connect(run.limits) as con:
        some = tables.write_parquet(con, f"SELECT DISTINCT row_id FROM {tables.parquet(below)} WHERE {late}", brought)
    staged = {each: member.staged for each, member in members.items()}
    left = f"{chosen.unasked(members[name].left, members[name].seeds)} UNION SELECT row_id FROM {tables.parquet(below)}"
    return _told(run, name, siblings.had(run, opened, siblings.Asked(name, staged, left, below, brought if some else None)))


def _below(run: ports.Run, members: Mapping[str, chosen.Member], name: str, rows: Path, out: Path) -> int:
    """Write the rows of an object that would be sent below parents, unasked: row_id, link (its number), key of the parent; how many."""
    each = members[name]
    hanging = " UNION ALL ".join(
        f"SELECT row_id, {link.number} AS link, key FROM ({chosen.below(each, link, members[link.parent])})" for link in each.links
    )
    with tables.connect(run.limits) as con:
        return tables.write_parquet(con, f"FROM ({hanging}) WHERE key IS NOT NULL AND row_id IN ({chosen.unasked(rows, each.seeds)})", out)


def _told(run: ports.Run, name: str, found: Sequence[Path]) -> Stay | None:
    """Put together what other runs had of an object (row_id, run). Where one of them had a row, no other may have had it."""
    if not found:
        return None
    out = run.scratch / f"{name}-stay.parquet"
    with tables.connect(run.limits) as con:
        query = "SELECT row_id, CASE WHEN count(*) = count(run) THEN min(run) END AS run"
        count = tables.write_parquet(con, f"{query} FROM {tables.parquets(found)} GROUP BY row_id ORDER BY row_id", out)
        held = con.execute(f"SELECT run, count(*) FROM {tables.parquet(out)} WHERE run IS NOT NULL GROUP BY run ORDER BY run").fetchall()
    return Stay(out, count, {str(other): int(rows) for other, rows in held})
