"""What an earlier run wrote, what the org says of it since, and rows to send → rows that needn't be sent, and a new memory.

A memory is a Parquet file with key (folded), sf_id, cells and links (digests of what was sent, links in a second pass),
edited (somebody else changed the record since).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import duckdb

LEFT_ALONE = "left alone: somebody else has edited the record since it was loaded"
EMPTY = "NULL::VARCHAR AS key, NULL::VARCHAR AS sf_id, NULL::VARCHAR AS cells, NULL::VARCHAR AS links, NULL::BOOLEAN AS edited"
# Moments are compared by their first 19 characters: the org tells all of them in UTC, some with milliseconds.
SECONDS = 19
MARKED = "marked"


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which our own jobs wrote: first and last second (org's clock, 2026-01-31T23:59:59), and their user's Id.

    `late`: until when the org may have stored more of it, if it was aborted; "": no longer than `end`.
    """

    begin: str
    end: str
    by: str
    late: str = ""


def nothing(con: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Write a memory of nothing."""
    tables.write_parquet(con, f"SELECT {EMPTY} WHERE false", out)


def digest(columns: Sequence[str], seed: str) -> str:
    """The SQL of a row's digest: its cells as they are sent, each with its length, after what the plan says of them (`seed`)."""
    cells = [f"coalesce({tables.cell(column)}, '')" for column in columns]
    parts = ", ".join(f"strlen({cell}), ':', {cell}" for cell in cells)
    return f"md5(concat({tables.literal(seed)}, {parts}))"


def known(
    con: duckdb.DuckDBPyConnection,
    memory: Path,
    there: Path,
    seen: Path,
    windows: Sequence[Window],
    *,
    since: str,
    users: Collection[str],
    out: Path,
) -> int:
    """Write the memory as the org bears it out: what is gone is forgotten, what others edited is marked; how many are forgotten.

    `there`: key (first 15 characters of an Id), sf_id of the remembered records that exist. `seen`: CSV of Id,
    LastModifiedById, LastModifiedDate (and what follows) of the records that changed since. `windows`: when our own jobs wrote.
    `since`: edits of before that moment were told at an earlier look; the record's stamp alone has moved.
    `users`: of runs of ours that left no account of what they wrote; what they changed outside the windows is forgotten too.
    """
    header = tables.header_of(seen)
    con.execute("CREATE OR REPLACE TEMP TABLE changed (sf_id VARCHAR, ours BOOLEAN, untold BOOLEAN)")
    if header:
        con.execute(
            f'INSERT INTO changed SELECT left("Id", 15), {_ours(windows, since)}, {_by(users)} FROM {tables.strict_csv(seen, header)}'
        )
    query = (
        "SELECT m.* REPLACE (m.edited OR coalesce(NOT c.ours, false) AS edited), coalesce(c.untold, false) AS untold "
        f"FROM {tables.parquet(memory)} AS m SEMI JOIN {tables.parquet(there)} AS t ON t.key = left(m.sf_id, 15) "
        "LEFT JOIN changed AS c ON c.sf_id = left(m.sf_id, 15)"
    )
    kept = f"SELECT * EXCLUDE (untold) FROM ({query}) WHERE NOT (edited AND untold) ORDER BY key"
    (before,) = con.execute(f"SELECT count(*) FROM {tables.parquet(memory)}").fetchone() or (0,)
    return int(before) - tables.write_parquet(con, kept, out)


def _ours(windows: Sequence[Window], since: str) -> str:
    """Whether a change is our own: by our user, while our jobs wrote. Either alone is not enough: others may share the user.

    Nor is one an edit that is older than `since`. It was judged by windows which nobody keeps any more.
    """
    moment = f'left("LastModifiedDate", {SECONDS})'
    within = [f"{moment} < {tables.literal(since)}"] + [
        f'(left("LastModifiedById", 15) = {tables.literal(each.by[:15])} AND {moment} BETWEEN {tables.literal(each.begin)} '
        f"AND {tables.literal(each.end)})"
        for each in windows
    ]
    return f"coalesce({' OR '.join(within)}, false)"


def _by(users: Collection[str]) -> str:
    """Whether one of these users changed it last."""
    listed = ", ".join(tables.literal(user) for user in sorted({each[:15] for each in users}))
    return f'coalesce(left("LastModifiedById", 15) IN ({listed}), false)' if listed else "false"


def latest(con: duckdb.DuckDBPyConnection, seen: Path) -> str | None:
    """The last moment at which any record changed, as the org tells it; None without rows."""
    header = tables.header_of(seen)
    if not header:
        return None
    (found,) = con.execute(f'SELECT max(left("SystemModstamp", {SECONDS})) FROM {tables.strict_csv(seen, header)}').fetchone() or (None,)
    return str(found) if found else None


@dataclass(frozen=True, slots=True)
class Told:
    """How many rows needn't go because nothing changed, and how many were edited by others: left alone, or sent again."""

    unchanged: int
    edited: int


def leave_out(
    con: duckdb.DuckDBPyConnection,
    ready: Path,
    memory: Path,
    digested: str,
    *,
    source_wins: bool,
    again: str = "",
    out_aside: Path,
    out_ready: Path,
) -> Told:
    """Split linked rows (row_id, key and the cells of `digested`, in sending order, which is kept) by what is remembered of them.

    `out_aside`: row_id, fate (unchanged), sf_id, created, error, job_id of the rows that stay: the same cells as before, or a record
    that others edited, unless `source_wins`. `again`: the query of rows (row_id) that go though their cells are the same; "": none.
    `out_ready`: the others, as they came.
    """
    stays = _stays("cells", again, source_wins=source_wins)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {MARKED} AS SELECT r.place, r.row_id, k.sf_id, coalesce(k.edited, false) AS edited, "
        f"coalesce({stays}, false) AS stays FROM (SELECT file_row_number AS place, row_id, key, {digested} AS digest "
        f"FROM {tables.numbered(ready)}) AS r LEFT JOIN {tables.parquet(memory)} AS k ON k.key = r.key"
    )
    aside = (
        f"SELECT row_id, '{entities.Fate.UNCHANGED}' AS fate, sf_id, false AS created, "
        f"CASE WHEN edited THEN '{LEFT_ALONE}' END AS error, NULL::VARCHAR AS job_id FROM {MARKED} WHERE stays ORDER BY row_id"
    )
    tables.write_parquet(con, aside, out_aside)
    _others(con, ready, out_ready)
    told = con.execute(f"SELECT count(*) FILTER (stays AND NOT edited), count(*) FILTER (edited) FROM {MARKED}").fetchone() or (0, 0)
    return Told(int(told[0]), int(told[1]))


def leave_links_out(
    con: duckdb.DuckDBPyConnection, ready: Path, memory: Path, digested: str, *, source_wins: bool, again: str = "", out_ready: Path
) -> int:
    """Leave out the rows of a second pass (Id and links) whose record has these links already, or was edited; how many stay.

    `again` as in `leave_out`.
    """
    stays = _stays("links", again, source_wins=source_wins)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {MARKED} AS SELECT r.place, coalesce({stays}, false) AS stays FROM "
        f"(SELECT file_row_number AS place, row_id, left({tables.cell('Id')}, 15) AS sf_id, {digested} AS digest "
        f"FROM {tables.numbered(ready)}) AS r LEFT JOIN {tables.parquet(memory)} AS k ON left(k.sf_id, 15) = r.sf_id"
    )
    _others(con, ready, out_ready)
    (stay,) = con.execute(f"SELECT count(*) FROM {MARKED} WHERE stays").fetchone() or (0,)
    return int(stay)


def _stays(digest: str, again: str, *, source_wins: bool) -> str:
    """The SQL of whether a row (r) stays by what is remembered of its record (k)."""
    alike = f"k.{digest} = r.digest" + (f" AND r.row_id NOT IN ({again})" if again else "")
    return f"{alike} AND NOT k.edited" if source_wins else f"({alike}) OR k.edited"


def _others(con: duckdb.DuckDBPyConnection, ready: Path, out: Path) -> None:
    query = (
        f"SELECT r.* EXCLUDE (file_row_number) FROM {tables.numbered(ready)} AS r JOIN {MARKED} AS m ON m.place = r.file_row_number "
        "WHERE NOT m.stays ORDER BY r.file_row_number"
    )
    tables.write_parquet(con, query, out)
