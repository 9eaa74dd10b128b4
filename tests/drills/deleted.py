"""A run on a real Airflow that goes on and is to be deleted, or its DAG is → its jobs go on, and its ledger names them."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.stack import rest
from tests.drills import events, scene

if TYPE_CHECKING:
    from tests.drills import kills


@events.event("the run is deleted while a job goes on")
def run_deleted(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Airflow refuses, and the load ends as if nobody had asked."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    try:
        load.run.delete()
    except rest.ApiRefused:
        at.ground.org.behave(looks=2)
        events.same(figures, name, load)
    else:
        figures.wrong.append(f"{name}: Airflow deletes a run that goes on; docs/marks_and_retries.md says that it doesn't")


@events.event("the DAG is deleted while a job goes on")
def dag_deleted(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The job goes on, and the run's ledger names it; Airflow reads the DAG's file again."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    load.run.api.ask("DELETE", f"dags/{load.run.dag}")
    # Time for a triggerer to do what it must not.
    time.sleep(events.STALLED_SECONDS / 3)
    told = {each["id"]: each["state"] for each in at.ground.org.jobs()}
    if told.keys() != load.named() or "Aborted" in told.values():
        figures.wrong.append(f"{name}: jobs {told}, the ledger names {load.named()}")
    figures.loads += 1
    _next_is_let_in(at, figures, name)


def _next_is_let_in(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The next run can't know that a deleted one is over: it says what to remove, and loads once that is done."""
    after = at.begun(scene.FAMILY)
    after.run.ended()
    named = re.search(r"remove file://(\S+\.json)", str(after.run.summary().get("error")))
    if named is None:
        figures.wrong.append(f"{name}: the next run says {after.run.summary().get('error')}")
        return
    Path(named[1]).unlink()
    after.run.cleared()
    events.same(figures, name, after)
