"""Rows to send → job-sized CSV files, cut exact to the byte, header and quoting counted.

The rows are written once, each with the running sum of its bytes (`upto`); a chunk is a range of that sum,
so that cutting and writing a chunk reads only the row groups it lies in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

CSV = "FORMAT csv, HEADER true, FORCE_QUOTE *, DELIMITER ',', QUOTE '\"', ESCAPE '\"'"
QUOTES_AND_SEPARATOR = 3


def plan(
    con: duckdb.DuckDBPyConnection, ready_query: str, columns: Sequence[str], *, job_bytes: int, out_ready: Path, first_rows: int = 0
) -> list[entities.Chunk]:
    """Write the rows of `ready_query` (row_id, key, parent_row, and `columns`) in its order to `out_ready`, and cut them.

    Each chunk's CSV has at most `job_bytes` bytes; the first at most `first_rows` rows, if there are more (0: as many
    as fit). Raises MustStop naming the first row that is larger than a job.
    """
    cells = ", ".join(f"coalesce({tables.cell(column)}, '') AS {tables.cell(column)}" for column in columns)
    sized = f"SELECT row_id, key, parent_row, {cells}, {row_bytes(columns)} AS size FROM ({ready_query})"
    summed = f"SELECT *, sum(size) OVER (ROWS UNBOUNDED PRECEDING)::BIGINT AS upto FROM ({sized})"
    rows = tables.write_parquet(con, summed, out_ready)
    first = _end_of(con, tables.parquet(out_ready), first_rows) if 0 < first_rows < rows else None
    return _cut(con, tables.parquet(out_ready), room=job_bytes - header_bytes(columns), header=header_bytes(columns), first=first)


def header_bytes(columns: Sequence[str]) -> int:
    """Count the bytes of a CSV's header line."""
    return sum(len(column.encode()) + QUOTES_AND_SEPARATOR for column in columns)


def row_bytes(columns: Sequence[str]) -> str:
    """Count the bytes of a row's CSV line: each cell in quotes, quotes doubled, a separator or newline after it."""
    cells = " + ".join(f"coalesce(strlen({name}) + {_quotes(name)}, 0)" for name in map(tables.cell, columns))
    return f"{cells} + {QUOTES_AND_SEPARATOR * len(columns)}"


def _quotes(name: str) -> str:
    """Count a cell's quotes; most have none, which is seen much quicker."""
    return f"CASE WHEN contains({name}, '\"') THEN length({name}) - length(replace({name}, '\"', '')) ELSE 0 END"


def _end_of(con: duckdb.DuckDBPyConnection, ready: str, rows: int) -> int:
    """The running sum of bytes at the end of the first rows."""
    found = con.execute(f"SELECT max(upto) FROM (SELECT upto FROM {ready} ORDER BY upto LIMIT {rows})").fetchone()
    return int(found[0]) if found else 0


def _cut(con: duckdb.DuckDBPyConnection, ready: str, *, room: int, header: int, first: int | None) -> list[entities.Chunk]:
    """Fill one chunk after the other; the first ends at the sum `first`, if it is given and fits."""
    found: list[entities.Chunk] = []
    after = 0
    while True:
        end = min(after + room, first) if first and after < first else after + room
        rows, upto = con.execute(f"SELECT count(*), max(upto) FROM {ready} WHERE upto > {after} AND upto <= {end}").fetchone() or (0, 0)
        if not rows:
            break
        found.append(entities.Chunk(len(found), int(rows), int(upto) - after + header, after, int(upto)))
        after = int(upto)
    left = con.execute(f"SELECT min_by(row_id, upto), min_by(size, upto) FROM {ready} WHERE upto > {after}").fetchone()
    if left and left[0] is not None:
        message = f"row {left[0]} takes {left[1]} bytes, a job's CSV may have {room + header}; raise job_bytes, or shorten the row"
        raise errors.MustStop(message)
    return found


def write(con: duckdb.DuckDBPyConnection, ready: Path, chunk: entities.Chunk, columns: Sequence[str], out: Path) -> None:
    """Write a chunk's CSV: UTF-8, LF, every cell quoted, in sending order.

    Raises LedgerDamaged if it isn't of the planned size, so that a wrong file is never sent.
    """
    cells = ", ".join(f"{tables.cell(column)} AS {tables.quoted(column)}" for column in columns)
    con.execute(f"COPY (SELECT {cells} FROM {tables.parquet(ready)} WHERE {chunk.condition}) TO {tables.literal(str(out))} ({CSV})")
    if out.stat().st_size != chunk.bytes:
        message = f"chunk {chunk.number} has {out.stat().st_size} bytes, {chunk.bytes} were planned; clear the task that cuts the jobs"
        raise errors.LedgerDamaged(message)
