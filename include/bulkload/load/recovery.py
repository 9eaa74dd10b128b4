"""A row's error, a job's end → whether sending it again may help: transient or permanent, in one table.

Salesforce retries locks inside a job; what still comes back is ours to send again (contract 4.4, 8.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.load import job

if TYPE_CHECKING:
    from collections.abc import Iterable

# Found anywhere in an error, since a trigger may wrap it in a text of its own.
TRANSIENT_ANYWHERE = ("UNABLE_TO_LOCK_ROW",)
# Codes at the start of an error: a server that is busy, not a row that is wrong.
TRANSIENT_CODES = (
    "API_CURRENTLY_DISABLED",
    "API_TEMPORARILY_UNAVAILABLE",
    "QUERY_TIMEOUT",
    "REQUEST_RUNNING_TOO_LONG",
    "SERVER_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
)
# Limits of a day, and storage: waiting some minutes doesn't help.
EXHAUSTED = ("ExceededQuota", "LIMIT_EXCEEDED", "STORAGE_LIMIT")


def is_transient(error: str, more: Iterable[str] = ()) -> str:
    """The SQL condition that a row's error (an SQL expression) is worth another try. `more`: further codes, from the plan."""
    codes = ", ".join(tables.literal(code) for code in (*TRANSIENT_CODES, *more))
    anywhere = " OR ".join(f"contains({error}, {tables.literal(code)})" for code in TRANSIENT_ANYWHERE)
    return f"coalesce({anywhere} OR split_part({error}, ':', 1) IN ({codes}), false)"


def goes_again(end: entities.JobEnd) -> bool:
    """Whether any row of a job may be worth another round: it was done, it failed for the server's reasons, or it forgot rows.

    An abort is somebody's decision, over its rows that lost a lock too; mistakes, daily limits and storage won't pass.
    """
    hopeless = job.is_mistake(end) or any(word in end.error_message for word in EXHAUSTED)
    return end.state is not entities.JobState.ABORTED and not hopeless
