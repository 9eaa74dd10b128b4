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
class Sent:
    """Rows as they were sent, and the SQL of their digest (`changes.digest`). `links`: a second pass, rows are known by their Id."""

    ready: Path
    digest: str
    links: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """All that a run sent of an object; fates (row_id, fate, sf_id) in the order of the attempts; Ids of records that turned out gone."""

    sent: Sequence[Sent]
    fates: Sequence[Path]
    gone: Sequence[Path] = ()


def write(con: duckdb.DuckDBPyConnection, memory: Path, account: Account, *, newest: bool, out: Path) -> int:
    """Write the new memory, sorted by key; return its rows.

    What wasn't sent stays as it was. What was sent and didn't succeed at last is forgotten, since nobody knows what the org holds.
    `newest`: no other run has written `memory` since this run looked into it; else all that this run sent is forgotten, because
    nobody knows who wrote last.
    """
    _gather(con, account)
    old, own = f"{tables.parquet(memory)} AS m", "left(m.sf_id, 15)"
    kept = (
        f"SELECT m.key, m.sf_id, m.cells, m.links, m.edited FROM {old} WHERE NOT EXISTS (FROM sent AS s WHERE s.key = m.key) "
        f"AND NOT EXISTS (FROM sent AS s WHERE s.own = {own})"
    )
    whole = (
        "SELECT s.key, s.sf_id, s.cells, coalesce(s.links, m.links) AS links, false AS edited "
        f"FROM sent AS s LEFT JOIN {old} ON m.key = s.key AND {own} = left(s.sf_id, 15) WHERE s.good AND s.key IS NOT NULL"
    )
    links = (
        "SELECT m.key, m.sf_id, m.cells, s.links, false AS edited "
        f"FROM sent AS s JOIN {old} ON {own} = s.own WHERE s.good AND s.key IS NULL"
    )
    rows = " UNION ALL ".join([kept, *([whole, links] if newest else [])])
    query = f"SELECT * FROM ({rows}) AS n WHERE NOT EXISTS (FROM gone AS g WHERE g.own = left(n.sf_id, 15)) ORDER BY key"
    return tables.write_parquet(con, query, out)


def _gather(con: duckdb.DuckDBPyConnection, account: Account) -> None:
    """Fill the temporary tables sent (row_id, key, own, sf_id, cells, links, good) and gone (own)."""
    con.execute("CREATE OR REPLACE TEMP TABLE parts (row_id BIGINT, key VARCHAR, own VARCHAR, cells VARCHAR, links VARCHAR)")
    for each in account.sent:
        told = f"NULL, left({tables.cell('Id')}, 15), NULL, {each.digest}" if each.links else f"key, NULL, {each.digest}, NULL"
        con.execute(f"INSERT INTO parts SELECT row_id, {told} FROM {tables.parquet(each.ready)}")
    con.execute("CREATE OR REPLACE TEMP TABLE attempts (nth INTEGER, row_id BIGINT, fate VARCHAR, sf_id VARCHAR)")
    for nth, path in enumerate(account.fates):
        con.execute(f"INSERT INTO attempts SELECT {nth}, row_id, fate, sf_id FROM {tables.parquet(path)}")
    last = "SELECT row_id, arg_max(fate, nth) AS fate, arg_max(sf_id, nth) AS sf_id FROM attempts GROUP BY row_id"
    one = "SELECT row_id, max(key) AS key, max(own) AS own, max(cells) AS cells, max(links) AS links FROM parts GROUP BY row_id"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE sent AS SELECT row_id, key, coalesce(own, left(sf_id, 15)) AS own, sf_id, cells, links, "
        f"coalesce(fate = '{entities.Fate.SUCCEEDED}' AND coalesce(own, left(sf_id, 15)) IS NOT NULL, false) AS good "
        f"FROM ({one}) LEFT JOIN ({last}) USING (row_id)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE gone (own VARCHAR)")
    for path in account.gone:
        con.execute(f"INSERT INTO gone SELECT left(sf_id, 15) FROM {tables.parquet(path)}")
