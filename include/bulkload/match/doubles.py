"""Rows of one object in two runs of a plan → which are the same, as far as anybody can tell, and which may be.

A row without a key is known by its parents and its cells; where several are equal, their number counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb


@dataclass(frozen=True, slots=True)
class Up:
    """A link: the SQL of the key that a row names, or has that it stands in; `parents`: those rows, as SQL, "" if it names the key."""

    key: str
    parents: str = ""


@dataclass(frozen=True, slots=True)
class Ours:
    """Our rows as they are `known`, all of them, and queries of row_id: of those that are left, and of those of them that are asked for."""

    known: str
    left: str
    asked: str


@dataclass(frozen=True, slots=True)
class Other:
    """The other run's rows as they are `known`, a query for each of their versions; the query of those that it had (row_id); its id.

    `is_whole`: both runs know them by the same links and fields; if not, what agrees in what is left may be the same.
    """

    known: Sequence[str]
    counted: str
    run: str
    is_whole: bool = True


def known(staged: str, lookups: Sequence[Sequence[Up]], cells: Sequence[str]) -> str:
    """The query of staged rows as they are known: row_id, above, cells (digests). Those that hang on nothing aren't.

    `lookups`: each with the links that may fill it, of which a row has one; `cells`: the columns to compare. Both runs' lookups and
    cells are given in one order, which is all that says which is which.
    """
    joined, named = staged, []
    for place, links in enumerate(lookups):
        filled = []
        for number, link in enumerate(links):
            row, key = f"row{place}_{number}", f"key{place}_{number}"
            filled.append(key if link.parents else link.key)
            if link.parents:
                parents = f"(SELECT row_id AS {row}, {link.key} AS {key} FROM {link.parents} WHERE {keys.IS_ITS_OWN})"
                joined += f" LEFT JOIN {parents} ON parent_row = {row}"
        named.append(f"coalesce({', '.join([*filled, 'NULL'])})")
    hangs = f"coalesce({', '.join([*named, 'NULL'])}) IS NOT NULL"
    return f"SELECT row_id, {_digest(named)} AS above, {_digest(cells)} AS cells FROM {joined} WHERE NOT filtered AND {hangs}"


def _digest(texts: Sequence[str]) -> str:
    """The SQL of a digest of some texts, each with its length. NULL is as good as "": neither is sent."""
    parts = [f"strlen(coalesce({each}, '')), ':', coalesce({each}, '')" for each in texts]
    return f"md5(concat({', '.join(parts) or tables.literal('')}))"


def had(con: duckdb.DuckDBPyConnection, ours: Ours, other: Other, work: Path, out: Path) -> int:
    """Write the rows that the other run had, or may have (row_id, run: NULL, or its id where that can't be told); return how many.

    Among equal rows any one serves: as many stay as the other run had. A row may be one of the other run's if that had more rows below
    the same parents than are ours. `work`: a path for files in between.
    """
    mine, theirs = (tables.parquet(work.with_suffix(f".{part}.parquet")) for part in ("mine", "theirs"))
    tables.write_parquet(con, ours.known, work.with_suffix(".mine.parquet"))
    counted = f"SELECT DISTINCT * FROM ({' UNION ALL '.join(other.known)}) WHERE row_id IN ({other.counted})"
    tables.write_parquet(con, counted, work.with_suffix(".theirs.parquet"))
    # Of one that an edited copy changed, each version may be ours.
    query = (
        f"WITH own AS MATERIALIZED (SELECT * FROM {mine} WHERE row_id IN ({ours.asked})), "
        f"had AS MATERIALIZED ({_ranked(f'(SELECT * FROM {theirs} SEMI JOIN own USING (above))')}), "
        f"same AS MATERIALIZED (SELECT row_id FROM ({_ranked(f'(SELECT * FROM {mine} WHERE row_id IN ({ours.left}))')}) "
        f"SEMI JOIN had USING (above, cells, nth)), "
        f"met AS (SELECT row_id FROM had SEMI JOIN ({_ranked(f'(SELECT * FROM {mine} SEMI JOIN own USING (above))')}) "
        "USING (above, cells, nth)), "
        "more AS (SELECT above FROM had WHERE row_id NOT IN (FROM met)) "
        f"SELECT row_id, CASE WHEN NOT ({other.is_whole} AND row_id IN (FROM same)) THEN {tables.literal(other.run)} END AS run FROM own "
        "WHERE row_id IN (FROM same) OR above IN (FROM more)"
    )
    return tables.write_parquet(con, query, out)


def _ranked(rows: str) -> str:
    """The query of rows with their place among equal ones, from 1: nth."""
    return f"SELECT *, row_number() OVER (PARTITION BY above, cells ORDER BY row_id) AS nth FROM {rows}"
