"""A waiting task against a real org: deferred or on a worker, its end, its limit, its retries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralTimeout, TaskDeferred

from bulkload_airflow import bulk_config, bulk_operators, bulk_rounds, bulk_sensors, bulk_triggers, settings
from include.bulkload.basics import errors

if TYPE_CHECKING:
    from tests.running import steering

CONFIG = {"payload": {"accounts": [{"name": "Acme", "sourceId": "A-1"}]}, "poll_seconds": 0.05, "wait_seconds": 0.4}


@pytest.fixture
def wait(context: Any, connect: Any, org: steering.Org) -> Any:
    """Submit one job that takes some seconds; make the sensor that waits for it, and its context."""

    def begun(seconds: float, *, deferrable: bool = True, **more: Any) -> tuple[bulk_sensors.BulkJobSensor, Any, str]:
        connect()
        org.steer(job_seconds=seconds)
        config = CONFIG | more
        configured = bulk_config.from_form(settings.current(), "parent_child_load")
        bulk_rounds.SplitOperator(task_id="split", configured=configured).execute(context("split", config))
        job_id = bulk_operators.SubmitOperator(task_id="parent_job", configured=configured, number=0).execute(context("parent_job", config))
        sensor = bulk_sensors.BulkJobSensor(task_id="wait_for_parent", configured=configured, job_ids=job_id, deferrable=deferrable)
        return sensor, context("wait_for_parent", config), job_id

    return begun


def test_a_running_job_is_left_to_the_triggerer(wait: Any) -> None:
    """No worker is held; the trigger knows job, pause and deadline."""
    sensor, made, job_id = wait(3600)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(made)
    trigger = deferred.value.trigger
    assert ([job_id], 0.05, "resume") == (list(trigger.jobs), trigger.poll_seconds, deferred.value.method_name)
    assert trigger.deadline - trigger.began == pytest.approx(0.4)


def test_a_job_that_has_ended_isnt_waited_for(wait: Any) -> None:
    """One look on the worker is enough."""
    sensor, made, job_id = wait(0, wait_seconds=20)
    states: dict[str, str] = {}
    while not states:
        try:
            states = sensor.execute(made)
        except TaskDeferred:
            continue
    assert {job_id: "JobComplete"} == states


def test_the_task_that_resumes_asks_salesforce_itself(wait: Any) -> None:
    """An event that came too early, or twice, can't end a job."""
    sensor, made, job_id = wait(3600)
    with pytest.raises(errors.JobStillRunning, match=job_id):
        sensor.resume(made, {"status": bulk_triggers.ENDED, "states": {job_id: "JobComplete"}})


def test_a_time_out_is_retried_and_names_the_job(wait: Any) -> None:
    """Never AirflowSensorTimeout, which Airflow doesn't retry."""
    sensor, made, job_id = wait(3600)
    with pytest.raises(errors.JobStillRunning, match=f"{job_id}.*goes on in Salesforce"):
        sensor.resume(made, {"status": bulk_triggers.OVER, "states": {job_id: "InProgress"}})


def test_airflows_own_time_out_is_retried_too(wait: Any) -> None:
    """A triggerer that is down for long must not cost the run."""
    sensor, made, job_id = wait(3600)
    with pytest.raises(TaskDeferred):
        sensor.execute(made)
    with pytest.raises(errors.JobStillRunning, match=job_id):
        sensor.resume_execution("__fail__", {"error": "Trigger timeout"}, made)


def test_a_trigger_that_broke_is_retried(wait: Any) -> None:
    """A bug in the waiting is no failed job."""
    sensor, made, job_id = wait(3600)
    with pytest.raises(TaskDeferred):
        sensor.execute(made)
    with pytest.raises(errors.JobStillRunning, match=job_id):
        sensor.resume_execution("__fail__", {"error": "Trigger failure"}, made)


def test_a_worker_waits_as_well(wait: Any) -> None:
    """deferrable=False holds a worker and finds the same end."""
    sensor, made, job_id = wait(0.3, deferrable=False, wait_seconds=20)
    assert {job_id: "JobComplete"} == sensor.execute(made)


def test_a_worker_that_waited_long_enough_is_retried(wait: Any) -> None:
    """The base class's AirflowSensorTimeout doesn't get out."""
    sensor, made, job_id = wait(3600, deferrable=False)
    with pytest.raises(errors.JobStillRunning, match=job_id):
        sensor.execute(made)


def test_a_job_that_the_ledger_doesnt_name_is_nobodys_to_wait_for(wait: Any) -> None:
    """A stranger's job id is a damaged run, not a wait."""
    sensor, made, _ = wait(0)
    sensor.job_ids = "750000000000000AAA"
    with pytest.raises(AirflowFailException):
        sensor.resume(made, {"status": bulk_triggers.ENDED, "states": {}})


def test_the_task_links_to_its_job(wait: Any, org: steering.Org) -> None:
    """One click from Airflow to Salesforce's Setup."""
    sensor, made, job_id = wait(3600)
    with pytest.raises(TaskDeferred):
        sensor.execute(made)
    link = sensor.operator_extra_links[0].get_link(sensor, ti_key=None)
    assert f"{org['http_url']}/lightning/setup/AsyncApiJobStatus/page?address=%2F{job_id}" == link


def test_the_base_class_has_the_error_that_we_catch() -> None:
    """Airflow turns its own time-out into AirflowSensorTimeout, which resume_execution relies on."""
    assert issubclass(TaskDeferralTimeout, Exception)
