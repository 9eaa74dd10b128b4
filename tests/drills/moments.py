"""A moment of a load → the rule by which the org holds one request then, long enough for somebody to be killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HELD_SECONDS = 8
JOBS, JOB = r"/jobs/ingest/?$", r"/jobs/ingest/750\w+$"
# The org holds the request before it acts, or its answer after it has acted.
BEFORE, ACTED = {"kind": "slow"}, {"kind": "no_answer"}
REQUESTS: dict[str, dict[str, Any]] = {
    "before a job is made": {"method": "POST", "path": JOBS, **BEFORE},
    "after a job is made": {"method": "POST", "path": JOBS, **ACTED},
    "during an upload": {"method": "PUT", "path": r"/batches/?$", **BEFORE},
    "after an upload": {"method": "PUT", "path": r"/batches/?$", **ACTED},
    "before a job is closed": {"method": "PATCH", "path": JOB, **BEFORE},
    "after a job is closed": {"method": "PATCH", "path": JOB, **ACTED},
    "at a look": {"method": "GET", "path": JOB, **BEFORE},
    "at results": {"method": "GET", "path": r"/(successful|failed)Results|/unprocessedrecords", **BEFORE},
}


@dataclass(frozen=True, slots=True)
class Moment:
    """The n-th request of a kind (one of REQUESTS), from 1; `count`: it and those that follow."""

    request: str
    nth: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.request} #{self.nth}"

    @property
    def rule(self) -> dict[str, Any]:
        """The rule for the org."""
        return {**REQUESTS[self.request], "nth": [*range(self.nth, self.nth + self.count)], "seconds": HELD_SECONDS}
