"""Tasks of a plan that is known only when it runs: one per level of its objects, with one flat list of chunks of them all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from bulkload_airflow import bulk_operators, bulk_rounds, bulk_sensors
from include.bulkload.intake import levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from bulkload_airflow import bulk_runs, bulk_waits
    from include.bulkload.intake import plan


class LevelOperator(bulk_rounds.RoundsOperator):
    """A step of all objects of one level.

    :param level: which, from 0; one that the plan doesn't have has no objects.
    """

    def __init__(self, *, level: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.level = level

    def names(self, checked: plan.Plan) -> list[str]:
        """The objects of the level."""
        found = levels.of(checked)
        return found[self.level] if self.level < len(found) else []


class CutLevelOperator(LevelOperator):
    """Cuts the jobs of a level's objects, waiting for all their small first jobs at once. Returns [{"object", "chunk"}, ...].

    A level that the plan doesn't have is skipped, and with it all after it, which costs no worker.
    """

    def rounds(self, context: Context, step: bulk_runs.Step) -> list[dict[str, Any]]:
        """Run `steps.cut` for each."""
        from include.bulkload.steps import cut

        names = self.names(step.plan)
        if not names:
            raise AirflowSkipException(f"the plan has no level {self.level}")
        found = {name: cut.first(step.run, name) for name in names}
        self.waiting.until_ended(self, context, step, {job_id: name for name in names for job_id in found[name]["canary"]})
        context["ti"].xcom_push("counts", {name: {key: found[name][key] for key in bulk_rounds.COUNTS} for name in names})
        return [{"object": name, "chunk": number} for name in names for number in cut.go_on(step.run, name)]


class SubmitOneOperator(bulk_operators.SubmitOperator):
    """Submits one chunk of whichever object. Returns {"object", "job"}.

    :param chunk: {"object", "chunk"}.
    """

    def __init__(self, *, chunk: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(number=chunk["chunk"], place=chunk["object"], **kwargs)
        self.chunk = chunk

    def submitted(self, job_id: str) -> Any:
        """Name the job's object too."""
        return {"object": self.place, "job": job_id}


class OneJobSensor(bulk_sensors.BulkJobSensor):
    """Waits for one job of whichever object.

    :param job: {"object", "job"}.
    """

    def __init__(self, *, job: dict[str, str], **kwargs: Any) -> None:
        super().__init__(job_ids=job["job"], place=job["object"], **kwargs)
        self.job = job


class SettleLevelOperator(LevelOperator):
    """Settles all objects of a level, waiting for their later jobs at once. Returns object → rows by fate."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, dict[str, int]]:
        """Run `steps.settle` for each, again and again; an object whose second pass needs another's Ids waits for that one."""
        names = self.names(step.plan)
        while True:
            found: dict[str, dict[str, Any]] = {}
            open_ones: set[str] = set()
            for name in names:
                if open_ones.isdisjoint(levels.before_settling(step.plan, name)):
                    found[name] = bulk_rounds.advanced(context, step, name)
                if name not in found or found[name]["waiting"] or found[name]["not_before"]:
                    open_ones.add(name)
            if not open_ones:
                return {name: dict(found[name]["tally"]) for name in names}
            self._wait(context, step, list(found.values()))

    def _wait(self, context: Context, step: bulk_runs.Step, found: list[dict[str, Any]]) -> None:
        jobs: bulk_waits.Jobs = {job_id: name for each in found for job_id, name in each["waiting"].items()}
        self.waiting.until_ended(self, context, step, jobs)
        moments = [datetime.fromisoformat(each["not_before"]) for each in found if each["not_before"]]
        if moments and not jobs:
            self.waiting.until(self, context, step, min(moments))


class LevelSummaryOperator(bulk_operators.SummaryOperator):
    """The summary of a plan that is known only when it runs.

    :param by_level: ids of the tasks of each level.
    """

    def __init__(self, *, by_level: Sequence[Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by_level = [list(each) for each in by_level]

    def due(self, checked: plan.Plan | None) -> list[str]:
        """The tasks of the levels that the plan has; of all, if nobody could read the plan."""
        count = len(levels.of(checked)) if checked else len(self.by_level)
        idle = {task for level in self.by_level[count:] for task in level}
        return [task for task in self.flow if task not in idle]
