"""A job object → its state and its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import entities, errors
from include.bulkload.load import job

STATES = st.sampled_from(entities.JobState)


@given(st.lists(STATES, min_size=1))
def test_a_job_never_leaves_a_terminal_state(looks: list[entities.JobState]) -> None:
    """After the first end, later looks change nothing."""
    now = entities.JobState.OPEN
    for seen in looks:
        before, now = now, job.after(now, seen)
        assert now == (before if before.is_terminal else seen)


def test_counters_may_be_absent() -> None:
    """An aborted job without data has no counters (contract 2.6)."""
    assert entities.JobEnd("750", entities.JobState.ABORTED, 0, 0) == job.end({"id": "750", "state": "Aborted"})


def test_the_end_is_read_in_the_jobs_own_numbers() -> None:
    """Processed counts failed rows too, and the error message is kept."""
    document = {"id": "750", "state": "Failed", "numberRecordsProcessed": 8, "numberRecordsFailed": 1, "errorMessage": "InvalidBatch : x"}
    assert entities.JobEnd("750", entities.JobState.FAILED, 8, 1, "InvalidBatch : x") == job.end(document)


def test_a_running_job_has_no_end() -> None:
    """Asking a running job for its end says which job and that it goes on."""
    with pytest.raises(errors.JobStillRunning, match="750"):
        job.end({"id": "750", "state": "InProgress", "numberRecordsProcessed": 2})


def test_an_unknown_state_is_no_end() -> None:
    """A state that nobody documented isn't guessed at."""
    with pytest.raises(errors.ResultsIncomplete, match="Paused"):
        job.state({"id": "750", "state": "Paused"})
