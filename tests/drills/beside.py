"""A run on a real Airflow beside which another one starts, or its plan changes → the first ends like an undisturbed one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from tests.drills import events, scene
from tests.running import clicks

if TYPE_CHECKING:
    from tests.drills import kills


@events.event("a second run of the plan is started at once")
def second_run(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """It waits for the first, then refuses to insert the same payload again."""
    load = at.begun(scene.FAMILY)
    file = (load.case.root / "payload.json").as_uri()
    other = clicks.begun(load.run.api, load.run.dag, {"file": file})
    load.run.until_reads("Account_job[0]", "running", "success")
    if other.state() != "queued":
        figures.wrong.append(f"{name}: it reads {other.state()} while the first goes on")
    load.run.ended()
    _is_refused(figures, name, other, "again")
    events.same(figures, name, load)


@events.event("another DAG starts the same plan at once")
def other_dag(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The lease keeps it out until the first is over."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    document = scene.document(scene.FAMILY) | {"params": {}, "source": {"uri": (load.case.root / "payload.json").as_uri()}}
    other = clicks.begun(load.run.api, "adhoc_load", document)
    _is_refused(figures, name, other, load.run.run_id)
    at.ground.org.behave(looks=2)
    events.same(figures, name, load)


def _is_refused(figures: kills.Figures, name: str, other: clicks.Run, saying: str) -> None:
    """The other run must end failed, and its error say this."""
    if other.ended() != "failed" or saying not in str(other.summary().get("error")):
        figures.wrong.append(f"{name}: it ended {other.state()}, {other.summary().get('error')}")


@events.event("the plan file changes between two tries")
def new_version(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The run goes on by the plan that it began with."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    file = at.plans / f"{load.run.dag}.json"
    before = file.read_text("utf-8")
    changed = json.loads(before)
    changed["objects"]["Account"]["fields"] |= {"BillingCity": "name"}
    try:
        file.write_text(json.dumps(changed), "utf-8")
        # The first may have been begun before the change.
        if not all(_read_again(load.run) for _ in range(2)):
            figures.wrong.append(f"{name}: Airflow hasn't read {file.name} again in {clicks.PATIENCE:g} s, so that nothing was tried")
        at.ground.org.behave(looks=2)
        load.run.clear("chunks_Account")
        load.run.ended()
    finally:
        file.write_text(before, "utf-8")
    events.same(figures, name, load)


def _read_again(run: clicks.Run) -> bool:
    """Wait until Airflow has read the run's DAG once more; False if it never does."""
    last, late = _read_at(run), time.monotonic() + clicks.PATIENCE
    while _read_at(run) == last:
        if time.monotonic() > late:
            return False
        time.sleep(1)
    return True


def _read_at(run: clicks.Run) -> str:
    """When Airflow read the run's DAG last."""
    return str(run.api.ask("GET", f"dags/{run.dag}")["last_parsed_time"])
