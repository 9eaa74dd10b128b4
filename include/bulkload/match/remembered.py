"""What a run sent and what became of it → the memory for later runs: only of rows whose last attempt succeeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave: its rows as they were to be sent (None: it sends none as the plan says), and what became of which rows.

    `digest`: the SQL of the rows' digest (`changes.digest`). `links`: a second pass, rows are known by their Id. `tells`: the SQL of
    whether a row that is sent whole says itself what a second pass may set, too; `only`: that of which rows are meant. `fates`: files
    of row_id, fate, sf_id.
    """

    ready: Path | None = None
    digest: str = ""
    links: bool = False
    tells: str = "false"
    only: str = "true"
    fates: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """The waves of an object in their order, and the Ids of records that turned out gone.

    `shared`: queries of the records (key, own: first 15 characters of the Id; either may be NULL) that other objects of the run write
    over.
    """

    waves: Sequence[Wave]
    gone: Sequence[Path] = ()
    shared: Sequence[str] = ()


def write(con: duckdb.DuckDBPyConnection, memory: Path, account: Account, *, newest: bool, out: Path) -> int:
    """Write the new memory, sorted by key; return its rows.

    What wasn't sent stays as it was. What was to be sent, and of which the last wave that held it tells no success, is forgotten, since
    nobody knows what the org holds. Of records that are shared no digest is kept: their rows go again, unless others edited the record.
    `newest`: no other run has written `memory` since this run looked into it; else all of the account is forgotten, because nobody
    knows who wrote last.
    """
    _gather(con, account)
    old, own = f"{tables.parquet(memory)} AS m", "left(m.sf_id, 15)"
    kept = (
        f"SELECT m.key, m.sf_id, m.cells, m.links, m.edited FROM {old} WHERE NOT EXISTS (FROM sent AS s WHERE s.key = m.key) "
        f"AND NOT EXISTS (FROM sent AS s WHERE s.own = {own})"
    )
    whole = (
        "SELECT s.key, s.sf_id, s.cells, CASE WHEN s.links IS NOT NULL OR s.tells THEN s.links ELSE m.links END AS links, false AS edited "
        f"FROM sent AS s LEFT JOIN {old} ON m.key = s.key AND {own} = left(s.sf_id, 15) WHERE s.good AND s.key IS NOT NULL"
    )
    links = (
        "SELECT m.key, m.sf_id, m.cells, s.links, false AS edited "
        f"FROM sent AS s JOIN {old} ON {own} = s.own WHERE s.good AND s.key IS NULL"
    )
    rows = " UNION ALL ".join([kept, *([whole, links] if newest else [])])
    shared = "EXISTS (FROM shared AS o WHERE o.key = n.key) OR EXISTS (FROM shared AS o WHERE o.own = left(n.sf_id, 15))"
    query = (
        "SELECT key, sf_id, CASE WHEN NOT shared THEN cells END AS cells, CASE WHEN NOT shared THEN links END AS links, edited "
        f"FROM (SELECT n.*, {shared} AS shared FROM ({rows}) AS n) AS n "
        "WHERE NOT EXISTS (FROM gone AS g WHERE g.own = left(n.sf_id, 15)) ORDER BY key"
    )
    return tables.write_parquet(con, query, out)


def _gather(con: duckdb.DuckDBPyConnection, account: Account) -> None:
    """Fill the temporary tables sent (row_id, key, own, sf_id, cells, links, tells, good), gone (own) and shared (key, own)."""
    con.execute("CREATE OR REPLACE TEMP TABLE parts (nth INTEGER, row_id BIGINT, key VARCHAR, own VARCHAR, digest VARCHAR, tells BOOLEAN)")
    con.execute("CREATE OR REPLACE TEMP TABLE attempts (nth INTEGER, row_id BIGINT, fate VARCHAR, sf_id VARCHAR)")
    for nth, each in enumerate(account.waves):
        known = f"NULL, left({tables.cell('Id')}, 15), {each.digest}, false" if each.links else f"key, NULL, {each.digest}, {each.tells}"
        if each.ready:
            con.execute(f"INSERT INTO parts SELECT {nth}, row_id, {known} FROM {tables.parquet(each.ready)} WHERE {each.only}")
        for path in each.fates:
            con.execute(f"INSERT INTO attempts SELECT {nth}, row_id, fate, sf_id FROM {tables.parquet(path)}")
    whole, passed = "own IS NULL", "own IS NOT NULL"
    # A link that a whole row told later is not what the second pass set any more.
    linked = f"max(nth) FILTER ({passed}) > coalesce(max(nth) FILTER ({whole} AND tells), -1)"
    one = (
        f"SELECT row_id, max(key) AS key, max(own) AS own, max(nth) AS nth, bool_or(tells) AS tells, arg_max(digest, nth) FILTER ({whole}) "
        f"AS cells, CASE WHEN {linked} THEN arg_max(digest, nth) FILTER ({passed}) END AS links FROM parts GROUP BY row_id"
    )
    last = "SELECT row_id, max(nth) AS seen, arg_max(fate, nth) AS fate, arg_max(sf_id, nth) AS sf_id FROM attempts GROUP BY row_id"
    # What an earlier wave did with a row says nothing of a later one that was to send it once more.
    good = f"fate = '{entities.Fate.SUCCEEDED}' AND seen >= nth AND coalesce(own, left(sf_id, 15)) IS NOT NULL"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE sent AS SELECT row_id, key, coalesce(own, left(sf_id, 15)) AS own, sf_id, cells, links, tells, "
        f"coalesce({good}, false) AS good FROM ({one}) LEFT JOIN ({last}) USING (row_id)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE gone (own VARCHAR)")
    for path in account.gone:
        con.execute(f"INSERT INTO gone SELECT left(sf_id, 15) FROM {tables.parquet(path)}")
    con.execute("CREATE OR REPLACE TEMP TABLE shared (key VARCHAR, own VARCHAR)")
    for records in account.shared:
        con.execute(f"INSERT INTO shared {records}")
