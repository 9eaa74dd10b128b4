"""A source of the plan → its files, under the deployment's allowed roots, or the rows of its query, on an allowed connection.

Or the payload that came with the run's config.
What it needs is imported when a source is read: triggers and the reading of DAGs needn't load it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, ObjectStoragePath
from airflow.sdk.exceptions import AirflowNotFoundException

from bulkload_airflow import settings
from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.bulkload.intake import batches, files
    from include.bulkload.steps import ports


class Inlet:
    """Reads files and databases where the deployment allows it."""

    def files(self, uri: str, into: Path) -> list[files.File]:
        """List the files at a URI. Raises SourceError."""
        from include import storage

        return storage.files(uri, into, settings.current().allowed_roots, _opened)

    def batches(self, sql: str, conn_id: str) -> Iterator[batches.Batch]:
        """Run a query on a connection that the deployment allows. Raises SourceError, NetworkFault."""
        from include import storage

        what = f"connection {conn_id}"
        if conn_id not in settings.current().sql_connections:
            message = f"{what}: it isn't one that queries may go to; add it to BULKLOAD_SQL_CONNECTIONS, or name another"
            raise errors.SourceError(message)
        return storage.rows(_connected(conn_id, what), sql, what)


@dataclass(frozen=True, slots=True)
class Inline:
    """Reads an inline payload from the run folder, whatever the URI."""

    folder: ports.RunFolder
    kept: ports.Stored

    def files(self, _: str, into: Path) -> list[files.File]:
        """List the payload. Raises LedgerDamaged if it was changed."""
        from include.bulkload.intake import files

        return [files.local(self.folder.get(self.kept, into), "payload.json")]

    def batches(self, _: str, conn_id: str) -> Iterator[batches.Batch]:
        """There is none: an inline payload is no query."""
        raise errors.SourceError(f"connection {conn_id}: the payload came with the run's config; leave it out, or the query")


def _opened(uri: str) -> tuple[Any, str]:
    """Open an object's store Airflow's way, so that `s3://conn_id@bucket/key` uses that connection."""
    found = ObjectStoragePath(uri)
    return found.fs, found.path


def _connected(conn_id: str, what: str) -> Any:
    """Connect by the hook of a connection's type. Raises SourceError for one without, NetworkFault if the database can't be reached."""
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    try:
        hook = BaseHook.get_hook(conn_id)
    except AirflowNotFoundException as missing:
        raise errors.SourceError(f"{what}: Airflow has no such connection; add it") from missing
    if not isinstance(hook, DbApiHook):
        raise errors.SourceError(f"{what}: its type is no SQL database's; name another")
    try:
        return hook.get_conn()
    except Exception as wrong:
        # Each driver has errors of its own; their text may hold credentials.
        kind = type(wrong).__name__
        raise errors.NetworkFault(f"{what}: the database can't be reached ({kind}); look at its address, at log-in and rights") from wrong
