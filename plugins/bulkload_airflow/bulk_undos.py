"""A run that is to be undone → tasks of another run of its DAG: a dry run, somebody's word, the undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators import hitl

from bulkload_airflow import bulk_modes, bulk_replays, bulk_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context


class DryRunOperator(bulk_replays.AfterRunOperator):
    """Looks at all that the first run wrote and lists what would be undone; writes nothing to Salesforce. Returns counts by object."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, Any]:
        """Run `undo_run.plan`; a retry or clear finds the dry run that stands."""
        from include.bulkload.report import undone
        from include.bulkload.steps import undo_run

        asked, home = bulk_modes.asked(context), bulk_runs.place(context).folder()
        bulk_modes.tell(home, asked)
        found = undo_run.plan(step.run, asked.of, home)
        self.log.info("%s", undone.question(found["summary"]))
        counts = ("delete", "restore", "changedSince")
        told = {name: {key: each[key] for key in counts} for name, each in found["summary"]["objects"].items()}
        return {"number": found["number"], "nothing": found["nothing"], "objects": told}


class ApproveOperator(hitl.ApprovalOperator):
    """Asks somebody to agree to what the dry run lists: Airflow's *Required Actions*. Rejected: `undo.act` is skipped.

    How it works: it waits outside of worker and triggerer, for as long as it takes. What was answered, and by whom, is kept.
    What it does not do: ask where nothing is left to undo, where somebody agreed before, or where the run says `undo_confirmed`.
    """

    # The question quotes a run's files and counts: no text of it is a template.
    template_fields = ()
    ui_color = "#fdf3e1"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(subject="Undo?", **kwargs)

    def execute(self, context: Context) -> Any:
        """Ask, unless there is no need to."""
        from include.bulkload.report import undone
        from include.bulkload.steps import undo_run

        with bulk_modes.stepped(context) as step:
            asked, home = bulk_modes.asked(context), bulk_runs.place(context).folder()
            standing = undo_run.standing(step.run, home, confirmed=asked.confirmed)
            dry_run = undo_run.plan(step.run, asked.of, home)["summary"]
        if standing == undo_run.OPEN:
            self.subject, self.body = f"Undo the run {asked.of}?", undone.question(dry_run)
            return super().execute(context)
        self.log.info("nobody is asked: %s", standing)
        # Skipping is an exception of Airflow's: what follows doesn't run.
        if standing == undo_run.NOTHING:
            self.skip(ti=context["ti"], tasks=[each for each in self.get_direct_relatives() if not each.is_teardown])
        return standing

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Keep the answer; skip the undoing if it is no."""
        from include.bulkload.steps import undo_run

        # An event without an answer tells an error, which the base class raises.
        if "chosen_options" in event:
            who = (event.get("responded_by_user") or {}).get("name", "")
            agreed = list(event["chosen_options"]) == [self.APPROVE]
            undo_run.answer(bulk_runs.place(context).folder(), agreed=agreed, by=who, at=str(event["responded_at"]))
        return super().execute_complete(context, dict(event))["chosen_options"]


class ActOperator(bulk_replays.AfterRunOperator):
    """Undoes what the dry run listed, as far as nothing has changed since. Returns the sums."""

    def rounds(self, context: Context, step: bulk_runs.Step) -> dict[str, int]:
        """Run `undo_run.act` again and again."""
        from include.bulkload.report import undone
        from include.bulkload.steps import undo_run

        asked, home = bulk_modes.asked(context), bulk_runs.place(context).folder()
        while (found := undo_run.act(step.run, asked.of, home))["summary"] is None:
            bulk_replays.waited(self, context, step, found)
        return {key: found["summary"][key] for key in undone.COUNTED}
