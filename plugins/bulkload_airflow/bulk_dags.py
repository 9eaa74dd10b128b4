"""A plan's shape → the tasks of its flow. The shape never depends on data: chunks are mapped, empty lists skipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule

from bulkload_airflow import bulk_operators, bulk_sensors

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    from bulkload_airflow import bulk_config, settings

    AnyTask = BaseOperator | MappedOperator
LONGEST_RETRY_PAUSE = timedelta(minutes=10)


def default_args(deployed: settings.Settings) -> dict[str, Any]:
    """What all tasks share: owner, pool, retries with back-off."""
    return {
        "owner": "bulkload",
        "pool": deployed.pool,
        "retries": deployed.retries,
        "retry_delay": timedelta(seconds=deployed.retry_seconds),
        "retry_exponential_backoff": 2,
        "max_retry_delay": LONGEST_RETRY_PAUSE,
    }


@dataclass(slots=True)
class Flow:
    """The tasks of one load so far, in order."""

    configured: Callable[[Context], bulk_config.Config]
    deferrable: bool = True
    tasks: list[AnyTask] = field(default_factory=list)
    by_chunk: list[AnyTask] = field(default_factory=list)

    def parents(self, label: str, place: int = 0) -> None:
        """Read the source, send one object without parents, learn its Ids."""
        self._then(bulk_operators.SplitOperator(task_id="split", configured=self.configured, place=place))
        self._sent(label, place)
        self._then(bulk_operators.IdMapOperator(task_id="id_map", configured=self.configured, place=place))

    def children(self, label: str, place: int = 1) -> None:
        """Link one object to the Ids that stand, set orphans aside, send it."""
        self._then(bulk_operators.OrphanFilterOperator(task_id="orphan_filter", configured=self.configured, place=place))
        self._sent(label, place)

    def summary(self) -> AnyTask:
        """Close the flow: a teardown that decides the run's colour.

        It follows every mapped task and not only the last one, because one failed chunk fails all that
        follows at once, while other chunks may still be uploading.
        """
        last = bulk_operators.SummaryOperator(
            task_id="summary",
            configured=self.configured,
            flow=[each.task_id for each in self.tasks],
            by_chunk=[each.task_id for each in self.by_chunk],
        )
        [self.tasks[-1], *self.by_chunk] >> last
        last.as_teardown(on_failure_fail_dagrun=True)
        return last

    def _sent(self, label: str, place: int) -> None:
        """One job per chunk that the task before planned, one wait per job, one collection."""
        before = self.tasks[-1]
        common: dict[str, Any] = {"configured": self.configured, "place": place}
        job = bulk_operators.SubmitOperator.partial(task_id=f"{label}_job", map_index_template="chunk {{ task.number }}", **common)
        wait = bulk_sensors.BulkJobSensor.partial(
            task_id=f"wait_for_{label}", deferrable=self.deferrable, map_index_template="{{ task.job_ids }}", **common
        )
        jobs = self._mapped(job.expand(number=before.output))
        self._mapped(wait.expand(job_ids=jobs.output))
        # Nothing to send is no failure: the mapped tasks are skipped, and the flow goes on.
        self._then(bulk_operators.SettleOperator(task_id=f"settle_{label}", trigger_rule=TriggerRule.NONE_FAILED, **common))

    def _mapped(self, task: MappedOperator) -> MappedOperator:
        self.by_chunk.append(task)
        self._then(task)
        return task

    def _then(self, task: AnyTask) -> None:
        if self.tasks:
            self.tasks[-1] >> task
        self.tasks.append(task)
