"""Failed waits → jobs aborted where only a person can have done it, and left alone where something else may have."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from bulkload_airflow import bulk_cancels, bulk_config, bulk_hook, bulk_operators, bulk_rounds, bulk_runs, settings
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.bulkload.steps import ports
    from tests.running import steering

LABEL = "wait_for_parent-0"
LATER = 4102444800.0
CONFIG = {"payload": {"accounts": [{"name": "Acme", "sourceId": "A-1"}]}}


@pytest.fixture
def run(context: Any, connect: Any, org: steering.Org) -> Iterator[ports.Run]:
    """A run with one job that Salesforce works on; its pauses take no time."""
    connect()
    org.steer(job_seconds=3600)
    configured = bulk_config.from_form(settings.current(), "parent_child_load")
    bulk_rounds.SplitOperator(task_id="split", configured=configured).execute(context("split", CONFIG))
    made = context("parent_job", CONFIG)
    bulk_operators.SubmitOperator(task_id="parent_job", configured=configured, number=0).execute(made)
    with bulk_runs.opened(bulk_runs.place(made), bulk_hook.BulkHook()) as opened:
        yield dataclasses.replace(opened, pause=lambda _: None)


def job_id(run: ports.Run) -> str:
    """The run's one job."""
    (facts,) = journal.jobs(run, "Account")
    return facts.place.job_id


def obeyed(run: ports.Run, org: steering.Org) -> tuple[bool, bool]:
    """Obey the failed wait; whether `cancel` stands, and whether the job was aborted."""
    bulk_cancels.obeyed(run, run.folder, [LABEL])
    (facts,) = journal.jobs(run, "Account")
    return facts.has("cancel"), org.job(facts.place.job_id)["state"] == "Aborted"


def test_a_cancel_that_no_triggerer_heard_is_carried_out(run: ports.Run, org: steering.Org) -> None:
    """A deferred wait that failed before its time was ended by a person."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=True)
    assert (True, True) == obeyed(run, org)


def test_a_wait_that_timed_out_is_no_cancel(run: ports.Run, org: steering.Org) -> None:
    """Its job goes on."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=True)
    bulk_cancels.end(run.folder, LABEL)
    assert (False, False) == obeyed(run, org)


def test_a_wait_past_its_limit_is_no_cancel(run: ports.Run, org: steering.Org) -> None:
    """The worker that was to say so may have been lost."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, 0, deferred=True)
    assert (False, False) == obeyed(run, org)


def test_a_lost_worker_is_no_cancel(run: ports.Run, org: steering.Org) -> None:
    """A wait on a worker may fail without any person."""
    bulk_cancels.begin(run.folder, LABEL, {job_id(run): "Account"}, LATER, deferred=False)
    assert (False, False) == obeyed(run, org)


def test_a_failed_task_that_never_waited_has_nothing_to_cancel(run: ports.Run, org: steering.Org) -> None:
    """Most failures aren't waits."""
    assert (False, False) == obeyed(run, org)
