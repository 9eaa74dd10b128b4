"""A source of the plan → its files, under the deployment's allowed roots; or the payload that came with the run's config.

What it needs is imported when a source is read: triggers and the reading of DAGs needn't load it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import ObjectStoragePath

from bulkload_airflow import settings

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.intake import files
    from include.bulkload.steps import ports


class Inlet:
    """Reads files where the deployment allows it."""

    def files(self, uri: str, into: Path) -> list[files.File]:
        """List the files at a URI. Raises SourceError."""
        from include import storage

        return storage.files(uri, into, settings.current().allowed_roots, _opened)


@dataclass(frozen=True, slots=True)
class Inline:
    """Reads an inline payload from the run folder, whatever the URI."""

    folder: ports.RunFolder
    kept: ports.Stored

    def files(self, _: str, into: Path) -> list[files.File]:
        """List the payload. Raises LedgerDamaged if it was changed."""
        from include.bulkload.intake import files

        return [files.local(self.folder.get(self.kept, into), "payload.json")]


def _opened(uri: str) -> tuple[Any, str]:
    """Open an object's store Airflow's way, so that `s3://conn_id@bucket/key` uses that connection."""
    found = ObjectStoragePath(uri)
    return found.fs, found.path
