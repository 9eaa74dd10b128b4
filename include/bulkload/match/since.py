"""Records that a run created, and what the org says of them now → which may be deleted, and which have changed since.

A record stays if anybody else wrote it since, or if a record hangs on it that doesn't go itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.match import changes

DUE, GONE, CHANGED, AS_IT_WAS = "due", "gone", "changed_since", "as_it_was"
STAMP, EDITOR, EDITED = "SystemModstamp", "LastModifiedById", "LastModifiedDate"
WATCHED = (STAMP, EDITOR, EDITED)
# The same of `s`, a record that was looked up.
STAMPED, EDITED_BY, EDITED_AT = (f"s.{tables.cell(name)}" for name in WATCHED)
SECONDS = 19
CREATED, CREATOR = "CreatedDate", "CreatedById"
DOUBT = "the job that wrote it first is gone from Salesforce: whether this run created it can't be told"
UNTOLD = "the org doesn't tell when it changed"


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables anew.

    candidates: records that may go (own: first 15 characters of the Id). pairs: who hangs on them. later: records that go
    after these. leaving: records that are about to leave the one they hang on, by which field. doubtful: see `doubt`. late: `land`.
    """
    con.execute('CREATE OR REPLACE TEMP TABLE late (own VARCHAR, "begin" VARCHAR, "by" VARCHAR)')
    con.execute("CREATE OR REPLACE TEMP TABLE doubtful (own VARCHAR, since VARCHAR)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE candidates (own VARCHAR, sf_id VARCHAR, row_id BIGINT, name VARCHAR, state VARCHAR, why VARCHAR)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE pairs (parent VARCHAR, child VARCHAR, sobject VARCHAR, field VARCHAR, untouched BOOLEAN)")
    con.execute("CREATE OR REPLACE TEMP TABLE later (own VARCHAR)")
    con.execute("CREATE OR REPLACE TEMP TABLE leaving (own VARCHAR, field VARCHAR)")


def add(con: duckdb.DuckDBPyConnection, name: str, rows: str, keys: Path) -> int:
    """Take an object's records (an SQL table expression of row_id, sf_id) as candidates; write their Ids as questions want them."""
    con.execute(f"INSERT INTO candidates SELECT left(sf_id, 15), sf_id, row_id, {tables.literal(name)}, '{DUE}', NULL FROM {rows}")
    chosen = f"SELECT own AS key, sf_id AS text FROM candidates WHERE name = {tables.literal(name)}"
    return tables.write_parquet(con, chosen, keys)


def doubt(con: duckdb.DuckDBPyConnection, name: str, rows: str) -> None:
    """Take an object's records that stay because nobody knows who created them.

    `rows`: an SQL table expression of row_id, sf_id, since: if the run created it, then not before ("": unknown).
    """
    told = f"{tables.literal(name)}, '{CHANGED}', {tables.literal(DOUBT)}"
    con.execute(f"INSERT INTO candidates SELECT left(sf_id, 15), sf_id, row_id, {told} FROM {rows}")
    con.execute(f"INSERT INTO doubtful SELECT left(sf_id, 15), since FROM {rows}")


def land(con: duckdb.DuckDBPyConnection, late: Path) -> None:
    """Take the records that aborted jobs wrote, maybe long after their end (`made.late`)."""
    con.execute(f'INSERT INTO late SELECT own, "begin", "by" FROM {tables.parquet(late)}')


def unlisted() -> str:
    """Which records (sf_id) are no candidates, in SQL: what one object of the run created, another one may have changed."""
    return "left(sf_id, 15) NOT IN (SELECT own FROM candidates)"


def compare(con: duckdb.DuckDBPyConnection, name: str, seen: Path, watched: Sequence[str], windows: Sequence[changes.Window]) -> None:
    """Hold an object's candidates against their records as they stand: `seen` has key and the `watched` columns."""
    where = f"candidates.name = {tables.literal(name)}"
    if CREATED in watched:
        older = f"left(s.{tables.cell(CREATED)}, {SECONDS}) < d.since"
        there = f"SELECT d.own FROM doubtful AS d JOIN {tables.parquet(seen)} AS s ON s.key = d.own WHERE d.since != '' AND {older}"
        con.execute(f"DELETE FROM candidates WHERE {where} AND own IN ({there})")
    missing = f"own NOT IN (SELECT key FROM {tables.parquet(seen)})"
    con.execute(f"UPDATE candidates SET state = '{GONE}', why = 'it isn''t in the org any more' WHERE {where} AND {missing}")
    if STAMP not in watched:
        con.execute(f"UPDATE candidates SET state = '{CHANGED}', why = {tables.literal(UNTOLD)} WHERE {where} AND state = '{DUE}'")
        return
    con.execute(
        f"UPDATE candidates SET state = '{CHANGED}', why = {_told(watched)} FROM {tables.parquet(seen)} AS s "
        f"WHERE {where} AND state = '{DUE}' AND s.key = own AND NOT ({untouched(watched, windows, 's.key')})"
    )


def keep(con: duckdb.DuckDBPyConnection, name: str, newer: Path) -> None:
    """Let those candidates of an object stay that others of ours wrote since: `newer` has own and why."""
    con.execute(
        f"UPDATE candidates SET state = '{CHANGED}', why = n.why FROM {tables.parquet(newer)} AS n "
        f"WHERE candidates.name = {tables.literal(name)} AND state = '{DUE}' AND n.own = candidates.own"
    )


def _told(watched: Sequence[str]) -> str:
    if EDITOR in watched and EDITED in watched:
        return f"concat('changed at ', {STAMPED}, ', last edited by ', {EDITED_BY}, ' at ', {EDITED_AT})"
    return f"concat('changed at ', {STAMPED})"


def untouched(watched: Sequence[str], windows: Sequence[changes.Window], own: str) -> str:
    """Whether nobody but the run wrote a record (columns of `s`): it changed while a job of the run ran, and by its user at last.

    The system's own touches, such as a roll-up of our own children, move the stamp and not the editor: these may come with what an
    aborted job stores late. Edits don't: others write by then. `own`: the first 15 characters of the record's Id, as SQL.
    """
    tells = EDITOR in watched and EDITED in watched
    within = " OR ".join(
        f"left({STAMPED}, {SECONDS}) BETWEEN {tables.literal(each.begin)} AND {tables.literal((each.late if tells else '') or each.end)}"
        for each in windows
    )
    edited = " OR ".join(
        f"(left({EDITED_BY}, 15) = {tables.literal(each.by[:15])} AND left({EDITED_AT}, {SECONDS}) BETWEEN {tables.literal(each.begin)} "
        f"AND {tables.literal(each.end)})"
        for each in windows
    )
    if not tells:
        return f"coalesce({within or 'false'}, false)"
    late = _landed_late(within or "false", own) if {CREATED, CREATOR} <= {*watched} else "false"
    return f"coalesce(({within or 'false'}) AND ({edited or 'false'}), false) OR coalesce({late}, false)"


def _landed_late(within: str, own: str) -> str:
    """Whether an aborted job created a record, however late, and nobody has edited it since.

    Nobody knows whether the job's stamp moves when its chunk is committed after the abort.
    """
    edited, created, stamped = (f"left({moment}, {SECONDS})" for moment in (EDITED_AT, f"s.{tables.cell(CREATED)}", STAMPED))
    by = " AND ".join(f'left({who}, 15) = left(l."by", 15)' for who in (EDITED_BY, f"s.{tables.cell(CREATOR)}"))
    untouched = f"{edited} = {created} AND ({stamped} = {created} OR {within})"
    return f'EXISTS (FROM late AS l WHERE l.own = {own} AND {by} AND {created} >= l."begin" AND {untouched})'


def hang(
    con: duckdb.DuckDBPyConnection, by: tuple[str, str], seen: Path, watched: Sequence[str], windows: Sequence[changes.Window]
) -> None:
    """Note the records that hang on candidates `by` a lookup (sobject, field): `seen` has key (the parent), sf_id and `watched`."""
    sobject, field = by
    fine = untouched(watched, windows, "left(s.sf_id, 15)") if STAMP in watched else "true"
    con.execute(
        f"INSERT INTO pairs SELECT s.key, left(s.sf_id, 15), {tables.literal(sobject)}, {tables.literal(field)}, {fine} "
        f"FROM {tables.parquet(seen)} AS s"
    )


def keep_parents(con: duckdb.DuckDBPyConnection) -> None:
    """Let a candidate stay if a record hangs on it that stays, up to the top."""
    goes = (
        f"EXISTS (FROM candidates AS k WHERE k.own = p.child AND k.state = '{DUE}') "
        "OR (p.untouched AND EXISTS (FROM later AS l WHERE l.own = p.child)) "
        "OR EXISTS (FROM leaving AS v WHERE v.own = p.child AND v.field = p.field)"
    )
    ours = "EXISTS (FROM candidates AS k WHERE k.own = p.child) OR EXISTS (FROM later AS l WHERE l.own = p.child)"
    whose = f"CASE WHEN {ours} THEN ' and stays' ELSE '; this run didn''t create it' END"
    why = f"concat(p.sobject, ' ', p.child, ' hangs on it by ', p.field, {whose})"
    stays = f"SELECT p.parent, min({why}) AS why FROM pairs AS p WHERE NOT ({goes}) GROUP BY p.parent"
    while True:
        con.execute(f"CREATE OR REPLACE TEMP TABLE staying AS {stays}")
        told = con.execute(
            f"UPDATE candidates SET state = '{CHANGED}', why = s.why FROM staying AS s WHERE s.parent = own AND state = '{DUE}'"
        ).fetchone()
        if not told or not told[0]:
            return


def lowest(con: duckdb.DuckDBPyConnection) -> str:
    """The query of the candidates that go first: those on which no other hangs that goes; all of them where they hang on each other."""
    due = f"SELECT row_id, own AS key, NULL::BIGINT AS parent_row, sf_id AS {tables.cell('Id')} FROM candidates AS c WHERE state = '{DUE}'"
    above = (
        f"EXISTS (FROM pairs AS p JOIN candidates AS k ON k.own = p.child WHERE p.parent = c.own AND k.state = '{DUE}' "
        "AND p.child != p.parent)"
    )
    leaves = f"{due} AND NOT {above}"
    (found,) = con.execute(f"SELECT count(*) FROM ({leaves})").fetchone() or (0,)
    return f"{leaves if found else due} ORDER BY row_id"


def aside(con: duckdb.DuckDBPyConnection, rows: str, out: Path) -> int:
    """Write the rows (row_id, sf_id, state, why) that are left alone, shaped like fates; return how many."""
    query = (
        "SELECT row_id, state AS fate, sf_id, NULL::BOOLEAN AS created, why AS error, NULL::VARCHAR AS job_id "
        f"FROM {rows} WHERE state != '{DUE}' ORDER BY row_id"
    )
    return tables.write_parquet(con, query, out)
