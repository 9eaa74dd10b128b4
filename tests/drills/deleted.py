"""A run on a real Airflow that is deleted, or its DAG → its jobs go on, its ledger names them, and the next run is let in."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.drills import events, scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.drills import kills
    from tests.running import clicks


@events.event("the run is deleted while a job goes on")
def run_deleted(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The job goes on, and the run's ledger names it."""
    _deleted(at, figures, name, lambda run: run.delete())


@events.event("the DAG is deleted while a job goes on")
def dag_deleted(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The same; Airflow reads the DAG's file again."""
    _deleted(at, figures, name, lambda run: run.api.ask("DELETE", f"dags/{run.dag}"))


def _deleted(at: scene.Scene, figures: kills.Figures, name: str, delete: Callable[[clicks.Run], object]) -> None:
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    delete(load.run)
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
