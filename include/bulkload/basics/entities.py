"""Names of the field → small frozen values that every room speaks: states, fates, chunks, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """States of a Bulk API 2.0 ingest job (contract 2)."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"
    # No word of Salesforce's: it doesn't know the job any more.
    GONE = "gone"

    @property
    def is_terminal(self) -> bool:
        """Whether Salesforce will write no more rows of this job."""
        return self in {JobState.JOB_COMPLETE, JobState.FAILED, JobState.ABORTED, JobState.GONE}


class Operation(StrEnum):
    """What a job does with its rows (contract 2.1)."""

    INSERT = "insert"
    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"
    HARD_DELETE = "hardDelete"


DELETES = frozenset({Operation.DELETE, Operation.HARD_DELETE})


class Fate(StrEnum):
    """What became of a source row; every row has exactly one, and together they make the sums."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNPROCESSED = "unprocessed"
    IN_DOUBT = "in_doubt"
    ORPHANED = "orphaned"
    REJECTED = "rejected"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    FILTERED = "filtered"


class Decision(StrEnum):
    """What an Open job's owner decided, once and for all, before acting on it."""

    CLOSE = "close"
    ABANDON = "abandon"


RESULT_KINDS = ("successfulResults", "failedResults", "unprocessedrecords")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of one job, in `ready.parquet` those with `after < upto <= upto`.

    `number` from 0, `rows`, `bytes` of the CSV with its header; `after` and `upto` are running sums of bytes.
    """

    number: int
    rows: int
    bytes: int
    after: int
    upto: int

    @property
    def condition(self) -> str:
        """Which rows of `ready.parquet` are its own, in SQL."""
        return f"upto > {self.after} AND upto <= {self.upto}"


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended, in the job's own numbers: `processed` counts failed rows too (contract 2.6)."""

    job_id: str
    state: JobState
    processed: int
    failed: int
    error_message: str = ""


class KeyRule(StrEnum):
    """How the org compares the keys of a field; all of them trimmed (contract 2.1.2, 7.7, 8.11)."""

    EXACT = "exact"
    CASELESS = "caseless"
    NUMBER = "number"
    RECORD_ID = "record id"


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """The sent column by which results find their rows, and how the org compares it."""

    name: str
    rule: KeyRule
