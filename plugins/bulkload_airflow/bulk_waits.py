"""Jobs that Salesforce works on → a task that waits for them, deferred or on a worker: one way for all tasks that wait.

How it works: one look on the worker; if a job goes on, the run folder is told who waits, and a trigger polls.
What it does not do: judge. How jobs ended is asked again, and written down, by the step that goes on.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferralError, TaskDeferralTimeout

from bulkload_airflow import bulk_cancels, bulk_runs, bulk_triggers, links, outcomes
from include.bulkload.basics import errors
from include.bulkload.steps import wait
from include.salesforce import pace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from airflow.sdk import BaseOperator, Context

# The trigger keeps its own deadline; Airflow's is for a triggerer that is down.
BACKSTOP_SECONDS = 300
BROKE_OFF = (AirflowSensorTimeout, TaskDeferralError, TaskDeferralTimeout)
# Job id → the object of the plan that it belongs to.
Jobs = dict[str, str]


class JobWait:
    """How one task waits for jobs. Each wait has its own limit, the plan's `wait_seconds`.

    :param deferrable: wait in the triggerer instead of on a worker.
    """

    def __init__(self, *, deferrable: bool) -> None:
        self.deferrable = deferrable
        self._held: tuple[Any, str, Jobs, str] | None = None

    def until_ended(self, task: BaseOperator, context: Context, step: bulk_runs.Step, jobs: Jobs) -> None:
        """Return when all jobs have ended. Defers if one goes on (`task.resume` is called then), or stays on the worker.

        Raises JobStillRunning on a worker when the limit is over.
        """
        if not jobs or self.have_ended(task, step, jobs):
            return
        deadline = self.begin(context, step, jobs)
        if self.deferrable:
            self.defer(task, step, jobs, deadline)
        began = time.time()
        while not self.have_ended(task, step, jobs):
            now = time.time()
            if now >= deadline:
                self.end(context)
                raise over(jobs, step.plan.wait_seconds)
            step.run.pause(min(pace.pause(first_pause(step), now - began), deadline - now))
        self.end(context)

    def until(self, task: BaseOperator, context: Context, step: bulk_runs.Step, moment: datetime) -> None:
        """Return when a moment has come. Defers until then (`task.proceed` is called then), or stays on the worker."""
        seconds = (moment - step.run.clock()).total_seconds()
        if seconds <= 0:
            return
        home, label = bulk_runs.place(context).folder(), bulk_runs.own_label(context)
        bulk_cancels.begin_rest(home, label, moment.isoformat(), deferred=self.deferrable, of=step.of)
        if not self.deferrable:
            step.run.pause(seconds)
            return
        from airflow.providers.standard.triggers import temporal

        task.defer(trigger=temporal.DateTimeTrigger(moment), method_name="proceed", timeout=timedelta(seconds=seconds + BACKSTOP_SECONDS))

    def have_ended(self, task: BaseOperator, step: bulk_runs.Step, jobs: Jobs) -> bool:
        """Look at the jobs once; what can't be seen now goes on."""
        try:
            states = wait.look(step.run, list(jobs))
        except (errors.NetworkFault, errors.SalesforceBusy) as fault:
            task.log.warning("a look at the jobs failed and is repeated: %s", fault)
            return False
        setattr(task, links.PAGE, links.job_page(step.hook.login().token().instance_url, next(iter(jobs))))
        task.log.info("jobs: %s", {job_id: str(state) for job_id, state in states.items()})
        return all(state.is_terminal for state in states.values())

    def begin(self, context: Context, step: bulk_runs.Step, jobs: Jobs) -> float:
        """Say in the run folder who waits for what; keep what a kill needs to know. Returns the deadline, a wall-clock second."""
        self._held = (context["ti"], step.plan.conn_id, jobs, step.of)
        deadline = time.time() + step.plan.wait_seconds
        home, label = bulk_runs.place(context).folder(), bulk_runs.own_label(context)
        bulk_cancels.begin(home, label, jobs, deadline, deferred=self.deferrable, of=step.of)
        return deadline

    def defer(self, task: BaseOperator, step: bulk_runs.Step, jobs: Jobs, deadline: float) -> NoReturn:
        """Leave the waiting to the triggerer."""
        seconds = step.plan.wait_seconds
        trigger = bulk_triggers.BulkJobTrigger(
            conn_id=step.plan.conn_id, jobs=jobs, poll_seconds=first_pause(step), began=deadline - seconds, deadline=deadline, of=step.of
        )
        task.defer(trigger=trigger, method_name="resume", timeout=timedelta(seconds=seconds + BACKSTOP_SECONDS))

    def end(self, context: Context) -> None:
        """Say in the run folder that the wait ended by itself, or that the task is begun anew. Before anything that may fail."""
        # Not within a step, which may fail first: what goes wrong here is noted as its errors are, or it would read as a person's mark.
        with outcomes.mapped(bulk_runs.noting(context)):
            bulk_cancels.end(bulk_runs.place(context).folder(), bulk_runs.own_label(context))

    def resumed(self, step: bulk_runs.Step, event: Mapping[str, Any]) -> None:
        """Take up what the trigger found. Raises JobStillRunning if it waited long enough."""
        if event["status"] == bulk_triggers.OVER:
            raise over(event["states"], step.plan.wait_seconds)

    def broke_off(self, context: Context, ended: Exception) -> errors.JobStillRunning:
        """Close a wait that Airflow itself ended; what to raise, so that it is tried again like one that our trigger ended."""
        with outcomes.mapped(bulk_runs.noting(context)):
            jobs = bulk_cancels.waited_for(bulk_runs.place(context).folder(), bulk_runs.own_label(context))
            self.end(context)
            raise errors.JobStillRunning(
                f"the wait for job {', '.join(jobs) or 'rounds'} broke off ({ended}); the next try waits on"
            ) from ended

    def killed(self) -> None:
        """Abort the jobs if a person marked the task failed while it waits on a worker.

        In a thread, because this is a signal's doing: the interrupted code may hold the one line to Airflow.
        """
        if self._held is not None:
            threading.Thread(target=_killed, args=self._held).start()


class Waits(bulk_runs.OneStep):
    """What all tasks have in common that wait for jobs; `resume(context, event)` is their own."""

    waiting: JobWait

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume; a wait that Airflow itself ended is tried again."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)  # type: ignore[misc]  # BaseOperator's, which comes next
        except BROKE_OFF as ended:
            self.waiting.broke_off(context, ended)

    def on_kill(self) -> None:
        """Abort the jobs if a person marked the task failed, and note it as all steps do."""
        super().on_kill()
        self.waiting.killed()


def first_pause(step: bulk_runs.Step) -> float:
    """Seconds between the first two looks."""
    return float(pace.first(step.plan.poll_seconds, local_org=step.hook.said.local_org))


def over(jobs: Iterable[str], seconds: float) -> errors.JobStillRunning:
    """What to raise when a wait has lasted long enough."""
    message = f"job {', '.join(jobs)} is still running after {seconds:g} s; it goes on in Salesforce, and the next try waits again"
    return errors.JobStillRunning(message)


def _killed(task_instance: Any, conn_id: str, jobs: Jobs, of: str) -> None:
    if bulk_runs.state_of(task_instance) == outcomes.FAILED:
        bulk_triggers.abort(bulk_runs.Place(task_instance.dag_id, task_instance.run_id), conn_id, jobs, of)
