"""What happens to a run on a real Airflow: people who click, parts that stall → how the run ends then, judged.

Each event is named as docs/marks_and_retries.md names it.
"""

from __future__ import annotations

import functools
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.drills import kills, moments, scene, victims
from tests.running import clicks

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.stack import rest

    Event = Callable[[scene.Scene, kills.Figures], None]
    Named = Callable[[scene.Scene, kills.Figures, str], None]

# Longer than Airflow waits for a sign of life of its parts, as the scene sets it.
STALLED_SECONDS = 25
UPLOAD = moments.Moment("during an upload", 2)
EVENTS: dict[str, Event] = {}


def event(name: str) -> Callable[[Named], Named]:
    """Name an event: it is told its name, by which it judges."""

    def named(given: Named) -> Named:
        EVENTS[name] = functools.partial(given, name=name)
        return given

    return named


def same(figures: kills.Figures, name: str, load: scene.Load) -> None:
    """Follow a load to its end, and judge it: it must be like an undisturbed one's."""
    load.run.ended()
    figures.kills += load.killed
    figures.judge(name, load.end(), load.scene.ground.undisturbed(load.case.play))


def honest(figures: kills.Figures, name: str, load: scene.Load) -> None:
    """Judge a load that was cut short: a red run, nothing written twice, the summary counts what stands in the org."""
    # Asked for first: at its end the load's jobs are cleared away.
    figures.wrong += [f"{name}: {each}" for each in load.strays()]
    expected, found = load.scene.ground.undisturbed(load.case.play), load.end()
    figures.loads += 1
    figures.rows += expected.rows
    figures.doubled += found.doubled(expected).total()
    stands = {each: sum(count for record, count in found.records.items() if record[0] == each) for each in found.counts}
    told = {each: counts["succeeded"] for each, counts in found.counts.items()}
    figures.wrong += [f"{name}: {told} succeeded, {stands} stand in the org"] if told != stands else []
    figures.wrong += [f"{name}: green"] if load.run.state() != "failed" else []


@event("a task is cleared while it uploads")
def clear_upload(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The try that runs is ended, the next one goes on."""
    load = at.begun(scene.FAMILY)
    load.comes_to(UPLOAD)
    load.run.clear("Account_job")
    same(figures, name, load)


@event("a settling task is cleared while it waits")
def clear_settle(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The layer's job goes on, the new try waits for it."""
    load = at.begun(scene.FAMILY)
    load.waits("settle_Account")
    load.run.clear("settle_Account")
    at.ground.org.behave(looks=2)
    same(figures, name, load)


@event("tasks of a finished run are cleared")
def clear_finished(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """One alone, one with all that follow, the whole run: nothing is sent, and the summary says the same."""
    load = at.begun(scene.FAMILY)
    load.run.ended()
    before, jobs = load.run.summary(), len(at.ground.org.jobs())
    load.run.cleared("Account_job", downstream=False)
    load.run.cleared("chunks_Contact")
    load.run.cleared()
    if (before, jobs) != (load.run.summary(), len(at.ground.org.jobs())):
        figures.wrong.append(f"{name}: {len(at.ground.org.jobs())} jobs, not {jobs}, or another summary")
    same(figures, name, load)


@event("a waiting task is marked success")
def mark_waits_success(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The task that waits for a small first job, then the one that waits for a layer: red, and whole once cleared."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    load.run.mark("chunks_Account", "success")
    ended = [load.run.ended()]
    at.ground.org.behave(looks=2)
    load.run.clear("chunks_Account")
    load.run.until_reads("chunks_Account", "running", "deferred")
    load.waits("settle_Account")
    load.run.mark("settle_Account", "success")
    ended.append(load.run.ended())
    at.ground.org.behave(looks=2)
    if ended != ["failed", "failed"]:
        figures.wrong.append(f"{name}: the run reads {ended}")
    load.run.cleared("settle_Account")
    load.run.cleared("chunks_Contact")
    same(figures, name, load)


@event("a submitting task is marked success")
def mark_submit_success(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Its rows count as unprocessed, the run is red; cleared, they are sent."""
    load = at.begun(scene.FAMILY)
    load.run.until_reads("id_map_Account", "success")
    load.comes_to(moments.Moment("during an upload"))
    task, index = next(each for each in load.run.instances("running") if each[0] == "Contact_job")
    load.run.mark(task, "success", index)
    if load.run.ended() != "failed":
        figures.wrong.append(f"{name}: green")
    load.run.cleared("Contact_job")
    same(figures, name, load)


@event("a waiting task is marked failed")
def mark_failed(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Whichever waits: its job is aborted, what was written stays known."""
    for task in scene.WAITING:
        load = at.begun(scene.FAMILY)
        load.waits(task)
        _mark_failed(load, task.partition("[")[0])
        load.run.ended()
        honest(figures, f"{name}, {task}", load)


def _mark_failed(load: scene.Load, name: str) -> None:
    """Mark all instances of a task that wait: the summary begins after the last of them."""
    load.run.until(lambda seen: {state for each, state in seen.items() if each.partition("[")[0] == name} <= {"success", "deferred"})
    for task, index in load.run.instances("deferred"):
        if task == name:
            load.run.mark(name, "failed", index)


@event("the run is marked failed while a task uploads")
def mark_run_failed(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The upload is ended, its job aborted."""
    load = at.begun(scene.FAMILY)
    load.comes_to(UPLOAD)
    load.run.mark_run("failed")
    load.run.ended()
    honest(figures, name, load)


@event("the triggerer stalls and another one takes its triggers")
def stalled_triggerer(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """When it comes back it finds that they are no longer its own, and aborts nothing."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    with victims.second(at.stack, "triggerer"):
        with victims.held(victims.service(at.stack, "triggerer")):
            time.sleep(STALLED_SECONDS)
        # Time for the first to see what it has lost.
        time.sleep(STALLED_SECONDS / 5)
        at.ground.org.behave(looks=2)
        same(figures, name, load)


@event("the scheduler stalls")
def stalled_scheduler(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Tasks go on; once it is back, so does the run."""
    load = at.begun(scene.FAMILY)
    load.comes_to(UPLOAD)
    with victims.held(victims.service(at.stack, "scheduler"), alone=True):
        time.sleep(STALLED_SECONDS)
    same(figures, name, load)


@event("the API server is away")
def stalled_api(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """A running task may fail for that, and its next try goes on."""
    load = at.begun(scene.FAMILY)
    load.comes_to(UPLOAD)
    with victims.held(victims.service(at.stack, "api-server")):
        time.sleep(STALLED_SECONDS)
    same(figures, name, load)


@event("the DAG is paused, and goes on")
def paused(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """What waits goes on waiting; the rest follows when the DAG is let go on."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    load.run.api.ask("PATCH", f"dags/{load.run.dag}", {"is_paused": True})
    time.sleep(STALLED_SECONDS / 2)
    load.run.api.ask("PATCH", f"dags/{load.run.dag}", {"is_paused": False})
    at.ground.org.behave(looks=2)
    same(figures, name, load)


@event("the run is deleted while a job goes on")
def run_deleted(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The job goes on, and the run's ledger names it."""
    _deleted(at, figures, name, lambda run: run.delete())


@event("the DAG is deleted while a job goes on")
def dag_deleted(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The same; Airflow reads the DAG's file again."""
    _deleted(at, figures, name, lambda run: run.api.ask("DELETE", f"dags/{run.dag}"))


def _deleted(at: scene.Scene, figures: kills.Figures, name: str, delete: Callable[[clicks.Run], object]) -> None:
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    delete(load.run)
    # Time for a triggerer to do what it must not.
    time.sleep(STALLED_SECONDS / 3)
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
    same(figures, name, after)


@event("a second run of the plan is started at once")
def second_run(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """It waits for the first, then refuses to insert the same payload again."""
    load = at.begun(scene.FAMILY)
    file = (load.case.root / "payload.json").as_uri()
    other = clicks.begun(load.run.api, load.run.dag, {"file": file})
    load.run.until_reads("Account_job[0]", "running", "success")
    if other.state() != "queued":
        figures.wrong.append(f"{name}: it reads {other.state()} while the first goes on")
    load.run.ended()
    if other.ended() != "failed" or "again" not in str(other.summary().get("error")):
        figures.wrong.append(f"{name}: it ended {other.state()}, {other.summary().get('error')}")
    same(figures, name, load)


@event("another DAG starts the same plan at once")
def other_dag(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The lease keeps it out until the first is over."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    document = scene.document(scene.FAMILY) | {"params": {}, "source": {"uri": (load.case.root / "payload.json").as_uri()}}
    other = clicks.begun(load.run.api, "adhoc_load", document)
    if other.ended() != "failed" or load.run.run_id not in str(other.summary().get("error")):
        figures.wrong.append(f"{name}: it ended {other.state()}, {other.summary().get('error')}")
    at.ground.org.behave(looks=2)
    same(figures, name, load)


@event("the plan file changes between two tries")
def new_version(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The run goes on by the plan that it began with."""
    load = at.begun(scene.FAMILY)
    load.waits("chunks_Account")
    file = at.plans / f"{load.run.dag}.json"
    before = file.read_text("utf-8")
    changed = json.loads(before)
    changed["objects"]["Account"]["fields"] |= {"BillingCity": "name"}
    file.write_text(json.dumps(changed), "utf-8")
    versions = _versions(load.run.api, load.run.dag)
    late = time.monotonic() + clicks.PATIENCE
    while _versions(load.run.api, load.run.dag) == versions and time.monotonic() < late:
        time.sleep(1)
    at.ground.org.behave(looks=2)
    load.run.clear("chunks_Account")
    load.run.ended()
    file.write_text(before, "utf-8")
    same(figures, name, load)


def _versions(api: rest.Rest, dag: str) -> str:
    """When Airflow read the DAG last."""
    return str(api.ask("GET", f"dags/{dag}")["last_parsed_time"])
