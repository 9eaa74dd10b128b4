"""Children's staged rows and their parents' Ids → the rows that can be sent, lookups filled, siblings together; the others set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.match import passes, ways

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

ID = "Id"


@dataclass(frozen=True, slots=True)
class Linked:
    """A wave's rows: the query of those to send, in sending order; its link columns; how many rows were set aside, by fate.

    `ready` selects row_id, key, parent_row, the fields, `columns`. It reads files only: any connection can run it.
    """

    ready: str
    columns: tuple[str, ...]
    set_aside: dict[str, int]


def resolve(
    con: duckdb.DuckDBPyConnection,
    staged: Path,
    name: str,
    fields: Sequence[str],
    links: Sequence[ways.Way],
    wanted: str | None,
    aside: Path,
) -> Linked:
    """Find the parents of an object's rows; write those that can't be sent to `aside`, with their fate (orphans.COLUMNS).

    `links`: all links of the object, in plan order. `wanted`: an SQL table expression of (row_id, cut INTEGER[]), the rows of
    this wave and which of their links wait for the second pass; None: all rows. A row that lacks a required parent is rejected,
    one whose filled link finds no record is orphaned (the first such link counts), or sent without it. Children of one parent
    lie together; where there are several fields, those of the field with the most children of one parent.
    So is one whose link waits as a whole, if its parent is no row that may be sent: it would be created and never linked.
    Raises MustStop if a link with `fail` finds no record: how many rows, and the first.

    It writes no ready file but hands out its query, as `chunks.plan` writes these rows anyhow and writing them twice shows.
    """
    steps, later = ways.first_pass(links, _cut(con, wanted)), ways.waiting(links)
    found = passes.Pass(name, passes.rows(staged, wanted, [*steps, *later]), steps, passes.blank(links), later=later)
    counts = passes.set_aside(con, found, entities.Fate.ORPHANED, aside)
    own = ["s.row_id", "s.key", "s.parent_row", *(f"s.{tables.cell(field)}" for field in fields)]
    in_order = "" if not steps and wanted is None else passes.order(con, found)
    return Linked(found.select(own) + in_order, tuple(found.columns), counts)


def second_pass(
    con: duckdb.DuckDBPyConnection,
    staged: Path,
    name: str,
    links: Sequence[ways.Way],
    wanted: str | None,
    ids: Path,
    aside: Path,
) -> Linked:
    """Find the parents of links that waited, for rows that have a record; `columns` begin with `Id`, the rows' key.

    `ids`: the object's own id map. `wanted` as for `resolve`: rows and which of their links waited, beside those that are
    `cut` as a whole. Rows none of whose links waited are left out, and so are those without a record. Rows whose parent isn't
    there go to `aside` as failed; none of their links is set. Raises MustStop as `resolve` does.
    """
    steps = ways.second_pass(links, _cut(con, wanted))
    records = f"JOIN {tables.parquet(ids)} AS i ON i.row_id = s.row_id"
    some = " OR ".join(f"({step.taken})" for step in steps) or "false"
    found = passes.Pass(name, f"{passes.rows(staged, wanted, steps)} {records}", steps, {}, f"({some})")
    counts = passes.set_aside(con, found, entities.Fate.FAILED, aside)
    own = ["s.row_id", "left(i.sf_id, 15) AS key", "s.parent_row", f"i.sf_id AS {tables.cell(ID)}"]
    filled = " OR ".join(f"{value} IS NOT NULL" for value in found.columns.values()) or "false"
    return Linked(f"{found.select(own)} AND ({filled})" + passes.order(con, found), (ID, *found.columns), counts)


def waiting(staged: Path, links: Sequence[ways.Way], wanted: str | None, within: frozenset[int]) -> str:
    """The query of the rows (row_id) any of whose links waits for the second pass; nothing need be known of the parents.

    `wanted` as for `resolve`; `within`: the numbers of links that may wait in some of its rows.
    """
    some = " OR ".join(f"({step.taken})" for step in ways.second_pass(links, within)) or "false"
    return f"SELECT s.row_id {passes.rows(staged, wanted, [])} WHERE {some}"


def missing_keys(
    con: duckdb.DuckDBPyConnection, staged: Path, way: ways.Way, wanted: str | None, out: Path, *, waited: bool = False, only: str = ""
) -> int:
    """Write the keys that the org is to be asked for, each once (key: folded, text: as somebody wrote it); return how many.

    They are those of rows of `wanted` that follow the way (`waited`: in the second pass) and find no record of this load. For
    a record that stood in its parent it is the parent's key. Where the way is one of several of its field, keys may come that
    no row goes by. `only`: an SQL table expression of the keys that may be asked for; "": all.
    """
    keys = ["SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS text"]
    for step in (ways.second_pass if waited else ways.first_pass)([way], _cut(con, wanted)):
        unknown = f"k{way.number}.sf_id IS NULL" if way.id_map else "true"
        body = passes.rows(staged, wanted, [step], parents=True)
        keys = [f"SELECT {way.key} AS key, {step.key_text} AS text {body} WHERE {step.taken} AND {unknown}"]
    asked = f"key IN (SELECT key FROM {only})" if only else "key IS NOT NULL"
    query = f"SELECT key, min(text) AS text FROM ({keys[0]}) WHERE {asked} GROUP BY key ORDER BY key"
    return tables.write_parquet(con, query, out)


def _cut(con: duckdb.DuckDBPyConnection, wanted: str | None) -> frozenset[int]:
    """The numbers of links that wait in some rows."""
    if wanted is None:
        return frozenset()
    return frozenset(number for (number,) in con.execute(f"SELECT DISTINCT unnest(cut) FROM {wanted}").fetchall())
