"""Jobs that Salesforce works on → a task that waits until they have ended, and writes down how.

Purpose: nothing of ours runs on a worker while Salesforce works.
How it works: one look on the worker; if a job goes on, a trigger polls; the worker then asks Salesforce itself.
What it does not do: judge. A job that ends Failed or Aborted is a result, which the next task collects.
Known limitation: with deferrable=False and mode="reschedule", marking the task failed between two looks
aborts nothing, because no process of ours is there to notice.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferralError

from bulkload_airflow import bulk_cancels, bulk_runs, bulk_triggers, links, outcomes
from include.bulkload.basics import errors
from include.bulkload.steps import wait
from include.salesforce import pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context

    from bulkload_airflow import bulk_config

# The trigger keeps its own deadline; Airflow's is for a triggerer that is down.
BACKSTOP_SECONDS = 300


class BulkJobSensor(bulk_runs.OneStep, BaseSensorOperator):
    """Waits for Bulk API 2.0 jobs of one object. Returns their states. Each try waits its own limit anew.

    :param configured: reads the run's plan (connection, poll and wait seconds) from the task's context.
    :param job_ids: one job id, or a list of them.
    :param place: which object of the plan the jobs belong to, parents first, from 0.
    :param deferrable: wait in the triggerer instead of on a worker.
    """

    ui_color = "#fdf3e1"
    operator_extra_links = (links.SalesforceJobLink(),)

    def __init__(
        self,
        *,
        configured: Callable[[Context], bulk_config.Config],
        job_ids: str | Sequence[str],
        place: int = 0,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configured = configured
        self.job_ids = job_ids
        self.place = place
        self.deferrable = deferrable
        self._held: tuple[Any, str, str] | None = None

    @property
    def jobs(self) -> list[str]:
        """The jobs as a list."""
        return [self.job_ids] if isinstance(self.job_ids, str) else list(self.job_ids)

    def execute(self, context: Context) -> dict[str, str]:
        """Look once; wait if a job goes on."""
        with self.step(context) as step:
            if self._have_ended(step):
                return self._ended(step)
            self._hold(context, step)
            deadline = time.time() + self.timeout
            label = bulk_runs.own_label(context)
            bulk_cancels.begin(step.run.folder, label, step.name, self.jobs, deadline, deferred=self.deferrable)
            if self.deferrable:
                self._defer(step, deadline)
        return self._waited(context)

    def _have_ended(self, step: bulk_runs.Step) -> bool:
        """Look at the jobs once; what can't be seen now goes on."""
        try:
            states = wait.look(step.run, self.jobs)
        except (errors.NetworkFault, errors.SalesforceBusy) as fault:
            self.log.warning("a look at the jobs failed and is repeated: %s", fault)
            return False
        self.job_page = links.job_page(step.hook.login().token().instance_url, self.jobs[0])
        self.log.info("jobs: %s", {job_id: str(state) for job_id, state in states.items()})
        return all(state.is_terminal for state in states.values())

    def _ended(self, step: bulk_runs.Step) -> dict[str, str]:
        return {job_id: str(state) for job_id, state in wait.ended(step.run, step.name, self.jobs).items()}

    def _defer(self, step: bulk_runs.Step, deadline: float) -> NoReturn:
        trigger = bulk_triggers.BulkJobTrigger(
            conn_id=step.plan.conn_id,
            name=step.name,
            job_ids=self.jobs,
            poll_seconds=self.poke_interval,
            began=deadline - self.timeout,
            deadline=deadline,
        )
        self.defer(trigger=trigger, method_name="resume", timeout=timedelta(seconds=self.timeout + BACKSTOP_SECONDS))

    def resume(self, context: Context, event: Mapping[str, Any]) -> dict[str, str]:
        """Take up what the trigger found: ask Salesforce, and write down how the jobs ended."""
        with self.step(context) as step:
            bulk_cancels.end(step.run.folder, bulk_runs.own_label(context))
            if event["status"] == bulk_triggers.OVER:
                raise self._over(step.plan.wait_seconds)
            return self._ended(step)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume; a wait that Airflow itself ended is tried again, like one that our trigger ended."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except (AirflowSensorTimeout, TaskDeferralError) as ended:
            with outcomes.mapped(bulk_runs.noting(context)):
                bulk_cancels.end(bulk_runs.place(context).folder(), bulk_runs.own_label(context))
                raise errors.JobStillRunning(
                    f"the wait for job {', '.join(self.jobs)} broke off ({ended}); the next try waits on"
                ) from ended

    def _over(self, seconds: float) -> errors.JobStillRunning:
        message = f"job {', '.join(self.jobs)} is still running after {seconds:g} s; it goes on in Salesforce, and the next try waits again"
        return errors.JobStillRunning(message)

    # Without a triggerer: the base class's loop, with our pauses and our end.

    def _hold(self, context: Context, step: bulk_runs.Step) -> None:
        """Take pauses and limit from the plan; keep what a kill needs to know."""
        self.timeout = step.plan.wait_seconds
        self.poke_interval = pace.first(step.plan.poll_seconds, local_org=step.hook.said.local_org)
        self._held = (context["ti"], step.plan.conn_id, step.name)

    def _waited(self, context: Context) -> dict[str, str]:
        try:
            return dict(super().execute(context))
        except AirflowSensorTimeout as late:
            with outcomes.mapped(bulk_runs.noting(context)):
                bulk_cancels.end(bulk_runs.place(context).folder(), bulk_runs.own_label(context))
                raise self._over(self.timeout) from late

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look at the jobs; once they have ended, write down how."""
        with self.step(context) as step:
            return PokeReturnValue(is_done=True, xcom_value=self._ended(step)) if self._have_ended(step) else False

    def _get_next_poke_interval(self, started_at: Any, run_duration: Callable[[], float], poke_count: int) -> float:  # noqa: ARG002 - Airflow's
        return float(pace.pause(self.poke_interval, run_duration()))

    def on_kill(self) -> None:
        """Abort the jobs if a person marked the task failed while it waits on a worker.

        In a thread, because this is a signal's doing: the interrupted code may hold the one line to Airflow.
        """
        if self._held is not None:
            threading.Thread(target=_killed, args=(*self._held, self.jobs)).start()


def _killed(task_instance: Any, conn_id: str, name: str, job_ids: list[str]) -> None:
    if bulk_triggers.state_of(task_instance) == outcomes.FAILED:
        bulk_triggers.abort(bulk_runs.Place(task_instance.dag_id, task_instance.run_id), conn_id, name, job_ids)
