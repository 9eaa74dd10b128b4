"""Jobs and the org's clock → those that are too old to keep, and those that were open for too long (contract 2.10)."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT, OPEN = datetime.timedelta(days=7), datetime.timedelta(hours=24)
TERMINAL = {"JobComplete", "Failed", "Aborted"}


def written(moment: datetime.datetime) -> str:
    """Write a time as Salesforce does: milliseconds, offset without colon. Times so written sort as they are."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def outdated(jobs: Iterable[dict[str, Any]], now: datetime.datetime) -> list[dict[str, Any]]:
    """Find ended jobs whose end, and others whose creation, is more than 7 days ago."""
    before = written(now - KEPT)
    return [job for job in jobs if job["systemModstamp" if job["state"] in TERMINAL else "createdDate"] < before]


def forgotten(jobs: Iterable[dict[str, Any]], now: datetime.datetime) -> list[dict[str, Any]]:
    """Find jobs that were never closed and are open for more than 24 hours."""
    before = written(now - OPEN)
    return [job for job in jobs if job["state"] == "Open" and job["createdDate"] < before]
