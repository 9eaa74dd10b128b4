"""An object's drafted rows and its parents' staged ones → which rows a trial takes: the first roots and all that hangs on them.

A root is a row that hangs on no row of this load. Any other row is taken if all rows that it hangs on are: so a
junction comes with both of its parents or not at all. Links that are cut don't count, they are set later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import mapping, plan


def choose(con: duckdb.DuckDBPyConnection, rows: str, checked: plan.Plan, name: str, folder: Path) -> None:
    """Fill the table `chosen` (row_id) with the rows of a table expression that a trial takes.

    `rows`: row_id, parent_row, key, to<n>; none that are filtered, none that another row stands for. The parents are staged in `folder`.
    """
    numbered = checked.objects[name].numbered_links
    links = [(number, link) for number, field, nth, link in numbered if link.object is not None and not checked.is_cut(name, field, nth)]
    own = [number for number, link in links if link.object == name]
    others = [(number, link) for number, link in links if link.object != name]
    fine = " AND ".join(["true", *(_taken(number, link, folder) for number, link in others)])
    filled = " OR ".join(["false", *(_filled(number, link) for number, link in others)])
    hanging = " OR ".join(["false", *(f"to{number} IS NOT NULL" for number in own)])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE candidates AS SELECT row_id, key{''.join(f', to{number}' for number in own)}, "
        f"({filled}) AS hangs, ({hanging}) AS hangs_here FROM {rows} AS r WHERE {fine}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE chosen AS SELECT row_id, key FROM candidates WHERE hangs AND NOT hangs_here UNION ALL "
        f"(SELECT row_id, key FROM candidates WHERE NOT hangs AND NOT hangs_here ORDER BY row_id LIMIT {checked.only_first})"
    )
    while own and _further(con, own):
        pass


def _further(con: duckdb.DuckDBPyConnection, own: list[int]) -> int:
    """Take the rows of the same object that hang on taken ones: one generation. How many there are."""
    taken = " AND ".join(f"(to{number} IS NULL OR to{number} IN (SELECT key FROM chosen))" for number in own)
    added = con.execute(
        f"INSERT INTO chosen SELECT row_id, key FROM candidates WHERE hangs_here AND {taken} AND row_id NOT IN (SELECT row_id FROM chosen)"
    ).fetchone()
    return int(added[0]) if added else 0


def _filled(number: int, link: mapping.Link) -> str:
    return "parent_row IS NOT NULL" if link.by == "nesting" else f"to{number} IS NOT NULL"


def _taken(number: int, link: mapping.Link, folder: Path) -> str:
    """The condition that a row hangs on no row that isn't taken."""
    staged = tables.parquet(folder / f"{link.object}-staged.parquet")
    cell, there = (f"to{number}", "key") if link.by != "nesting" else ("parent_row", "row_id")
    return f"({cell} IS NULL OR {cell} IN (SELECT {there} FROM {staged} WHERE NOT filtered AND {there} IS NOT NULL))"
