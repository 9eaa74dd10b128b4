"""A query's rows come batch by batch; what a database says is told plainly."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg2
import psycopg2.extras
import pytest
from psycopg import rows as psycopg_rows

from include import storage
from include.bulkload.basics import errors
from scripts.stack import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Database]:
    """A PostgreSQL of this file's own."""
    with postgres.running(tmp_path_factory.mktemp("postgres") / "log") as found:
        yield found


@pytest.fixture(params=["psycopg2", "psycopg2 with rows as dicts", "psycopg", "psycopg with rows as dicts"])
def connect(request: pytest.FixtureRequest, database: postgres.Database) -> Callable[[], Any]:
    """Connect with either driver, as hooks do."""
    where = {"dbname": postgres.DATABASE, "user": postgres.USER, "password": database.password, "host": str(database.socket_folder)}
    driver, _, as_dicts = str(request.param).partition(" with ")
    if driver == "psycopg2":
        return lambda: psycopg2.connect(**where, cursor_factory=psycopg2.extras.RealDictCursor if as_dicts else None)
    factory: Any = psycopg_rows.dict_row if as_dicts else psycopg_rows.tuple_row
    return lambda: psycopg.connect(**where, row_factory=factory)


def test_rows_come_in_batches(connect: Callable[[], Any]) -> None:
    """The first has the columns, each at most so many rows; NULL is nothing."""
    sql = "SELECT n, nullif(n, 2) AS other FROM generate_series(1, 5) AS n ORDER BY n;"
    found = list(storage.rows(connect(), sql, "db", 2))
    assert [(["n", "other"], 2), (["n", "other"], 2), (["n", "other"], 1)] == [(each.columns, len(each.rows)) for each in found]
    assert [(1, 1), (2, None), (3, 3), (4, 4), (5, 5)] == [tuple(row) for each in found for row in each.rows]


def test_no_row_is_one_batch_without_any(connect: Callable[[], Any]) -> None:
    """So that the columns are known."""
    (found,) = storage.rows(connect(), "SELECT 1 AS n WHERE false", "db")
    assert (["n"], []) == (found.columns, list(found.rows))


def test_the_server_keeps_the_rows(connect: Callable[[], Any]) -> None:
    """A query whose rows never end gives its first ones: nobody brings all of them."""
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n, 1 / 1 FROM t"
    found = storage.rows(connect(), endless, "db", 10)
    assert list(range(1, 11)) == [row[0] for row in next(found).rows]
    found.close()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM nowhere", 'db: the database refused the query .*"nowhere" does not exist'),
        ("SELEC 1", "refused the query"),
        ("DELETE FROM pg_class", "refused the query|read-only"),
        ("WITH x AS (DELETE FROM pg_class RETURNING 1) SELECT * FROM x", "refused the query"),
        ("SELECT 'secret'::INTEGER", r"refused the query \((InvalidTextRepresentation)\)"),
        ("SELECT n / (3 - n) FROM generate_series(1, 5) AS n", r"refused the query \((DivisionByZero)\)"),
    ],
)
def test_what_the_database_refuses_is_told(connect: Callable[[], Any], sql: str, message: str) -> None:
    """Without the value that it is about; nothing is written."""
    with pytest.raises(errors.SourceError, match=message) as wrong:
        list(storage.rows(connect(), sql, "db", 1))
    assert "secret" not in str(wrong.value)


def test_a_value_that_the_driver_cannot_read_is_told(connect: Callable[[], Any]) -> None:
    """PostgreSQL has years that Python hasn't."""
    with pytest.raises(errors.SourceError, match=r"cast it to text in the query|refused the query \(DataError\)"):
        list(storage.rows(connect(), "SELECT DATE '20000-01-01' AS d", "db"))


def test_a_connection_that_breaks_off_may_work_next_time(connect: Callable[[], Any]) -> None:
    """It is tried again, not given up."""
    with pytest.raises(errors.NetworkFault, match="db: the database can't be reached, or broke off"):
        list(storage.rows(connect(), "SELECT pg_terminate_backend(pg_backend_pid())", "db"))


def test_other_databases_are_read_with_their_plain_cursor(tmp_path: Path) -> None:
    """And nothing is committed there either."""
    with sqlite3.connect(tmp_path / "db") as made:
        made.execute("CREATE TABLE t (n)")
        made.executemany("INSERT INTO t VALUES (?)", [(1,), ("x",), (None,)])
    made.close()
    found = storage.rows(sqlite3.connect(tmp_path / "db"), "SELECT n FROM t", "db", 2)
    assert [[(1,), ("x",)], [(None,)]] == [list(each.rows) for each in found]
    with pytest.raises(errors.SourceError, match="gives no rows; write a SELECT"):
        list(storage.rows(sqlite3.connect(tmp_path / "db"), "DELETE FROM t", "db"))
    (left,) = storage.rows(sqlite3.connect(tmp_path / "db"), "SELECT count(*) FROM t", "db")
    assert [(3,)] == list(left.rows)
