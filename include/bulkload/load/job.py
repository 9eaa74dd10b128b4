"""A job object as Salesforce answers it → its state, and its end in its own numbers."""

from __future__ import annotations

from typing import Any

from include.bulkload.basics import entities, errors

# Words of a job that failed as a whole because of its header or file: the same upload would fail again.
MISTAKES = ("InvalidBatch", "ClientInputError")


def state(document: dict[str, Any]) -> entities.JobState:
    """Read a job's state. Raises ResultsIncomplete if the answer has none that we know."""
    try:
        return entities.JobState(document["state"])
    except (KeyError, ValueError) as wrong:
        message = f"job {document.get('id', '?')}: its state {document.get('state')!r} is unknown; look at it in Salesforce's Setup"
        raise errors.ResultsIncomplete(message) from wrong


def after(before: entities.JobState, seen: entities.JobState) -> entities.JobState:
    """Advance by a look at the job: an ended job stays as it ended, whatever a late answer says."""
    return before if before.is_terminal else seen


def end(document: dict[str, Any]) -> entities.JobEnd:
    """Read how a job ended; counters may be absent (contract 2.6), which means none.

    Raises JobStillRunning if it hasn't ended.
    """
    now = state(document)
    if not now.is_terminal:
        raise errors.JobStillRunning(f"job {document['id']} is {now}: not finished; clear this task later to look again")
    return entities.JobEnd(
        job_id=document["id"],
        state=now,
        processed=int(document.get("numberRecordsProcessed", 0)),
        failed=int(document.get("numberRecordsFailed", 0)),
        error_message=str(document.get("errorMessage", "")),
    )


def is_mistake(ended: entities.JobEnd) -> bool:
    """Whether a job failed because of its header or file, before any row was looked at (contract 4.3)."""
    return ended.state is entities.JobState.FAILED and ended.processed == 0 and any(word in ended.error_message for word in MISTAKES)
