"""What the steps need from outside → protocols, which include/salesforce and include/storage fulfil."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from include.bulkload.basics import tables
    from include.bulkload.intake import batches, files

Document = dict[str, Any]


class Salesforce(Protocol):
    """One org, logged in. Every call may raise LoginRefused, RequestRefused, SalesforceBusy or NetworkFault."""

    def org_id(self) -> str:
        """Ask which org this is: its 18-character id."""

    def describe(self, sobject: str) -> Document:
        """Fetch an sobject's describe; RequestRefused with status 404 if there is none."""

    def organization(self) -> Document:
        """Ask what kind of org this is: {"Id", "IsSandbox", "OrganizationType"} and, if visible, "TrialExpirationDate"."""

    def limits(self) -> Document:
        """Fetch the org's limits: name → {"Max", "Remaining"} (contract 6)."""

    def record_count(self, sobject: str) -> int | None:
        """Ask about how many records an sobject has, some minutes old; None where the org doesn't tell."""

    def query_rows(self, soql: str, path: Path) -> int:
        """Run a query as a bulk job into one CSV file (header once, LF, cells quoted); return its rows.

        Waits for the job's end. RequestRefused also for a job that ends Failed or Aborted; ResultsIncomplete.
        """

    def create_job(self, sobject: str, operation: str, external_id: str | None) -> str:
        """Create an ingest job (CSV, LF, COMMA); return its id."""

    def upload(self, job_id: str, path: Path) -> None:
        """Send the job's one CSV, streamed from a file; never sent twice."""

    def close(self, job_id: str) -> Document:
        """Set UploadComplete; the reduced job object. Refused (INVALIDJOBSTATE) if it isn't Open."""

    def abort(self, job_id: str) -> Document:
        """Set Aborted; the reduced job object. Refused (INVALIDJOBSTATE) if it has ended."""

    def job(self, job_id: str) -> Document:
        """Fetch the job object (contract 2.6)."""

    def jobs(self) -> Iterator[Document]:
        """List the org's ingest jobs of this API (contract 2.7): all that this user may see, no counters."""

    def delete(self, job_id: str) -> None:
        """Delete a job that has ended; one that is gone is as good. Refused (API_ERROR) while it is Open or InProgress."""

    def fetch_result(self, job_id: str, kind: str, path: Path) -> int:
        """Stream one of the three result files to `path`; return its bytes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the run folder: its name there, its checksum, its size."""

    name: str
    sha256: str
    bytes: int

    def as_document(self) -> Document:
        """Say it in a ledger entry."""
        return {"name": self.name, "sha256": self.sha256, "bytes": self.bytes}


class RunFolder(Protocol):
    """One run's folder in object storage."""

    def create(self, name: str, document: Document) -> None:
        """Write a JSON object exclusively and whole; FileExistsError if the name is taken."""

    def write(self, name: str, document: Document) -> None:
        """Write or replace a JSON object atomically."""

    def read(self, name: str) -> Document | None:
        """Read a JSON object; None if there is none; LedgerDamaged if it isn't one."""

    def names(self, prefix: str) -> list[str]:
        """List all objects whose name starts with `prefix` (any depth), sorted."""

    def put(self, local: Path, name: str) -> Stored:
        """Store a finished file under `name` with its checksum's start before the suffix; never changes an existing one."""

    def get(self, stored: Stored, scratch: Path) -> Path:
        """Bring a stored file to a local path, checksum verified; LedgerDamaged if it is missing or differs."""

    def uri(self, name: str) -> str:
        """Say where an object stands, for people and XComs."""

    def beside(self) -> Sequence[RunFolder]:
        """The folders of all other runs of the same DAG."""

    def run_id(self) -> str:
        """The id of the run whose folder it is; "" if it is no run's."""


class Inlet(Protocol):
    """Where sources are read from. Every call may raise SourceError."""

    def files(self, uri: str, into: Path) -> list[files.File]:
        """List the files at a URI, sorted by name: one, those of a folder (`/` at the end), or those that a glob matches.

        What isn't on this machine comes into the folder `into` when it is read. None at all is an error.
        """

    def batches(self, sql: str, conn_id: str) -> Iterator[batches.Batch]:
        """Run a query on a connection and yield its rows; the first batch comes even if there is no row. May raise NetworkFault."""


@dataclass(frozen=True, slots=True)
class RunName:
    """Which run of which DAG; both empty for a run outside of Airflow."""

    dag_id: str = ""
    run_id: str = ""


class Memory(RunFolder, Protocol):
    """What runs leave for later runs of the same plan, beside the run folders; its names begin with the plan's and the org's."""

    def remove(self, name: str) -> None:
        """Remove a JSON object or a stored file, if it is there."""

    def run_folder(self, name: RunName) -> RunFolder:
        """The folder of a run that it stands beside, whichever DAG's; empty if nothing is there."""


def unknown(_: RunName) -> bool | None:
    """Say of no run whether it is over."""
    return None


class Kept(RunFolder, Protocol):
    """A run's folder from which things can be removed."""

    def remove(self, name: str) -> None:
        """Remove a JSON object or a stored file, if it is there."""

    def tidy(self) -> None:
        """Remove empty folders, where the store has such things."""


class Archive(Protocol):
    """All run folders of a run base."""

    def runs(self) -> Iterator[RunName]:
        """Name the runs whose folders stand there."""

    def folder(self, name: RunName) -> Kept:
        """The folder of a run."""


@dataclass(frozen=True, slots=True)
class Run:
    """All that a step is handed: the run's folder, the org, scratch space, limits, a clock, a way to wait (seconds), memory.

    `name`: what Airflow calls the run that works here. `is_over`: whether another run has ended, its tasks too; None where
    that isn't known; may raise NetworkFault.
    """

    folder: RunFolder
    salesforce: Salesforce
    scratch: Path
    limits: tables.Limits
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    memory: Memory | None = None
    name: RunName = RunName()
    is_over: Callable[[RunName], bool | None] = unknown

    def now(self) -> str:
        """Say the time as ledger and summary write it: ISO 8601, UTC."""
        return self.clock().isoformat(timespec="seconds")
