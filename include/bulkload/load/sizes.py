"""Rows and their bytes → jobs, batches and calls. Pure: it needs no org, no file, no plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Salesforce cuts a job's upload into batches of so many rows (contract 2.10).
BATCH_ROWS = 10_000
# Created, uploaded, closed, looked at once, three results fetched (contract 6).
CALLS_A_JOB = 7
# Created, looked at once, one page fetched, deleted.
CALLS_A_QUERY = 4
JOB_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent: rows, bytes of all uploads, jobs (one upload each), batches that Salesforce makes of them."""

    rows: int = 0
    bytes: int = 0
    jobs: int = 0
    batches: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.rows + other.rows, self.bytes + other.bytes, self.jobs + other.jobs, self.batches + other.batches)

    @property
    def calls(self) -> int:
        """API requests, at least: each further look at a job is one more."""
        return self.jobs * CALLS_A_JOB


def counted(jobs: Iterable[tuple[int, int]]) -> Size:
    """Add up jobs, each given as (rows, bytes)."""
    return sum((Size(rows, size, 1, batches(rows)) for rows, size in jobs), Size())


def estimated(rows: int, row_bytes: int, *, header_bytes: int = 0, job_bytes: int = JOB_BYTES, first_rows: int = 0) -> Size:
    """Size `rows` rows of `row_bytes` bytes each, cut into jobs as `chunks.plan` cuts them.

    `header_bytes`: the header line that each job repeats; `first_rows`: the most rows of the first job, if there are more
    (0: as many as fit). Raises ValueError if a job has no room for a row.
    """
    room = (job_bytes - header_bytes) // row_bytes if row_bytes else rows
    if rows > 0 and room < 1:
        raise ValueError(f"a row of {row_bytes} bytes doesn't fit into a job of {job_bytes}")
    parts = (first_rows, rows - first_rows) if 0 < first_rows < rows else (rows,)
    return sum((_cut(each, room, row_bytes, header_bytes) for each in parts if each > 0), Size())


def _cut(rows: int, room: int, row_bytes: int, header_bytes: int) -> Size:
    """Fill one job after the other with as many rows as it has room for."""
    full, rest = divmod(rows, room)
    jobs = full + (rest > 0)
    return Size(rows, rows * row_bytes + jobs * header_bytes, jobs, full * batches(room) + batches(rest))


def batches(rows: int) -> int:
    """How many batches Salesforce makes of one job's rows."""
    return -(-rows // BATCH_ROWS)
