"""A database connection (DB-API 2.0) and a query → its rows, batch by batch, with a cursor on the server where the driver has one.

Without one, drivers like PostgreSQL's bring the whole result at once. Nothing is written: PostgreSQL is told so, and
the transaction is never committed.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import batches

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 5_000
NAME = "bulkload"
# DB-API's names of what may be otherwise the next time; each driver has classes of its own with them.
PASSING = {"OperationalError", "InterfaceError"}
# Their messages tell the value.
TELLING = {"DataError", "IntegrityError"}
MYSQL = ("MySQLdb", "pymysql")
KNOWN = {"psycopg2", "psycopg", *MYSQL}


def rows(connection: Any, sql: str, what: str, size: int = ROWS) -> Iterator[batches.Batch]:
    """Run a query and yield its rows, `size` a batch; the first batch comes even if there is no row. Closes the connection.

    `what`: how messages call the source. Raises NetworkFault if the database can't be reached, SourceError if it
    refuses the query or a value can't be read.
    """
    with contextlib.closing(connection), _told(what), _cursor(connection) as cursor:
        cursor.execute(sql)
        found = cursor.fetchmany(size)
        if cursor.description is None:
            raise errors.SourceError(f"{what}: the query gives no rows; write a SELECT")
        columns = [str(column[0]) for column in cursor.description]
        yield batches.Batch(columns, found)
        while found := cursor.fetchmany(size):
            yield batches.Batch(columns, found)


@contextlib.contextmanager
def _cursor(connection: Any) -> Iterator[Any]:
    """Open a cursor while the block lasts."""
    cursor = _opened(connection)
    try:
        yield cursor
    finally:
        # After an error, to close it is another error, which says nothing.
        with contextlib.suppress(Exception):
            cursor.close()


def _opened(connection: Any) -> Any:
    """Open a cursor that brings rows as they are asked for."""
    driver = _driver(connection)
    # Rows are plain ones, whatever the connection makes of its own cursors'.
    if driver == "psycopg2":
        connection.readonly = True
        return connection.cursor(name=NAME, cursor_factory=importlib.import_module("psycopg2.extensions").cursor)
    if driver == "psycopg":
        connection.read_only = True
        return connection.cursor(name=NAME, row_factory=importlib.import_module("psycopg.rows").tuple_row)
    if driver in MYSQL:
        return connection.cursor(importlib.import_module(f"{driver}.cursors").SSCursor)
    return connection.cursor()


def _driver(connection: Any) -> str:
    """Name the library that a connection is of, also where somebody's class extends its."""
    libraries = [each.__module__.partition(".")[0] for each in type(connection).__mro__]
    return next((library for library in libraries if library in KNOWN), libraries[0])


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Say plainly what a driver raises."""
    try:
        yield
    except (ValueError, OverflowError) as wrong:
        message = (
            f"{what}: the driver can't read a value ({type(wrong).__name__}), a date beyond year 9999 say; cast it to text in the query"
        )
        raise errors.SourceError(message) from wrong
    except Exception as wrong:
        kinds = {each.__name__ for each in type(wrong).__mro__}
        if "Error" not in kinds or not kinds & {"DatabaseError", "InterfaceError"}:
            raise
        told = type(wrong).__name__ if kinds & TELLING else str(wrong).strip().partition("\n")[0]
        if kinds & PASSING:
            raise errors.NetworkFault(f"{what}: the database can't be reached, or broke off ({told}); try again later") from wrong
        raise errors.SourceError(f"{what}: the database refused the query ({told}); mend it, or the connection's rights") from wrong
