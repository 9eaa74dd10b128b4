"""One SQLite file → records (a table per object), jobs and their rows' outcomes; what is committed survives a kill."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from include.local_org import ids, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from include.local_org import schema

NUMBERS = {"int": "INTEGER", "boolean": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}
# Rows of one statement, and values at most: SQLite takes 32,766.
AT_ONCE, MOST_VALUES = 100, 30_000
OWN_TABLES = """
CREATE TABLE IF NOT EXISTS "_jobs" (id TEXT PRIMARY KEY, place INTEGER, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS "_results" (job TEXT, kind TEXT, place INTEGER, line TEXT, PRIMARY KEY (job, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "_counters" (name TEXT PRIMARY KEY, value INTEGER);
"""


class Store:
    """The database. One writer at a time (`writing`), any number of readers (`reading`)."""

    def __init__(self, path: Path, objects: dict[str, schema.SObject]) -> None:
        self.path = path
        self.uploads = path.with_name(path.name + "-uploads")
        self.uploads.mkdir(parents=True, exist_ok=True)
        for part in self.uploads.glob("*.part"):
            # An upload that a kill broke off; its job is still Open.
            part.unlink()
        self._lock = threading.RLock()
        self._local = threading.local()
        with self.writing() as con:
            con.executescript(OWN_TABLES)
            for each in objects.values():
                self._table(con, each)

    def _connection(self) -> sqlite3.Connection:
        """One connection per thread; a download goes on in another one, never in two at once.

        A killed process loses nothing: the file's pages are the system's.
        """
        found = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, isolation_level=None, timeout=60, check_same_thread=False)
            found.row_factory = sqlite3.Row
            # Of a new file only; half as many pages to be written twice.
            found.execute("PRAGMA page_size = 8192")
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = OFF")
            found.create_function("folded", 1, _caseless, deterministic=True)
            found.create_function("java_double", 1, lambda value: None if value is None else rules.java_double(value), deterministic=True)
            self._local.connection = found
        return found

    def reading(self) -> sqlite3.Connection:
        """A connection of this thread's to read with."""
        return self._connection()

    @contextlib.contextmanager
    def writing(self, committed: Callable[[], None] | None = None) -> Iterator[sqlite3.Connection]:
        """One transaction: committed whole or not at all. `committed` is called after it, before any other writes."""
        with self._lock:
            con = self._connection()
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
            except BaseException:
                con.execute("ROLLBACK")
                raise
            con.execute("COMMIT") if con.in_transaction else None
            if committed is not None:
                committed()

    def _table(self, con: sqlite3.Connection, each: schema.SObject) -> None:
        """Create an object's table, or what it lacks: a column per field, a folded column and an index per key."""
        columns = [f'"{field.name}" {NUMBERS.get(field.type, "TEXT")}' for field in each.fields.values() if field.name != "Id"]
        keys = [field for field in each.fields.values() if field.name != "Id" and (field.unique or field.external_id or field.id_lookup)]
        columns += [f'"{field.name}~" TEXT' for field in keys]
        con.execute(f'CREATE TABLE IF NOT EXISTS "{each.name}" ("Id" TEXT PRIMARY KEY, {", ".join(columns)}) WITHOUT ROWID')
        known = {row["name"] for row in con.execute(f'PRAGMA table_info("{each.name}")')}
        for column in columns:
            # The schema has grown since the file was made.
            if column.split('"')[1] not in known:
                con.execute(f'ALTER TABLE "{each.name}" ADD COLUMN {column}')
        for field in keys:
            key = f'"{field.name}~"'
            con.execute(f'CREATE INDEX IF NOT EXISTS "{each.name}.{field.name}" ON "{each.name}" ({key}) WHERE {key} IS NOT NULL')

    def upload_path(self, job_id: str) -> Path:
        """Where a job's CSV is kept."""
        return self.uploads / f"{job_id}.csv"

    def new_ids(self, con: sqlite3.Connection, prefix: str, count: int) -> list[str]:
        """Hand out the next record ids of a kind."""
        last = self.counted(con, prefix, count)
        return ids.several(prefix, last - count + 1, count)

    @staticmethod
    def counted(con: sqlite3.Connection, name: str, count: int) -> int:
        """Count on; the last number of those that are handed out."""
        con.execute('INSERT INTO "_counters" VALUES (?, 0) ON CONFLICT DO NOTHING', [name])
        (last,) = con.execute('UPDATE "_counters" SET value = value + ? WHERE name = ? RETURNING value', [count, name]).fetchone()
        return int(last)

    def keep_ids(self, con: sqlite3.Connection, prefix: str, count: int) -> None:
        """Hand out none of the first ids of a kind."""
        con.execute('INSERT INTO "_counters" VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)', [prefix, count])

    def save_job(self, con: sqlite3.Connection, document: dict[str, Any]) -> None:
        """Write a job's document."""
        place = document["place"]
        con.execute('INSERT OR REPLACE INTO "_jobs" VALUES (?, ?, ?)', [document["id"], place, json.dumps(document)])

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs' documents, oldest first."""
        return [json.loads(row["document"]) for row in self.reading().execute('SELECT document FROM "_jobs" ORDER BY place')]

    @staticmethod
    def save_results(con: sqlite3.Connection, job_id: str, rows: Sequence[tuple[str, int, str]]) -> None:
        """Write what became of rows: kind, place in the upload, and the line of the result file, its ending too."""
        insert(con, "_results", {"job": job_id}, ("kind", "place", "line"), rows)

    def finished_chunks(self, job_id: str, size: int) -> set[int]:
        """Places in the upload where finished chunks of a job start."""
        query = 'SELECT place FROM "_results" WHERE job = ? AND place % ? = 0'
        return {row[0] for row in self.reading().execute(query, [job_id, size])}

    def finished_rows(self, job_id: str) -> Iterator[int]:
        """Places of a job's rows that have an outcome, in order."""
        for row in self.reading().execute('SELECT place FROM "_results" WHERE job = ? ORDER BY place', [job_id]):
            yield row[0]


def insert(con: sqlite3.Connection, table: str, same: Mapping[str, Any], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows, many by one statement: that takes half as long as one by one. `same`: what is alike in all; `names`: the others."""
    many = max(min(AT_ONCE, MOST_VALUES // len(names)), 1)
    for start in range(0, len(rows), many):
        block = rows[start : start + many]
        con.execute(_insertion(table, tuple(same), tuple(names), len(block)), [*same.values(), *itertools.chain.from_iterable(block)])


@functools.lru_cache(maxsize=256)
def _insertion(table: str, same: tuple[str, ...], names: tuple[str, ...], rows: int) -> str:
    """Write the statement; values that are alike are handed over once."""
    columns = ", ".join(f'"{name}"' for name in (*same, *names))
    alike = [f"?{number}" for number in range(1, len(same) + 1)]
    firsts = range(len(same) + 1, len(same) + 1 + rows * len(names), len(names))
    values = (", ".join([*alike, *(f"?{number}" for number in range(first, first + len(names)))]) for first in firsts)
    return f'INSERT INTO "{table}" ({columns}) VALUES ' + ", ".join(f"({each})" for each in values)


def _caseless(value: Any) -> Any:
    """A text as queries compare it; SQLite's own lower() knows only ASCII."""
    return value.lower() if isinstance(value, str) else value


def folded(field: schema.Field, value: Any) -> str | None:
    """A key as it is compared."""
    if value is None:
        return None
    if NUMBERS.get(field.type) == "REAL":
        with contextlib.suppress(ValueError):
            return str(rules.rounded(field, float(value)))
    return str(value).lower() if field.folds else str(value)


def all_folded(field: schema.Field, values: Sequence[Any]) -> list[Any]:
    """A column of keys as they are compared, each as `folded` says; NOTHING stays NOTHING."""
    if NUMBERS.get(field.type) is None and {*map(type, values)} <= {str}:
        return [value.lower() for value in values] if field.folds else list(values)
    return [value if value is rules.NOTHING else folded(field, value) for value in values]
