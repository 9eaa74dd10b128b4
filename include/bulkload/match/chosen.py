"""Where the rows of a run stand → those that a replay takes: what is left of them, with all that hangs on them.

A row whose record exists is never sent as a whole again: only its links are set once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import keys, layers, split
from include.bulkload.match import newer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import mapping

LEFT = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.ORPHANED, entities.Fate.REJECTED)
# Rows that nobody refused: they only waited for others.
WAITED = (entities.Fate.UNPROCESSED, entities.Fate.ORPHANED)
SEND, LINKS, REFUSED = "send", "links", "rejected"
# Not taken, but what waited for it is: a later run wrote its record.
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Hang:
    """One link of an object to objects of this load: its number, whether it is by nesting, the parents' name."""

    number: int
    nested: bool
    parent: str


@dataclass(frozen=True, slots=True)
class Member:
    """One object: its name, its staged rows, what is left of them (`left`), its links; and those asked for (row_id, how), None: all."""

    name: str
    staged: Path
    left: Path
    links: Sequence[Hang] = ()
    seeds: Path | None = None


def hangs(each: mapping.ObjectPlan) -> list[Hang]:
    """The links of an object to objects of this load."""
    return [Hang(number, one.by == "nesting", one.object) for number, _, _, one in each.numbered_links if one.object is not None]


def _listed(fates: Sequence[entities.Fate]) -> str:
    return ", ".join(tables.literal(fate) for fate in fates)


IS_LEFT = f"fate IN ({_listed(LEFT)})"


def left(con: duckdb.DuckDBPyConnection, final: str, doubtful: Sequence[str], out: Path) -> int:
    """Write the rows that a replay may take (row_id, fate, how: send or links); return how many.

    `final`: an SQL table expression of row_id, fate, sf_id. `doubtful`: queries of the row_ids of which nobody knows whether they
    were written, whatever `final` says.
    """
    rows = f"SELECT row_id, fate, CASE WHEN sf_id IS NULL THEN '{SEND}' ELSE '{LINKS}' END AS how FROM {final} WHERE {IS_LEFT}"
    for query in doubtful:
        rows = f"SELECT * FROM ({rows}) WHERE how = '{LINKS}' OR row_id NOT IN ({query})"
    return tables.write_parquet(con, f"SELECT row_id, fate, how FROM ({rows}) ORDER BY row_id", out)


def superseded(con: duckdb.DuckDBPyConnection, rows: Path, keyed: Path, later: Sequence[newer.Keys], out: Path) -> int:
    """Write `rows` (row_id, how …), those as superseded whose key later runs have written; return how many these are.

    A row of which the links alone are set isn't, where nothing was written to these.

    `keyed`: row_id and key of at least these rows.
    """
    of_links = newer.rows(keyed, newer.of_links(later))
    among = f"CASE WHEN how = '{LINKS}' THEN row_id IN ({of_links}) ELSE row_id IN ({newer.rows(keyed, later)}) END"
    how = f"CASE WHEN {among} THEN '{SUPERSEDED}' ELSE how END AS how"
    tables.write_parquet(con, f"SELECT * REPLACE ({how}) FROM {tables.parquet(rows)} ORDER BY row_id", out)
    (found,) = con.execute(f"SELECT count(*) FROM {tables.parquet(out)} WHERE how = '{SUPERSEDED}'").fetchone() or (0,)
    return int(found)


def unasked(rows: Path, named: Path | None) -> str:
    """The query of those of some rows (row_id, how) that are to be sent, and that no edited copy named (row_id). None: there was none."""
    own = f"SELECT row_id FROM {tables.parquet(rows)} WHERE how = '{SEND}'"
    return f"{own} EXCEPT SELECT row_id FROM {tables.parquet(named)}" if named else own


def without(con: duckdb.DuckDBPyConnection, rows: Path, stay: Path, out: Path) -> None:
    """Write some rows (row_id, how) but those that stay (row_id)."""
    tables.write_parquet(con, f"FROM {tables.parquet(rows)} ANTI JOIN (FROM {tables.parquet(stay)}) USING (row_id) ORDER BY row_id", out)


def take(con: duckdb.DuckDBPyConnection, members: Sequence[Member], outs: Sequence[Path]) -> None:
    """Write what is taken of each object (row_id, how): all that is left, or what was asked for with all that hangs on it.

    What hangs on a taken row is what waited for it: rows that were orphaned or never sent, and links of a second pass. Superseded
    rows aren't taken; what hangs on them is as if they were. What hangs on a row whose edit was refused goes on waiting.
    """
    for place, each in enumerate(members):
        rows = f"SELECT row_id, how FROM {tables.parquet(each.seeds or each.left)}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE taken{place} AS {rows}")
    while any(each.seeds for each in members) and sum([_further(con, members, place) for place in range(len(members))]) > 0:
        pass
    for place, out in enumerate(outs):
        tables.write_parquet(con, f"FROM taken{place} WHERE how != '{SUPERSEDED}' ORDER BY row_id", out)


def _further(con: duckdb.DuckDBPyConnection, members: Sequence[Member], place: int) -> int:
    """Take the rows of one object that hang on rows that are taken by now; how many."""
    each, added = members[place], 0
    for link in each.links:
        above = next(at for at, other in enumerate(members) if other.name == link.parent)
        carrying = f"SELECT row_id FROM taken{above} WHERE how != '{REFUSED}'"
        parents = f"{tables.parquet(members[above].staged)} WHERE coalesce(merged_into, row_id) IN ({carrying})"
        led = f"parent_row IN (SELECT row_id FROM {parents})" if link.nested else f"to{link.number} IN (SELECT key FROM {parents})"
        hanging = f"SELECT row_id FROM {tables.parquet(each.staged)} WHERE {led}"
        waited = f"how = '{LINKS}' OR fate IN ({_listed(WAITED)})"
        found = con.execute(
            f"INSERT INTO taken{place} SELECT row_id, how FROM {tables.parquet(each.left)} WHERE ({waited}) AND row_id IN ({hanging}) "
            f"AND row_id NOT IN (SELECT row_id FROM taken{place})"
        ).fetchone()
        added += int(found[0]) if found else 0
    return added


def named(members: Sequence[Member], taken: Sequence[Path], parent: Member) -> str:
    """The query of the keys (key) of all rows of one object that taken rows name, or stood in. `taken`: of each member."""
    queries = ["SELECT NULL::VARCHAR AS key WHERE false"]
    for each, rows in zip(members, taken, strict=True):
        own = f"row_id IN (SELECT row_id FROM {tables.parquet(rows)})"
        queries += [f"SELECT key FROM ({below(each, link, parent)}) WHERE {own}" for link in each.links if link.parent == parent.name]
    return f"SELECT DISTINCT key FROM ({' UNION ALL '.join(queries)}) WHERE key IS NOT NULL"


def below(each: Member, link: Hang, parent: Member) -> str:
    """The query of an object's rows (row_id) and the key (key) that they name by one of their links, or of the row that they stood in.

    Of parents that share a key and differ nobody knows whose it is: what stood in them has none.
    """
    children = tables.parquet(each.staged)
    if not link.nested:
        return f"SELECT row_id, to{link.number} AS key FROM {children}"
    parents = f"(FROM {tables.parquet(parent.staged)} WHERE {keys.IS_ITS_OWN})"
    return f"SELECT s.row_id, p.key FROM {children} AS s JOIN {parents} AS p ON s.parent_row = p.row_id"


def layered(con: duckdb.DuckDBPyConnection, chosen: Path, staged: Path, own: Sequence[int], work: Path, out: Path) -> int:
    """Write the taken rows as a turn's waves need them (row_id, layer, cut INTEGER[]); return how many layers there are, 1 at least.

    `chosen`: row_id, how; `own`: the numbers of the object's links to its own rows; `work`: a path for a file in between. Rows whose
    links alone are set have no layer; all links to their own object are for the second pass.
    """
    sent = f"SELECT row_id FROM {tables.parquet(chosen)} WHERE how = '{SEND}'"
    rows, count = (
        f"SELECT row_id, 0 AS layer, []::INTEGER[] AS cut FROM {tables.parquet(staged)} WHERE {split.FINE} AND row_id IN ({sent})",
        1,
    )
    if own:
        part = work.with_suffix(".part.parquet")
        tables.write_parquet(con, f"SELECT * FROM {tables.parquet(staged)} WHERE row_id IN ({sent})", part)
        count = max(layers.of(con, part, own, work), 1)
        rows = f"SELECT row_id, layer, cut FROM {tables.parquet(work)}"
    numbers = f"{list(own)}::INTEGER[]"
    links = f"SELECT row_id, NULL::INTEGER AS layer, {numbers} AS cut FROM {tables.parquet(chosen)} WHERE how = '{LINKS}'"
    tables.write_parquet(con, f"SELECT * FROM ({rows} UNION ALL {links}) ORDER BY layer, row_id", out)
    return count


def counts(con: duckdb.DuckDBPyConnection, chosen: Path) -> dict[str, int]:
    """Count the taken rows by how they are taken: send, links, rejected."""
    found = con.execute(f"SELECT how, count(*) FROM {tables.parquet(chosen)} GROUP BY how ORDER BY how").fetchall()
    return {SEND: 0, LINKS: 0} | {str(how): int(rows) for how, rows in found}
