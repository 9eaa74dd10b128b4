"""One part of the sweep → what it did, as a small XCom and a table in the log; red if something stood in its way."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from bulkload_airflow import bulk_hook, bulk_runs, scratch, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from include.bulkload.steps import sweep

# An XCom is no archive; the log has all.
TOLD = 200


class SweepOperator(BaseOperator):
    """Runs one part of `steps.sweep` over all run folders.

    How it works: each part goes through the runs of the run base; what stands in the way of one run doesn't keep the others.
    What it does not do: touch a run that Airflow calls running, or a job that no ledger of ours names.
    Known limitation: a connection that isn't allowed any more keeps the runs that used it, if a job of theirs must be asked for.

    :param part: `open_jobs`, `finished_jobs`, `files` or `strangers`.
    """

    ui_color = "#f5f0e8"

    def __init__(self, *, part: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part

    def execute(self, context: Context) -> None:
        """Run the part; `return_value` is pushed before the task fails by its troubles."""
        from include.bulkload.steps import sweep

        with _ground(dry_run=bool(context["params"]["dry_run"])) as ground:
            if self.part == "strangers":
                found = sweep.strangers(ground, settings.current().connections)
            else:
                found = getattr(sweep, self.part)(ground)
        for row in found["done"]:
            self.log.info("%s", "  ".join(f"{key} {value}" for key, value in row.items()))
        for row in found.get("kept", ()):
            self.log.info("kept: %s, while %s may be replayed", row["run"], row["for"])
        self.log.info("%s: %d in all%s", self.part, len(found["done"]), ", only told" if ground.dry_run else "")
        told = {"count": len(found["done"]), "done": found["done"][:TOLD], "troubles": found["troubles"][:TOLD]}
        context["ti"].xcom_push("return_value", told)
        if found["troubles"]:
            raise AirflowFailException("; ".join(found["troubles"][:TOLD]))


@contextlib.contextmanager
def _ground(*, dry_run: bool) -> Iterator[sweep.Ground]:
    from include.bulkload.basics import tables
    from include.bulkload.steps import sweep

    deployed = settings.current()
    clients: dict[str, Any] = {}
    with scratch.folder(deployed.scratch) as made:
        yield sweep.Ground(
            archive=bulk_runs.archive(),
            org=lambda conn_id: clients.setdefault(conn_id, bulk_runs.LateClient(bulk_hook.BulkHook(conn_id))),
            is_over=bulk_runs.is_over,
            scratch=made,
            limits=tables.Limits(made / "spill", deployed.memory, deployed.threads),
            clock=lambda: datetime.now(UTC),
            pause=time.sleep,
            dry_run=dry_run,
        )
