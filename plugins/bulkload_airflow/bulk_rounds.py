"""Tasks that cut an object's jobs, or settle them: what must be waited for in between is waited for deferred.

Each may be begun anew at any time: what a step did stands in the run folder, so `resume` simply goes on.
"""

from __future__ import annotations

import abc
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bulkload_airflow import bulk_operators, bulk_runs, bulk_waits, links, outcomes
from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

LEFT_OUT = ("orphaned", "rejected", "unchanged")
COUNTS = ("ready", *LEFT_OUT, "uri")


class RoundsOperator(bulk_waits.Waits, bulk_operators.StepOperator):
    """A step that goes on in rounds, with jobs to wait for between them.

    :param deferrable: wait in the triggerer instead of on a worker.
    """

    operator_extra_links = (links.SalesforceJobLink(),)

    def __init__(self, *, deferrable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.waiting = bulk_waits.JobWait(deferrable=deferrable)

    def execute(self, context: Context) -> Any:
        """Go on from what stands in the run folder."""
        return self.proceed(context)

    def resume(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Go on once the trigger has something to tell; Salesforce is asked again."""
        self.waiting.end(context)
        with self.step(context) as step:
            self.waiting.resumed(step, event)
            return self.rounds(context, step)

    def proceed(self, context: Context, event: Any = None) -> Any:  # noqa: ARG002 - Airflow hands it over
        """Go on once the moment has come that was waited for."""
        self.waiting.end(context)
        with self.step(context) as step:
            return self.rounds(context, step)

    @abc.abstractmethod
    def rounds(self, context: Context, step: bulk_runs.Step) -> Any:
        """Do one round after the other; what the task returns."""


class CutOperator(RoundsOperator):
    """Links an object's rows to their parents' Ids, sets aside what can't be sent, cuts the jobs. Returns their numbers.

    Of a large object a small job goes first; the others' numbers are returned when it has ended, or none if it
    shows that they would fail too.
    """

    def rounds(self, context: Context, step: bulk_runs.Step) -> list[int]:
        """Run `steps.cut`; the counts are XComs of their own."""
        from include.bulkload.steps import cut

        found = cut.first(step.run, step.name)
        told = [f"{step.name}: {found['ready']} rows ready", *(f"{found[key]} {key}" for key in LEFT_OUT if found[key])]
        self.log.log(
            logging.WARNING if len(told) > 1 else logging.INFO, "%s", ", ".join(told) + (f", see {found['uri']}" if found["uri"] else "")
        )
        self.waiting.until_ended(self, context, step, dict.fromkeys(found["canary"], step.name))
        for key in COUNTS:
            context["ti"].xcom_push(key, found[key])
        return cut.go_on(step.run, step.name)


class SplitOperator(CutOperator):
    """Begins the run, and cuts its first object's jobs. Returns their numbers; rows and run folder are XComs of their own."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> list[int]:
        """Run `steps.split`, then `steps.cut`."""
        for key, value in bulk_operators.staged(step).items():
            context["ti"].xcom_push(key, value)
        return super().rounds(context, step)


class SettleOperator(RoundsOperator):
    """Collects the results of an object's jobs, sends what must go next, until nothing is left. Returns rows by fate.

    Fails at once if a job of the mapped tasks still runs: somebody marked its waiting task success, which means
    "stop watching".
    """

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, int]:
        """Run `steps.settle` again and again."""
        return settled(self, context, step, step.name)


def settled(task: RoundsOperator, context: Context, step: bulk_runs.Step, name: str) -> dict[str, int]:
    """Advance one object until none of its jobs and no moment is waited for; rows by fate."""
    while True:
        found = advanced(context, step, name)
        if not found["waiting"] and not found["not_before"]:
            return dict(found["tally"])
        task.waiting.until_ended(task, context, step, found["waiting"])
        if found["not_before"]:
            task.waiting.until(task, context, step, datetime.fromisoformat(found["not_before"]))


def advanced(context: Context, step: bulk_runs.Step, name: str) -> dict[str, Any]:
    """Advance one object once, as `steps.settle` does; `waiting` is job id → object, since a second pass belongs to another one."""
    from include.bulkload.steps import settle

    with outcomes.mapped(bulk_runs.noting(context), final=(errors.JobStillRunning,)):
        found = settle.advance(step.run, name)
    if not found["waiting"]:
        return {**found, "waiting": {}}
    return {**found, "waiting": owned(step.run.folder.names("ledger/"), found["waiting"], name)}


def owned(entries: Sequence[str], job_ids: Sequence[str], otherwise: str) -> bulk_waits.Jobs:
    """Name the object of each job by the ledger's entries `ledger/<object>/<chunk>/<job id>/<fact>`: a second pass belongs to another."""
    known = {parts[3]: parts[1] for parts in (each.split("/") for each in entries) if len(parts) == 5}  # noqa: PLR2004 - so many parts
    return {job_id: known.get(job_id, otherwise) for job_id in job_ids}
