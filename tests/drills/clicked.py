"""A run on a real Airflow whose tasks people clear, or mark → like an undisturbed one, or red with a summary that tells the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.ledger import entries
from tests.drills import events, moments, scene

if TYPE_CHECKING:
    from tests.drills import kills

# A round for which a drilled load waits nearly a minute.
LONG_ROUND = 6


@events.event("a task is cleared while it uploads")
def clear_upload(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The try that runs is ended, the next one goes on."""
    load = at.begun(scene.FAMILY)
    load.comes_to(events.UPLOAD)
    load.run.clear("Account_job")
    events.same(figures, name, load)


@events.event("a settling task is cleared while it waits")
def clear_settle(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The layer's job goes on, the new try waits for it."""
    load = at.begun(scene.FAMILY)
    load.waits("settle_Account")
    load.run.clear("settle_Account")
    at.ground.org.behave(looks=2)
    events.same(figures, name, load)


@events.event("tasks of a finished run are cleared")
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
    events.same(figures, name, load)


@events.event("a waiting task is marked success")
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
    events.same(figures, name, load)


@events.event("a submitting task is marked success")
def mark_submit_success(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Its rows count as unprocessed, the run is red; cleared, they are sent."""
    load = at.begun(scene.FAMILY)
    load.run.until_reads("id_map_Account", "success")
    # All of them: a task that isn't held may have done its work and still read running.
    load.comes_to(moments.Moment("during an upload", count=len(scene.ABOVE)))
    task, index = next(each for each in load.run.instances("running") if each[0] == "Contact_job")
    load.run.mark(task, "success", index)
    if load.run.ended() != "failed":
        figures.wrong.append(f"{name}: green")
    load.run.cleared("Contact_job")
    events.same(figures, name, load)


@events.event("a waiting task is marked failed")
def mark_failed(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Whichever waits: its job is aborted, what was written stays known."""
    for task in scene.WAITING:
        load = at.begun(scene.FAMILY)
        load.waits(task)
        _mark_failed(load, task.partition("[")[0])
        load.run.ended()
        events.honest(figures, f"{name}, {task}", load)


def _mark_failed(load: scene.Load, name: str) -> None:
    """Mark all instances of a task that wait: the summary begins after the last of them."""
    load.run.until(lambda seen: {state for each, state in seen.items() if each.partition("[")[0] == name} <= {"success", "deferred"})
    for task, index in load.run.instances("deferred"):
        if task == name:
            load.run.mark(name, "failed", index)


@events.event("a task is marked failed while it waits for a round")
def mark_rest_failed(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """No job is at work, and no process of the task's: the ledger knows all the same that a person did it."""
    load = at.begun(scene.PLAYED["rounds"])
    at.ground.org.behave(row_faults=[{"object": "Account", "error": "UNABLE_TO_LOCK_ROW:not now:--"}])
    load.rests("settle_Account", "Account", LONG_ROUND)
    load.run.mark("settle_Account", "failed")
    load.run.ended()
    at.ground.org.behave(row_faults=[])
    figures.wrong += [f"{name}: the ledger doesn't know"] if load.folder().read(entries.CANCELLED) is None else []
    events.honest(figures, name, load)


@events.event("a submitting task is marked failed")
def mark_submit_failed(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """Its upload is ended, its job aborted, and the ledger knows that a person did it."""
    load = at.begun(scene.FAMILY)
    load.comes_to(events.UPLOAD)
    # That of the small first job: it has nothing to do any more, but may still read running.
    load.run.until_reads("Account_job[0]", "success")
    task, index = next(each for each in load.run.instances("running") if each[0] == "Account_job")
    load.run.mark(task, "failed", index)
    load.run.ended()
    figures.wrong += [f"{name}: the ledger doesn't know"] if load.folder().read(entries.CANCELLED) is None else []
    events.honest(figures, name, load)


@events.event("the run is marked failed while a task uploads")
def mark_run_failed(at: scene.Scene, figures: kills.Figures, name: str) -> None:
    """The upload is ended, its job aborted."""
    load = at.begun(scene.FAMILY)
    load.comes_to(events.UPLOAD)
    load.run.mark_run("failed")
    load.run.ended()
    events.honest(figures, name, load)
