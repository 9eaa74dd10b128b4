"""Errors → Airflow's outcomes; Airflow's states → what broke."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from bulkload_airflow import outcomes
from include.bulkload.basics import errors

FLOW = ["split", "parent_job", "settle_parent"]
MAPPED = ["parent_job"]


def raised(error: Exception, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> tuple[type[BaseException], list[tuple[str, bool]]]:
    """Raise an error inside the mapping; what comes out, and what was noted: its text, and whether it is never retried."""
    notes: list[tuple[str, bool]] = []
    with pytest.raises(BaseException) as caught, outcomes.mapped(lambda *told: notes.append(told), final=final):  # noqa: PT011 - any kind
        raise error
    return caught.type, notes


def test_what_a_person_must_mend_fails_without_retry() -> None:
    """MustStop becomes AirflowFailException, its sentence noted."""
    assert (AirflowFailException, [("no such field", True)]) == raised(errors.PlanError("no such field"))


def test_what_may_work_next_time_is_retried() -> None:
    """TryAgain stays an ordinary exception, which Airflow retries."""
    assert (errors.NetworkFault, [("no answer", False)]) == raised(errors.NetworkFault("no answer"))


def test_a_step_may_call_one_kind_final() -> None:
    """A settle step doesn't retry a job that nobody waits for any more."""
    found = raised(errors.JobStillRunning("job 1 goes on"), final=(errors.JobStillRunning,))
    assert (AirflowFailException, [("job 1 goes on", True)]) == found


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"split": "success", "parent_job": "skipped", "settle_parent": "success"}, False),
        ({"split": "failed", "parent_job": "upstream_failed", "settle_parent": "upstream_failed"}, False),
        ({"split": "failed", "parent_job": "skipped", "settle_parent": "skipped"}, True),
        ({"split": "success", "parent_job_0": "failed", "settle_parent": "skipped"}, True),
    ],
)
def test_a_run_that_a_person_stopped_is_told_from_one_that_failed(states: dict[str, str | None], *, expected: bool) -> None:
    """Marked failed, its tasks that hadn't begun are skipped; an empty mapped task is as well, and means nothing."""
    assert expected is outcomes.was_stopped(states, FLOW, MAPPED)


def test_a_bug_shows_as_what_it_is_but_its_text_isnt_noted() -> None:
    """An unexpected error may quote a row; the summary gets its kind only."""
    assert (KeyError, [("KeyError; see the task's log", False)]) == raised(KeyError("Jane Doe"))


def test_a_note_that_cant_be_written_doesnt_hide_the_error() -> None:
    """The run folder being away is no reason to lose the first error."""

    def full(_: str, __: bool) -> None:
        raise OSError("no space left")

    with pytest.raises(errors.NetworkFault), outcomes.mapped(full):
        raise errors.NetworkFault("no answer")


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"split": "success", "parent_job_0": "success", "settle_parent": "success"}, []),
        ({"split": "success", "parent_job": "skipped", "settle_parent": "success"}, []),
        ({"split": "failed", "parent_job": "upstream_failed", "settle_parent": "upstream_failed"}, ["split"]),
        (
            {
                "split": "success",
                "parent_job_0": "failed",
                "parent_job_10": "failed",
                "parent_job_2": "failed",
                "settle_parent": "upstream_failed",
            },
            ["parent_job-0", "parent_job-2", "parent_job-10"],
        ),
        ({"split": "success", "parent_job_0": "success", "settle_parent": "skipped"}, ["settle_parent"]),
        ({"split": "skipped", "parent_job": "skipped", "settle_parent": None}, ["split"]),
        ({}, ["split"]),
    ],
)
def test_what_broke_the_flow_is_named(states: dict[str, str | None], expected: list[str]) -> None:
    """Failed instances are named in order; a stopped run names the first task that never ran; an empty mapping broke nothing."""
    assert expected == outcomes.broken(states, FLOW, MAPPED)


@pytest.mark.parametrize(
    ("kinds", "expected"), [((errors.RunUndone,), errors.MustStop), ((errors.RunUndone, errors.JobStillRunning), errors.TryAgain)]
)
def test_of_several_errors_one_that_may_pass_is_worth_a_retry(
    kinds: tuple[type[errors.BulkloadError], ...], expected: type[errors.BulkloadError]
) -> None:
    """And none is left out."""
    found = outcomes.together({f"r{number}": kind(f"no {number}") for number, kind in enumerate(kinds)})
    assert (expected, "; ".join(f"r{number}: no {number}" for number in range(len(kinds)))) == (type(found), str(found))
