"""A run that lost rows → tasks of another run of its DAG that send them again, in the first one's folder and ledger."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bulkload_airflow import bulk_inlets, bulk_modes, bulk_rounds, bulk_runs, outcomes
from include.bulkload.basics import errors
from include.bulkload.intake import modes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.sdk import Context


class AfterRunOperator(bulk_rounds.RoundsOperator):
    """A step of replaying or undoing another run of this DAG, which waits as all steps do."""

    @contextlib.contextmanager
    def step(self, context: Context, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> Iterator[bulk_runs.Step]:
        """Open that other run."""
        with bulk_modes.stepped(context, final=final) as step:
            yield step


class ReplayOperator(AfterRunOperator):
    """A step of replaying another run: a person who marks it failed stops that run. Who stops an undo says nothing of its rows."""

    @contextlib.contextmanager
    def step(self, context: Context, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> Iterator[bulk_runs.Step]:
        """Open that other run."""
        with super().step(context, final=final) as step, self.stoppable(context, step.run):
            yield step


def waited(task: bulk_rounds.RoundsOperator, context: Context, step: bulk_runs.Step, found: Mapping[str, Any]) -> None:
    """Wait for the jobs and the moment that a step names."""
    if found["waiting"]:
        jobs = bulk_rounds.owned(step.run.folder.names("ledger/"), found["waiting"], step.plan.order()[0])
        task.waiting.until_ended(task, context, step, jobs)
    if found.get("not_before"):
        task.waiting.until(task, context, step, datetime.fromisoformat(found["not_before"]))


class ChooseOperator(ReplayOperator):
    """Collects what the first run left behind and chooses the rows that go again. Returns their counts by object."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, Any]:
        """Run `replay.begin` until nothing of the first run goes on."""
        from include.bulkload.steps import replay

        asked = bulk_modes.asked(context)
        bulk_modes.tell(bulk_runs.place(context).folder(), asked)
        while (found := replay.begin(step.run, asked.of, asked.file, bulk_inlets.Inlet()))["waiting"]:
            waited(self, context, step, found)
        for name, counts in found["objects"].items():
            self.log.info("%s: %s", name, ", ".join(f"{key} {count}" for key, count in counts.items()))
        return {"replay": found["replay"], "objects": found["objects"]}


class SendOperator(ReplayOperator):
    """Sends the chosen rows, object by object, parents first, until nothing is left. Returns object → rows by fate."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, dict[str, int]]:
        """Run `replay.advance` for each object again and again."""
        from include.bulkload.steps import replay

        return sent(self, context, step, replay.number(step.run) or 0)


def sent(task: bulk_rounds.RoundsOperator, context: Context, step: bulk_runs.Step, number: int) -> dict[str, dict[str, int]]:
    """Advance a replay object by object until nothing is waited for; object → rows by fate."""
    return {name: _sent(task, context, step, number, name) for name in step.plan.order()}


def _sent(task: bulk_rounds.RoundsOperator, context: Context, step: bulk_runs.Step, number: int, name: str) -> dict[str, int]:
    from include.bulkload.steps import replay

    while True:
        found = replay.advance(step.run, number, name)
        if not found["waiting"] and not found["not_before"]:
            return dict(found["tally"])
        waited(task, context, step, found)


class LeftoversOperator(bulk_rounds.RoundsOperator):
    """Sends again what earlier runs of the plan lost and no later source has (`replay_leftovers`). Returns run id → counts by object.

    What it does not do: turn this run red for rows that are refused again; their own run is. What keeps one earlier run from being
    replayed is told by this task's failure, after the others.
    """

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, Any]:
        """Run `earlier_runs` for one earlier run after the other."""
        from include.bulkload.steps import earlier_runs

        told: dict[str, Any] = {}
        troubles: dict[str, errors.BulkloadError] = {}
        for of in earlier_runs.due(step.run):
            try:
                found = self._replayed(context, of)
                earlier_runs.tell(step.run, of, found)
                told[of] = found["objects"]
            except errors.BulkloadError as wrong:
                troubles[of] = wrong
        if troubles:
            raise outcomes.together(troubles)
        return told

    def _replayed(self, context: Context, of: str) -> dict[str, Any]:
        from include.bulkload.steps import earlier_runs

        with bulk_modes.first(context, modes.Asked(modes.Mode.REPLAY, of)) as earlier, self.stoppable(context, earlier.run):
            while (found := earlier_runs.begin(earlier.run, of, bulk_inlets.Inlet()))["waiting"]:
                waited(self, context, earlier, found)
            if earlier_runs.takes(found):
                sent(self, context, earlier, found["replay"])
            return earlier_runs.account(earlier.run, found)
