"""Jobs that Salesforce works on → a task that waits until they have ended, and fetches their results.

Purpose: nothing of ours runs on a worker while Salesforce works.
How it works: as all waits do (bulk_waits); the worker that resumes asks Salesforce itself.
What it does not do: judge. A job that ends Failed or Aborted is a result like another.
Known limitation: with deferrable=False and mode="reschedule", marking the task failed between two looks
aborts nothing, because no process of ours is there to notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowSensorTimeout

from bulkload_airflow import bulk_runs, bulk_waits, links, outcomes
from include.salesforce import pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context

    from bulkload_airflow import bulk_config


class BulkJobSensor(bulk_waits.Waits, BaseSensorOperator):
    """Waits for Bulk API 2.0 jobs of one object. Returns their states. Each try waits its own limit anew.

    :param configured: reads the run's plan (connection, poll and wait seconds) from the task's context.
    :param job_ids: one job id, or a list of them.
    :param place: which object of the plan the jobs belong to: its name, or its place in the order, from 0.
    :param deferrable: wait in the triggerer instead of on a worker.
    """

    ui_color = "#fdf3e1"
    operator_extra_links = (links.SalesforceJobLink(),)

    def __init__(
        self,
        *,
        configured: Callable[[Context], bulk_config.Config],
        job_ids: str | Sequence[str],
        place: int | str = 0,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configured = configured
        self.job_ids = job_ids
        self.place = place
        self.waiting = bulk_waits.JobWait(deferrable=deferrable)

    def jobs(self, step: bulk_runs.Step) -> bulk_waits.Jobs:
        """The jobs, each with its object."""
        return dict.fromkeys([self.job_ids] if isinstance(self.job_ids, str) else self.job_ids, step.name)

    def execute(self, context: Context) -> dict[str, str]:
        """Look once; wait if a job goes on."""
        self.waiting.end(context)
        with self.step(context) as step:
            jobs = self.jobs(step)
            if self.waiting.have_ended(self, step, jobs):
                return self._ended(step)
            deadline = self.waiting.begin(context, step, jobs)
            if self.waiting.deferrable:
                self.waiting.defer(self, step, jobs, deadline)
            self.timeout, self.poke_interval = step.plan.wait_seconds, bulk_waits.first_pause(step)
        return self._waited(context)

    def _ended(self, step: bulk_runs.Step) -> dict[str, str]:
        from include.bulkload.steps import collected

        return {job_id: str(state) for job_id, state in collected.ended(step.run, step.name, list(self.jobs(step))).items()}

    def resume(self, context: Context, event: Mapping[str, Any]) -> dict[str, str]:
        """Take up what the trigger found: ask Salesforce how the jobs ended, and fetch their results."""
        self.waiting.end(context)
        with self.step(context) as step:
            self.waiting.resumed(step, event)
            return self._ended(step)

    # Without a triggerer: the base class's loop, which knows mode="reschedule", with our pauses and our end.

    def _waited(self, context: Context) -> dict[str, str]:
        try:
            return dict(super().execute(context))
        except AirflowSensorTimeout as late:
            with outcomes.mapped(bulk_runs.noting(context)):
                self.waiting.end(context)
                raise bulk_waits.over([self.job_ids] if isinstance(self.job_ids, str) else self.job_ids, self.timeout) from late

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look at the jobs; once they have ended, fetch their results."""
        with self.step(context) as step:
            ended = self.waiting.have_ended(self, step, self.jobs(step))
            return PokeReturnValue(is_done=True, xcom_value=self._ended(step)) if ended else False

    def _get_next_poke_interval(self, started_at: Any, run_duration: Callable[[], float], poke_count: int) -> float:  # noqa: ARG002 - Airflow's
        return float(pace.pause(self.poke_interval, run_duration()))
