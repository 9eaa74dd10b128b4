"""A scratch folder and limits → one DuckDB connection, and the dialects of every file we write or read.

Type inference and the CSV sniffer are never used: a short or truncated file makes the sniffer switch
the quote character off and merge rows without an error (measured, see docs/decisions/table-engine.md).
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from include.bulkload.basics import entities, errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What Salesforce strips from the ends of stored text: Apex's white space, U+0000 to U+0020 (contract 8.11).
BLANKS = "".join(chr(code) for code in range(1, 33))
# One record is at most 400,000 characters (contract 4), four bytes each, quotes doubled, plus result columns.
MAX_LINE_BYTES = 8_000_000
POSITIONS = 1 << 40
# Its second version keeps what differs from the row before: smaller files, read in two thirds of the time.
# Texts of a row group are either few or nearly all their own, keys for example, whose dictionary is given up: the sooner, the cheaper.
PARQUET = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 8000"
NO_ROWS = "SELECT NULL::BIGINT AS row_id WHERE false"
NO_FATES = (
    "NULL::BIGINT AS row_id, NULL::VARCHAR AS fate, NULL::VARCHAR AS sf_id, NULL::BOOLEAN AS created, "
    "NULL::VARCHAR AS error, NULL::VARCHAR AS job_id"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use: `memory` as DuckDB writes it ("600MB"), `threads`, and a `spill` folder."""

    spill: Path
    memory: str = "600MB"
    threads: int = 1


def connect(limits: Limits) -> duckdb.DuckDBPyConnection:
    """Open a connection that spills to `limits.spill` and never reaches the network; its temporary tables are its own, and go with it."""
    return _database(limits).cursor()


@functools.lru_cache(maxsize=1)
def _database(limits: Limits) -> duckdb.DuckDBPyConnection:
    """The one in-memory database of a task, as long as its scratch stands: to open one takes longer than most of our queries."""
    con = duckdb.connect(":memory:")
    con.execute(f"SET memory_limit = {literal(limits.memory)}")
    con.execute(f"SET temp_directory = {literal(str(limits.spill))}")
    con.execute(f"SET threads = {limits.threads}")
    # What a query has freed goes back to the machine at once, as if the database were closed.
    con.execute("SET allocator_bulk_deallocation_flush_threshold = '1MB'")
    con.execute("SET autoinstall_known_extensions = false")
    con.execute("SET autoload_known_extensions = false")
    return con


def quoted(name: str) -> str:
    """Write a column or table name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def cell(field: str) -> str:
    """Name the column of our files that holds a row's cell of a field: `".Reason"`.

    No name of Salesforce's begins with a dot, nor has any column of ours one: a field may be called as one of them is.
    """
    return quoted(f".{field}")


def literal(text: str) -> str:
    """Write a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def trimmed(expression: str) -> str:
    """Strip what Salesforce strips when it stores text (contract 8.11)."""
    # Nine times as fast as trim() with a set of 32 characters, which is built anew for each row.
    return f"regexp_replace({expression}, '^[\\x01-\\x20]+|[\\x01-\\x20]+$', '', 'g')"


def folded(expression: str, rule: entities.KeyRule) -> str:
    """Fold a key as the org compares it, by its field's rule; blank → NULL."""
    bare = trimmed(expression)
    return f"nullif({_FOLDS[rule].format(bare)}, '')"


_FOLDS = {
    entities.KeyRule.EXACT: "{0}",
    entities.KeyRule.CASELESS: "lower({0})",
    # Results show 912260031 as 9.12260031E8 (contract 3.5): both are one double.
    entities.KeyRule.NUMBER: "coalesce(TRY_CAST({0} AS DOUBLE)::VARCHAR, {0})",
    # An Id of 15 and one of 18 characters name the same record; the first 15 tell records apart, by case too (contract 7.7).
    entities.KeyRule.RECORD_ID: "left({0}, 15)",
}


def line_feeds(expression: str) -> str:
    """The SQL of a text with LF as its only line ending."""
    return f"replace(replace({expression}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"


def row_id_text(sobject: str, expression: str = "row_id") -> str:
    """Show a row id to people: `Account-0-17` for row 17 of the first source file."""
    return f"concat({literal(sobject + '-')}, ({expression}) // {POSITIONS}, '-', ({expression}) % {POSITIONS})"


def parquet(path: Path) -> str:
    """Name a Parquet file as an SQL table expression."""
    return f"read_parquet({literal(str(path))})"


def numbered(path: Path) -> str:
    """Name a Parquet file as an SQL table expression with each row's place, `file_row_number` from 0, as one more column."""
    return f"read_parquet({literal(str(path))}, file_row_number = true)"


def parquets(paths: Sequence[Path]) -> str:
    """Name several Parquet files of one shape as an SQL table expression; none at all as an empty table of fates."""
    if not paths:
        return f"(SELECT {NO_FATES} WHERE false)"
    return f"read_parquet([{', '.join(literal(str(path)) for path in paths)}])"


def write_parquet(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows to a Parquet file, in the query's order; return how many."""
    copied = con.execute(f"COPY ({query}) TO {literal(str(path))} ({PARQUET})").fetchone()
    return int(copied[0]) if copied else 0


def write_people_csv(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows as a CSV file for people: header, every cell quoted, LF; return how many."""
    copied = con.execute(
        f"COPY ({query}) TO {literal(str(path))} (FORMAT csv, HEADER true, FORCE_QUOTE *, DELIMITER ',', QUOTE '\"', ESCAPE '\"')"
    ).fetchone()
    return int(copied[0]) if copied else 0


def header_of(path: Path) -> list[str]:
    """Read the column names of a CSV file; an empty file has none.

    Raises ResultsIncomplete if the first line never ends its quotes.
    """
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return next(csv.reader(file, strict=True), [])
        except csv.Error as wrong:
            raise errors.ResultsIncomplete(f"{path.name}: the header can't be read ({wrong}); fetch it again") from wrong


def strict_csv(path: Path, names: Sequence[str]) -> str:
    """Name a comma-separated file with a header as an SQL table expression, all columns text under `names`.

    Names bind by position, so they must be the file's own header, every column. `""` reads as NULL.
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, strict_mode=true, header=true, delim=',', quote='\"', "
        f"escape='\"', new_line='\\n', nullstr='', max_line_size={MAX_LINE_BYTES}, columns={{{columns}}})"
    )
