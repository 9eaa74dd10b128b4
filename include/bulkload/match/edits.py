"""An object's edited rows and where the run's rows stand → its staged rows with the edits, and which edits are taken.

What is refused changes nothing: a row that could be sent keeps its cells, and goes aside with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import keys, split
from include.bulkload.match import chosen, newer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

OVERTAKEN = "superseded: a later run wrote this key, or may have"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of an object: its staged rows, what is left of them (row_id, how), where they stand (row_id, fate), later runs' keys.

    `keyed`: whether its rows have a key; `links`: the numbers of its links that have a cell.
    """

    staged: Path
    left: Path
    final: Path
    later: Sequence[newer.Keys]
    keyed: bool
    links: Sequence[int]


def asked(con: duckdb.DuckDBPyConnection, rows: str, standing: Standing) -> dict[str, int]:
    """Make the table `asked` (row_id, how) of those of `rows` that may be taken; return the others, by their fate.

    `rows`: an SQL table expression of row_id, all of them staged.
    """
    fate = (
        f"CASE WHEN s.reason IS NOT NULL THEN '{entities.Fate.REJECTED}' WHEN s.filtered THEN '{entities.Fate.FILTERED}' "
        f"WHEN s.merged_into IS NOT NULL THEN '{entities.Fate.MERGED}' "
        # Nobody knows of these what became of them, or they would be among those that are left.
        f"WHEN f.fate IN ({', '.join(tables.literal(each) for each in chosen.LEFT)}) THEN '{entities.Fate.IN_DOUBT}' ELSE f.fate END"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE met AS SELECT s.row_id, {fate} AS fate, "
        f"coalesce(l.how, CASE WHEN s.reason IS NOT NULL AND NOT s.filtered THEN '{chosen.SEND}' END) AS how FROM {rows} AS r "
        f"JOIN {tables.parquet(standing.staged)} AS s USING (row_id) LEFT JOIN {tables.parquet(standing.left)} AS l ON l.row_id = s.row_id "
        f"LEFT JOIN {tables.parquet(standing.final)} AS f ON f.row_id = s.row_id"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT row_id, how FROM met WHERE how IS NOT NULL")
    found = con.execute("SELECT fate, count(*) FROM met WHERE how IS NULL GROUP BY fate ORDER BY fate").fetchall()
    return {str(fate): int(rows) for fate, rows in found}


def judge(con: duckdb.DuckDBPyConnection, drafts: Path, standing: Standing) -> None:
    """Make the table `judged` (row_id, how, key, reason) of the rows of `asked`: why an edit is refused, if it is.

    Two rows of one key are refused, whoever has it: nobody can say which is right. A row whose edit is refused keeps its key.
    """
    missing = f"CASE WHEN d.key IS NULL AND a.how = '{chosen.SEND}' THEN '{keys.MISSING}' END" if standing.keyed else "NULL"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT a.row_id, a.how, if(a.how = '{chosen.SEND}', d.key, NULL) AS key, "
        f"coalesce(d.reason, {missing}) AS reason FROM asked AS a JOIN {tables.parquet(drafts)} AS d USING (row_id)"
    )
    edited = f"SELECT row_id FROM judged WHERE reason IS NULL AND how = '{chosen.SEND}'"
    others = f"SELECT key FROM {tables.parquet(standing.staged)} WHERE {split.FINE} AND key IS NOT NULL AND row_id NOT IN ({edited})"
    shared = "SELECT key FROM judged WHERE reason IS NULL AND key IS NOT NULL GROUP BY key HAVING count(*) > 1"
    refused = f"UPDATE judged SET reason = '{keys.CONFLICTING}' WHERE reason IS NULL AND key IS NOT NULL"
    # Each refusal gives an old key back, which another edit may have taken.
    while (con.execute(f"{refused} AND (key IN ({others}) OR key IN ({shared}))").fetchone() or (0,))[0]:
        pass


def superseded(con: duckdb.DuckDBPyConnection, standing: Standing) -> int:
    """Mark those fine rows of `judged` whose key, as edited or, of rows that are stored, as it was, later runs have written; how many."""
    linked, staged = f"how = '{chosen.LINKS}'", tables.parquet(standing.staged)
    keyed = f"SELECT row_id, how, if({linked}, s.key, j.key) AS key FROM judged AS j JOIN {staged} AS s USING (row_id)"
    among = f"if({linked}, {newer.among('key', newer.of_links(standing.later))}, {newer.among('key', standing.later)})"
    newly = f"SELECT row_id FROM ({keyed} WHERE j.reason IS NULL) WHERE {among}"
    found = con.execute(f"UPDATE judged SET how = '{chosen.SUPERSEDED}' WHERE row_id IN ({newly})").fetchone()
    return int(found[0]) if found else 0


def write(con: duckdb.DuckDBPyConnection, drafts: Path, standing: Standing, out: Path) -> None:
    """Write the staged rows with the edits of `judged`: fine ones, and of rows that couldn't be sent the refused ones too.

    Superseded ones are among them, so that what hangs on such a row follows the key that it was given; rejected, it still is.
    """
    staged, draft = tables.parquet(standing.staged), tables.parquet(drafts)
    unfit = f"SELECT row_id FROM {staged} WHERE reason IS NOT NULL"
    # Of rows that are stored nobody edits the key.
    given = f"j.how = '{chosen.SUPERSEDED}' AND j.key IS NOT NULL"
    reason = f"CASE WHEN NOT ({given}) THEN j.reason WHEN row_id IN ({unfit}) THEN '{OVERTAKEN}' END"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE edited AS SELECT d.* REPLACE ({reason} AS reason) FROM {draft} AS d JOIN judged AS j USING (row_id) "
        f"WHERE ({given}) OR (j.how = '{chosen.SEND}' AND (j.reason IS NULL OR row_id IN ({unfit})))"
    )
    linked = f"SELECT row_id FROM judged WHERE how = '{chosen.LINKS}' AND reason IS NULL"
    cells = [f"d.{part}{number} AS {part}{number}" for number in standing.links for part in ("to", "as")]
    replaced = f"REPLACE ({', '.join(cells)})" if cells else ""
    stored = f"SELECT s.* {replaced} FROM {staged} AS s JOIN {draft} AS d ON d.row_id = s.row_id WHERE s.row_id IN ({linked})"
    rest = f"SELECT * FROM {staged} WHERE row_id NOT IN (SELECT row_id FROM edited) AND row_id NOT IN ({linked})"
    tables.write_parquet(con, f"SELECT * FROM (({rest}) UNION ALL BY NAME (FROM edited) UNION ALL BY NAME ({stored})) ORDER BY row_id", out)


def named(con: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Write the rows (row_id) that `write` gave cells of the copy, be they what they were before or not."""
    linked = f"SELECT row_id FROM judged WHERE how = '{chosen.LINKS}' AND reason IS NULL"
    tables.write_parquet(con, f"SELECT row_id FROM edited UNION ALL {linked} ORDER BY row_id", out)


def taken(con: duckdb.DuckDBPyConnection, rows: Path, refused: Path, standing: Standing) -> int:
    """Write the rows of `judged` (row_id, how: send, links, rejected, superseded) and the refused ones that go aside; how many of these."""
    how = f"CASE WHEN reason IS NULL THEN how ELSE '{chosen.REFUSED}' END AS how"
    tables.write_parquet(con, f"SELECT row_id, {how} FROM judged ORDER BY row_id", rows)
    fit = f"SELECT row_id FROM {tables.parquet(standing.staged)} WHERE reason IS NULL"
    return tables.write_parquet(
        con,
        f"SELECT row_id, '{entities.Fate.REJECTED}' AS fate, NULL::VARCHAR AS sf_id, NULL::BOOLEAN AS created, reason AS error, "
        f"NULL::VARCHAR AS job_id FROM judged WHERE reason IS NOT NULL AND row_id IN ({fit}) ORDER BY row_id",
        refused,
    )
