"""A plan file, what was chosen, connections → the plan run dry in a folder of its own; what `summarize.close` returns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib import parse

import fsspec

from include import storage
from include.bulkload.basics import tables
from include.bulkload.intake import templates
from include.bulkload.steps import plan_mode, ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from include.bulkload.intake import batches, files
    from include.cli import connections

RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Inlet:
    """Reads what whoever typed the command may read: any file, any object by their own credentials, any database they name."""

    known: connections.Connections

    def files(self, uri: str, into: Path) -> list[files.File]:
        """List the files at a URI. Raises SourceError."""
        parts = parse.urlsplit(uri)
        root = "file:///" if parts.scheme == "file" else f"{parts.scheme}://{parts.netloc}"
        return storage.files(uri, into, [root])

    def batches(self, sql: str, conn_id: str) -> Iterator[batches.Batch]:
        """Run a query. Raises SourceError, NetworkFault."""
        return storage.rows(self.known.database(conn_id), sql, f"connection {conn_id}")


def whole(
    document: dict[str, Any], params: Mapping[str, Any], known: connections.Connections, folder: Path, run_base: str | None
) -> dict[str, Any]:
    """Run a plan dry; its files stand below `folder` afterwards.

    `run_base`: where real runs lie, so that what they remember counts; None: nothing is remembered. Raises PlanError for
    templates that can't be filled in, LoginRefused, TryAgain kinds.
    """
    now = datetime.now(UTC)
    filled = templates.filled(document, templates.known(RUN, now, now, now, params))
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    run = ports.Run(
        folder=storage.run_folder(fsspec.filesystem("file"), str(folder / "runs"), str(filled["name"]), RUN),
        salesforce=known.org(str(filled.get("conn_id") or "salesforce_default")),
        scratch=scratch,
        limits=tables.Limits(scratch / "spill"),
        clock=lambda: datetime.now(UTC),
        pause=time.sleep,
        memory=_memory(run_base or (folder / "runs").as_uri()),
    )
    return plan_mode.whole(run, filled, Inlet(known))


def _memory(base: str) -> ports.Memory:
    stores, path = fsspec.core.url_to_fs(base)
    return storage.memory(stores, path, base_uri=None if base.startswith("file:") else base)
