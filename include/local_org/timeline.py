"""Chunks that were tried → per job, its batches: rows saved, when begun and ended, how often put back.

Kept in memory, of the last 1,000 jobs worked on since the start.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

MOST_JOBS = 1000


@dataclass(slots=True)
class Batch:
    """One batch of up to 10,000 rows. `began` and `ended`: seconds of the monotonic clock."""

    number: int
    began: float
    rows: int = 0
    retries: int = 0
    ended: float | None = None

    def tried(self, saved: int, *, last: bool) -> None:
        """Note that a chunk was tried: how many rows were saved (0: it was put back), and whether it was the last one."""
        self.rows += saved
        self.retries += not saved
        if last:
            self.ended = time.monotonic()


@dataclass(slots=True)
class Timeline:
    """The batches of one job, by number from 0; `total`: rows of its upload."""

    total: int = 0
    began: float = field(default_factory=time.monotonic)
    batches: dict[int, Batch] = field(default_factory=dict)

    def batch(self, number: int) -> Batch:
        """Find a batch; one that wasn't begun yet begins now."""
        found = self.batches.get(number)
        if found is None:
            found = self.batches[number] = Batch(number, time.monotonic())
        return found

    def shown(self) -> list[dict[str, Any]]:
        """Show the batches, numbers from 1, times in ms since the job was begun; those of a batch at work have no end."""
        batches = [self.batches[number] for number in sorted(self.batches)]
        return [
            {
                "batch": each.number + 1,
                "rows": each.rows,
                "startedMs": self._since(each.began),
                "endedMs": None if each.ended is None else self._since(each.ended),
                "retries": each.retries,
            }
            for each in batches
        ]

    def _since(self, moment: float) -> int:
        return int((moment - self.began) * 1000)


class Timelines:
    """The timelines of jobs, by job id."""

    def __init__(self) -> None:
        self._known: dict[str, Timeline] = {}

    def keep(self, job_id: str, one: Timeline) -> None:
        """Remember a job's timeline; the oldest one goes."""
        self._known[job_id] = one
        if len(self._known) > MOST_JOBS:
            del self._known[next(iter(self._known))]

    def get(self, job_id: str) -> Timeline | None:
        """Find a job's timeline; None if it wasn't worked on lately."""
        return self._known.get(job_id)
