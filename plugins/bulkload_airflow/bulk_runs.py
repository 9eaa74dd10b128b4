"""A task's context → the run that a step is handed: run folder, org, scratch folder, limits, clock."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import ObjectStoragePath
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowSkipException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from bulkload_airflow import bulk_hook, bulk_inlets, outcomes, scratch, settings
from include.bulkload.basics import errors
from include.bulkload.intake import modes
from include.bulkload.ledger import entries
from include.bulkload.steps import ports, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow.sdk import Context

    from bulkload_airflow import bulk_config
    from include.bulkload.intake import plan


ENDED = ["success", "failed"]
AT_WORK = ["scheduled", "queued", "running", "restarting", "deferred", "awaiting_input", "up_for_retry", "up_for_reschedule"]


@dataclass(frozen=True, slots=True)
class Place:
    """Which run it is: enough to find its folder from any process."""

    dag_id: str
    run_id: str

    def folder(self) -> ports.RunFolder:
        """The run's folder in object storage; its URIs name the connection, where the run base does."""
        # Storage comes with the table engine, which the reading of DAGs needn't load.
        from include import storage

        fs, path, uri = _base()
        return storage.run_folder(fs, path, self.dag_id, self.run_id, base_uri=uri)


def memory() -> ports.Memory:
    """What runs leave for later ones, beside all run folders."""
    from include import storage

    fs, path, uri = _base()
    return storage.memory(fs, path, base_uri=uri)


def archive() -> ports.Archive:
    """All run folders."""
    from include import storage

    fs, path, uri = _base()
    return storage.archive(fs, path, base_uri=uri)


def _base() -> tuple[Any, str, str | None]:
    """The run base: its file system, its path there, and how its owner writes it where that says more."""
    named = settings.current().run_base
    base = ObjectStoragePath(named)
    return base.fs, base.path, None if base.protocol == "file" else named


class LateClient:
    """A client that is made when first asked: a task that needs no org doesn't log in."""

    def __init__(self, hook: bulk_hook.BulkHook) -> None:
        self._hook = hook

    @cached_property
    def _client(self) -> Any:
        return self._hook.client()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@contextlib.contextmanager
def opened(place: Place, hook: bulk_hook.BulkHook, of: str = "") -> Iterator[ports.Run]:
    """Open a run for one task; its scratch folder is gone afterwards. `of`: id of the run of that DAG that it is about, "": itself."""
    deployed = settings.current()
    with scratch.folder(deployed.scratch) as made:
        # `Limits` comes with the table engine, which triggers and the reading of DAGs needn't load.
        from include.bulkload.basics import tables

        yield ports.Run(
            folder=(Place(place.dag_id, of) if of else place).folder(),
            salesforce=LateClient(hook),
            scratch=made,
            limits=tables.Limits(made / "spill", deployed.memory, deployed.threads),
            clock=lambda: datetime.now(UTC),
            pause=time.sleep,
            memory=memory(),
            name=ports.RunName(place.dag_id, place.run_id),
            is_over=is_over,
        )


def is_over(name: ports.RunName) -> bool | None:
    """Ask Airflow, from within a task, whether a run and all its tasks have ended; None if it knows no such run. Raises NetworkFault.

    A run that somebody marked failed reads so at once, while its summary still aborts jobs: so its tasks are asked for too.
    """
    try:
        runs = RuntimeTaskInstance.get_dr_count(name.dag_id, run_ids=[name.run_id])
        if not runs:
            return None
        ended = RuntimeTaskInstance.get_dr_count(name.dag_id, run_ids=[name.run_id], states=ENDED)
        return ended == runs and not RuntimeTaskInstance.get_ti_count(name.dag_id, run_ids=[name.run_id], states=AT_WORK)
    except AirflowRuntimeError as wrong:
        raise errors.NetworkFault(f"Airflow doesn't tell how run {name.run_id!r} of {name.dag_id!r} stands; it is asked again") from wrong


def state_of(task_instance: Any) -> str | None:
    """Ask Airflow what a task instance reads now."""
    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
        map_index=task_instance.map_index,
    )
    return next(iter(states.get(task_instance.run_id, {}).values()), None)


@dataclass(frozen=True, slots=True)
class Step:
    """What an operator works with: the run, its plan, and the object it is about.

    `config`: what the run was configured with, None once it has begun; `of`: id of the run in whose folder it works, "": the task's own.
    """

    run: ports.Run
    hook: bulk_hook.BulkHook
    config: bulk_config.Config | None
    plan: plan.Plan
    name: str
    of: str = ""


class OneStep:
    """What all our operators are: one step of one object of a plan, its errors mapped, its scratch removed."""

    configured: Callable[[Context], bulk_config.Config]
    place: int | str
    _at_work: tuple[ports.Run, ...] = ()
    _own: Any = None

    @contextlib.contextmanager
    def step(self, context: Context, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> Iterator[Step]:
        """Open the run of this task's context and map what its step raises.

        Skips itself in a run that replays or undoes: if somebody marks the task `mode` success, Airflow runs every branch.
        """
        with outcomes.mapped(noting(context), final=final):
            only_in(context, modes.Mode.LOAD)
            with opened(place(context), unasked_hook()) as run:
                step = planned(run, lambda: self.configured(context))
                with self.stoppable(context, step.run):
                    yield dataclasses.replace(step, name=_named(step.plan, self.place))

    @contextlib.contextmanager
    def stoppable(self, context: Context, run: ports.Run) -> Iterator[None]:
        """While the block lasts, a person who marks the task failed stops the run: another one within this one's task, both."""
        outer, self._own = self._at_work, context["ti"]
        self._at_work = (*outer, run)
        try:
            yield
        finally:
            self._at_work = outer

    def on_kill(self) -> None:
        """Note in the ledger that a person stopped the run, if the task was marked failed: nothing of it goes by itself then.

        In a thread, because this is a signal's doing: the interrupted code may hold the one line to Airflow.
        """
        if self._at_work:
            threading.Thread(target=_killed, args=(self._own, self._at_work)).start()


def planned(run: ports.Run, configured: Callable[[], bulk_config.Config], of: str = "") -> Step:
    """Take plan and connection of an opened run: its own copy once it has begun, whatever is configured by now; until then, that.

    Raises PlanError with what is wrong with what is configured.
    """
    from include.bulkload.steps import journal

    config = configured() if run.folder.read(entries.BEGUN) is None else None
    found = config.plan if config else journal.opened(run, compare=False).plan
    hook = bulk_hook.BulkHook(found.conn_id)
    return Step(dataclasses.replace(run, salesforce=LateClient(hook)), hook, config, found, "", of)


def unasked_hook() -> bulk_hook.BulkHook:
    """A hook to open a run with whose connection only its plan tells: no org is asked by it."""
    return bulk_hook.BulkHook(settings.current().connections[0])


def _named(checked: plan.Plan, place: int | str) -> str:
    """Name an object of the plan. Raises PlanError for one that came into the plan's file after the run had begun."""
    name = checked.order()[place] if isinstance(place, int) else place
    if name not in checked.objects:
        message = f"objects.{name}: the plan hadn't got it when this run began, which goes on by that; the next run loads it"
        raise errors.PlanError(message)
    return name


def only_in(context: Context, mode: modes.Mode) -> None:
    """Raise AirflowSkipException in a run of another mode, PlanError if what it was asked for contradicts itself."""
    asked = modes.asked(context.get("params") or {}).mode
    if asked is not mode:
        raise AirflowSkipException(f"this run's mode is {asked}: nothing is done here")


def place(context: Context) -> Place:
    """Name the run of a task's context."""
    task_instance = context["ti"]
    return Place(task_instance.dag_id, task_instance.run_id)


def own_label(context: Context) -> str:
    """Name the task instance of a context as notes and summary do."""
    return outcomes.label(context["ti"].task_id, context["ti"].map_index)


def noting(context: Context) -> outcomes.Note:
    """Make the note-taker of a task instance: the summary reads what it was told last, and whether Airflow tries again."""

    def note(error: str, ends: bool) -> None:
        task_instance = context["ti"]
        last = ends or task_instance.try_number > task_instance.max_tries
        trouble.note(place(context).folder(), own_label(context), error, last=last)

    return note


def sourced(step: Step) -> tuple[dict[str, Any], ports.Inlet]:
    """The plan's document, and where its sources are read: an inline payload is kept in the run folder and read from there.

    Of a run that has begun its own copy counts, which names that place: the run base is an allowed root, whatever others are named.
    """
    if step.config is None:
        return {}, bulk_inlets.Inlet()
    if step.config.payload is None:
        return step.config.document, bulk_inlets.Inlet()
    local = step.run.scratch / "payload.json"
    # Plain ASCII, so that even a lone surrogate arrives where rows are judged.
    local.write_text(json.dumps(step.config.payload), "ascii")
    kept = step.run.folder.put(local, "payload.json")
    source = {**step.config.document["source"], "uri": step.run.folder.uri(kept.name)}
    return {**step.config.document, "source": source}, bulk_inlets.Inline(step.run.folder, kept)


def _killed(task_instance: Any, runs: Sequence[ports.Run]) -> None:
    from include.bulkload.steps import unasked

    for run in runs if state_of(task_instance) == outcomes.FAILED else ():
        unasked.stopped(run)
