"""A plan's shape → the tasks of its flow. The shape never depends on data: chunks are mapped, empty lists skipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskGroup, TriggerRule
from airflow.sdk.definitions.param import ParamsDict

from bulkload_airflow import bulk_levels, bulk_modes, bulk_operators, bulk_replays, bulk_rounds, bulk_sensors, bulk_undos
from include.bulkload.basics import errors
from include.bulkload.intake import levels, modes

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    from bulkload_airflow import bulk_config, settings
    from include.bulkload.intake import plan

    AnyTask = BaseOperator | MappedOperator
LONGEST_RETRY_PAUSE = timedelta(minutes=10)
# The tasks of one object; `chunks` cuts them, `id_map` is there if another object needs the Ids.
CHUNKS, JOB, WAIT, SETTLE, ID_MAP = "chunks_{}", "{}_job", "wait_for_{}", "settle_{}", "id_map_{}"
SPLIT, SUMMARY = "split", "summary"


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
        self._then(bulk_rounds.SplitOperator(task_id=SPLIT, deferrable=self.deferrable, **self._common(place)))
        self.sent(label, place, self.tasks[-1])
        self._then(bulk_operators.IdMapOperator(task_id="id_map", **self._common(place)))

    def children(self, label: str, place: int = 1) -> None:
        """Link one object to the Ids that stand, set orphans aside, send it."""
        self._then(bulk_rounds.CutOperator(task_id="orphan_filter", deferrable=self.deferrable, **self._common(place)))
        self.sent(label, place, self.tasks[-1])

    def whole(self, checked: plan.Plan) -> None:
        """Read the sources, then send each object of a plan as soon as its parents' Ids are known: siblings side by side.

        Siblings that may write the same records go one after the other.
        Raises PlanError if the names of objects give two tasks the same id.
        """
        _tell_apart(checked)
        before = self._add(bulk_operators.StageOperator(task_id=SPLIT, configured=self.configured))
        # The last task of each object.
        known: dict[str, AnyTask] = {}
        for name in checked.order():
            with TaskGroup(name, prefix_group_id=False):
                cut = self._add(bulk_rounds.CutOperator(task_id=CHUNKS.format(name), deferrable=self.deferrable, **self._common(name)))
                ([known[other] for other in levels.before_cutting(checked, name)] or [before]) >> cut
                known[name] = settled = self.sent(name, name, cut)
                [known[other] for other in levels.before_settling(checked, name)] >> settled
                if levels.is_parent(checked, name):
                    known[name] = self._add(bulk_operators.IdMapOperator(task_id=ID_MAP.format(name), **self._common(name)))
                    settled >> known[name]
        if checked.replay_leftovers:
            again = bulk_replays.LeftoversOperator(task_id=bulk_modes.LEFTOVERS, configured=self.configured, deferrable=self.deferrable)
            [each for each in self.tasks if not each.downstream_task_ids] >> self._add(again)

    def leveled(self, count: int) -> AnyTask:
        """Read the sources, then send the objects level by level, whichever they turn out to be; the summary, which is returned."""
        self._then(bulk_operators.StageOperator(task_id=SPLIT, configured=self.configured))
        levels_tasks = [self._level(level) for level in range(count)]
        by_level = [[task.task_id for task in each] for each in levels_tasks]
        return self._closed(bulk_levels.LevelSummaryOperator(by_level=by_level, **self._summed_up()))

    def _level(self, level: int) -> list[AnyTask]:
        """The tasks of one level: cut, mapped jobs and waits, settling."""
        label, common = f"level_{level}", {"configured": self.configured, "deferrable": self.deferrable}
        with TaskGroup(label, prefix_group_id=False):
            cut = bulk_levels.CutLevelOperator(task_id=CHUNKS.format(label), level=level, **common)
            job = bulk_levels.SubmitOneOperator.partial(
                task_id=JOB.format(label), map_index_template="{{ task.chunk }}", configured=self.configured
            )
            wait = bulk_levels.OneJobSensor.partial(task_id=WAIT.format(label), map_index_template="{{ task.job }}", **common)
            self._then(cut)
            self._then(self._mapped(job.expand(chunk=cut.output)))
            self._then(self._mapped(wait.expand(job=self.tasks[-1].output)))
            # Runs if the level has nothing to send, but not if the plan hasn't got the level.
            rule = TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
            self._then(bulk_levels.SettleLevelOperator(task_id=SETTLE.format(label), level=level, trigger_rule=rule, **common))
            cut >> self.tasks[-1]
        return self.tasks[-4:]

    def sent(self, label: str, place: int | str, cut: AnyTask) -> AnyTask:
        """One job per chunk that was cut, one wait per job, one settling, which is returned."""
        common = self._common(place)
        job = bulk_operators.SubmitOperator.partial(task_id=JOB.format(label), map_index_template="chunk {{ task.number }}", **common)
        wait = bulk_sensors.BulkJobSensor.partial(
            task_id=WAIT.format(label), deferrable=self.deferrable, map_index_template="{{ task.job_ids }}", **common
        )
        jobs = self._add(self._mapped(job.expand(number=cut.output)))
        waits = self._add(self._mapped(wait.expand(job_ids=jobs.output)))
        # Nothing to send is no failure: the mapped tasks are skipped, and the flow goes on. It doesn't where no load was asked for.
        rule = TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
        settle = bulk_rounds.SettleOperator(task_id=SETTLE.format(label), trigger_rule=rule, deferrable=self.deferrable, **common)
        cut >> jobs >> waits >> self._add(settle)
        cut >> settle
        return settle

    def summary(self) -> AnyTask:
        """Close the flow: a teardown that decides the run's colour.

        It follows every mapped task and not only the last ones, because one failed chunk fails all that
        follows at once, while other chunks may still be uploading.
        """
        return self._closed(bulk_operators.SummaryOperator(**self._summed_up()))

    def _summed_up(self) -> dict[str, Any]:
        flow, by_chunk = ([task.task_id for task in each] for each in (self.tasks, self.by_chunk))
        return {"task_id": SUMMARY, "configured": self.configured, "flow": [bulk_modes.MODE, *flow], "by_chunk": by_chunk}

    def _closed(self, last: AnyTask) -> AnyTask:
        self._modes()
        leaves = [each for each in self.tasks if not each.downstream_task_ids]
        [*leaves, *self.by_chunk] >> last
        last.as_teardown(on_failure_fail_dagrun=True)
        for task in [*self.tasks, last]:
            # Airflow copies the DAG's form into each task and stores it with each: megabytes. A run reads the DAG's own.
            task.params = ParamsDict()
        return last

    def _modes(self) -> None:
        """Let a run replay or undo another one instead of loading: a branch each, beside that of the load."""
        again: dict[str, Any] = {"configured": self.configured, "deferrable": self.deferrable}
        load = self.tasks[0]
        with TaskGroup(modes.Mode.REPLAY.value):
            choose = self._add(bulk_replays.ChooseOperator(task_id=_within(bulk_modes.CHOOSE), **again))
            choose >> self._add(bulk_replays.SendOperator(task_id=_within(bulk_modes.SEND), **again))
        with TaskGroup(modes.Mode.UNDO.value):
            dry_run = self._add(bulk_undos.DryRunOperator(task_id=_within(bulk_modes.DRY_RUN), **again))
            approve = self._add(bulk_undos.ApproveOperator(task_id=_within(bulk_modes.APPROVE)))
            dry_run >> approve >> self._add(bulk_undos.ActOperator(task_id=_within(bulk_modes.ACT), **again))
        first = {modes.Mode.LOAD: load.task_id, modes.Mode.REPLAY: choose.task_id, modes.Mode.UNDO: dry_run.task_id}
        self._add(bulk_modes.ModeOperator(task_id=bulk_modes.MODE, first={str(mode): task for mode, task in first.items()})) >> [
            load,
            choose,
            dry_run,
        ]

    def _common(self, place: int | str) -> dict[str, Any]:
        return {"configured": self.configured, "place": place}

    def _mapped(self, task: MappedOperator) -> MappedOperator:
        self.by_chunk.append(task)
        return task

    def _add(self, task: AnyTask) -> AnyTask:
        self.tasks.append(task)
        return task

    def _then(self, task: AnyTask) -> None:
        """Add a task that follows all before it."""
        if self.tasks:
            self.tasks[-1] >> task
        self._add(task)


def _within(task_id: str) -> str:
    """The name of a task in its group."""
    return task_id.rpartition(".")[2]


def ids_of(checked: plan.Plan) -> list[str]:
    """Name all tasks and groups of a plan's flow."""
    own = [shape.format(name) for name in checked.objects for shape in ("{}", CHUNKS, JOB, WAIT, SETTLE, ID_MAP)]
    return [bulk_modes.MODE, SPLIT, bulk_modes.LEFTOVERS, SUMMARY, *map(str, bulk_modes.TASKS), *own]


def _tell_apart(checked: plan.Plan) -> None:
    """Raise PlanError for objects whose tasks couldn't be told from others'; a mapped task's instances are `<id>_<number>`."""
    named = ids_of(checked)
    instances = {each for each in named for other in named if each.removeprefix(f"{other}_").isdigit()}
    twice = {each for each in named if named.count(each) > 1} | instances
    wrong = [name for name in checked.objects if twice & {shape.format(name) for shape in ("{}", CHUNKS, JOB, WAIT, SETTLE, ID_MAP)}]
    if wrong:
        raise errors.PlanError(*(f"objects.{name}: a task of the DAG has a name that another has too; rename the object" for name in wrong))
