"""A run on a real Airflow of which a part stalls, or whose DAG is paused → like an undisturbed one once all goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.drills import events, scene, victims

if TYPE_CHECKING:
    from tests.drills import kills


@events.event("the triggerer stalls and another one takes its triggers")
def stalled_triggerer(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """When it comes back it finds that they are no longer its own, and aborts nothing."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    with victims.second(at.stack, "triggerer"):
        with victims.held(victims.service(at.stack, "triggerer")):
            time.sleep(events.STALLED_SECONDS)
        # Time for the first to see what it has lost.
        time.sleep(events.STALLED_SECONDS / 5)
        at.ground.org.behave(looks=2)
        events.same(figures, name, load)


@events.event("the scheduler stalls")
def stalled_scheduler(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Tasks go on; once it is back, so does the run."""
    load = at.begun(scene.FAMILY)
    load.comes_to(events.UPLOAD)
    with victims.held(victims.service(at.stack, "scheduler"), alone=True):
        time.sleep(events.STALLED_SECONDS)
    events.same(figures, name, load)


@events.event("the API server is away")
def stalled_api(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """A running task may fail for that, and its next try goes on."""
    load = at.begun(scene.FAMILY)
    load.comes_to(events.UPLOAD)
    with victims.held(victims.service(at.stack, "api-server")):
        time.sleep(events.STALLED_SECONDS)
    events.same(figures, name, load)


@events.event("the DAG is paused, and goes on")
def paused(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """What waits goes on waiting; the rest follows when the DAG is let go on."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    load.run.api.ask("PATCH", f"dags/{load.run.dag}", {"is_paused": True})
    time.sleep(events.STALLED_SECONDS / 2)
    load.run.api.ask("PATCH", f"dags/{load.run.dag}", {"is_paused": False})
    at.ground.org.behave(looks=2)
    events.same(figures, name, load)
