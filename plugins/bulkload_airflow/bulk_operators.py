"""One task of the flow → one step of `include.bulkload.steps`, a small XCom, and a link.

Steps that use the table engine are imported when they run: reading a DAG needn't load it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from bulkload_airflow import bulk_cancels, bulk_closings, bulk_runs, links, outcomes
from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow.sdk import Context

    from bulkload_airflow import bulk_config
    from include.bulkload.intake import plan
    from include.bulkload.steps import ports


class StepOperator(bulk_runs.OneStep, BaseOperator):
    """Runs one step of one object.

    :param configured: reads the run's plan from the task's context.
    :param place: which object of the plan: its name, or its place in the order, parents first, from 0.
    """

    ui_color = "#e8f0fb"

    def __init__(self, *, configured: Callable[[Context], bulk_config.Config], place: int | str = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configured = configured
        self.place = place


class StageOperator(StepOperator):
    """Begins the run: checks plan and org, stages the rows. Returns rows by object, and the run folder's URI."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Run `steps.split`."""
        with self.step(context) as step:
            return staged(step)


class SubmitOperator(StepOperator):
    """Submits one chunk as a job of its own. Returns the job's id.

    :param number: the chunk's number.
    """

    operator_extra_links = (links.SalesforceJobLink(),)

    def __init__(self, *, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context: Context) -> Any:
        """Run `steps.submit`."""
        from include.bulkload.steps import submit

        with self.step(context) as step:
            job_id = submit.chunk(step.run, step.name, self.number)
            self.job_page = links.job_page(step.hook.login().token().instance_url, job_id)
        return self.submitted(job_id)

    def submitted(self, job_id: str) -> Any:
        """What the task returns of its job."""
        return job_id


class IdMapOperator(StepOperator):
    """Learns the Ids of the records that an object's rows became. Returns their count and the map's URI."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Run `steps.ids`."""
        from include.bulkload.steps import ids

        with self.step(context) as step:
            return ids.learn(step.run, step.name)


class SummaryOperator(StepOperator):
    """Accounts for every row and judges the run: a teardown, so that it runs after failures and cancels too.

    :param flow: ids of all tasks before it, in order.
    :param by_chunk: those of them that are mapped.
    """

    ui_color = "#eef7ea"

    def __init__(self, *, flow: Sequence[str], by_chunk: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.flow = list(flow)
        self.by_chunk = list(by_chunk)

    def execute(self, context: Context) -> None:
        """Account for what the run was asked for; push the summary before failing the run by it."""
        states = context["ti"].get_task_states(context["ti"].dag_id, run_ids=[context["ti"].run_id])[context["ti"].run_id]
        found = bulk_closings.closed(context, states) or self._loaded(context, states)
        context["ti"].xcom_push("return_value", found["summary"])
        if not found["clean"]:
            raise AirflowFailException("; ".join(found["why"]))

    def _loaded(self, context: Context, states: Mapping[str, str | None]) -> dict[str, Any]:
        """Run `steps.summarize`."""
        from include.bulkload.steps import summarize, trouble, unasked

        with self._closing(context) as (run, checked):
            failed, due = outcomes.failed(states, self.flow), self.due(checked)
            bulk_cancels.obeyed(run, run.folder, failed)
            if outcomes.was_stopped(states, due, self.by_chunk) or trouble.ended_by_others(run.folder, failed):
                unasked.stopped(run)
            troubles = bulk_closings.left_off(context, run, failed)
            return summarize.close(run, outcomes.broken(states, due, self.by_chunk), troubles)

    def due(self, checked: plan.Plan | None) -> list[str]:  # noqa: ARG002 - for those whose flow depends on the plan
        """The tasks that must have run; None: nobody could read the plan."""
        return self.flow

    @contextlib.contextmanager
    def _closing(self, context: Context) -> Iterator[tuple[ports.Run, plan.Plan | None]]:
        """Open the run, with its plan, even if that can't be read: then nothing was begun, and no org is asked."""
        with outcomes.mapped(bulk_runs.noting(context)), bulk_runs.opened(bulk_runs.place(context), bulk_runs.unasked_hook()) as run:
            try:
                step = bulk_runs.planned(run, lambda: self.configured(context))
            except errors.PlanError:
                step = None
            with self.stoppable(context, run):
                yield (step.run, step.plan) if step else (run, None)


def staged(step: bulk_runs.Step) -> dict[str, Any]:
    """Begin the run of a plan: {"rows": object → counts, "folder": URI}."""
    from include.bulkload.steps import split

    return split.load(step.run, *bulk_runs.sourced(step))
