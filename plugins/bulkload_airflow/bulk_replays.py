"""A run that lost rows → tasks of another run of its DAG that send them again, in the first one's folder and ledger."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bulkload_airflow import bulk_inlets, bulk_modes, bulk_rounds, bulk_runs, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.sdk import Context

    from include.bulkload.basics import errors


class AfterRunOperator(bulk_rounds.RoundsOperator):
    """A step of replaying or undoing another run of this DAG, which waits as all steps do."""

    @contextlib.contextmanager
    def step(self, context: Context, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> Iterator[bulk_runs.Step]:
        """Open that other run."""
        with outcomes.mapped(bulk_runs.noting(context), final=final), bulk_modes.first(context, bulk_modes.asked(context)) as step:
            yield step

    def wait(self, context: Context, step: bulk_runs.Step, found: Mapping[str, Any]) -> None:
        """Wait for the jobs and the moment that a step names."""
        if found["waiting"]:
            jobs = bulk_rounds.owned(step.run.folder.names("ledger/"), found["waiting"], step.plan.order()[0])
            self.waiting.until_ended(self, context, step, jobs)
        if found.get("not_before"):
            self.waiting.until(self, context, step, datetime.fromisoformat(found["not_before"]))


class ChooseOperator(AfterRunOperator):
    """Collects what the first run left behind and chooses the rows that go again. Returns their counts by object."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, Any]:
        """Run `replay.begin` until nothing of the first run goes on."""
        from include.bulkload.steps import replay

        asked = bulk_modes.asked(context)
        bulk_modes.tell(bulk_runs.place(context).folder(), asked)
        while (found := replay.begin(step.run, asked.of, asked.file, bulk_inlets.Inlet()))["waiting"]:
            self.wait(context, step, found)
        for name, counts in found["objects"].items():
            self.log.info("%s: %s", name, ", ".join(f"{key} {count}" for key, count in counts.items()))
        return {"replay": found["replay"], "objects": found["objects"]}


class SendOperator(AfterRunOperator):
    """Sends the chosen rows, object by object, parents first, until nothing is left. Returns object → rows by fate."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, dict[str, int]]:
        """Run `replay.advance` for each object again and again."""
        return {name: self._sent(context, step, name) for name in step.plan.order()}

    def _sent(self, context: Context, step: bulk_runs.Step, name: str) -> dict[str, int]:
        from include.bulkload.steps import replay

        number = replay.number(step.run)
        while True:
            found = replay.advance(step.run, number or 0, name)
            if not found["waiting"] and not found["not_before"]:
                return dict(found["tally"])
            self.wait(context, step, found)
