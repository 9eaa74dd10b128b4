"""A run that is about to write → the only one of its plan and org that does, or the name of the run that it must wait for.

Whoever takes the lease creates the next number of it exclusively; the highest number counts. It has no end in time: it is
given back, or taken over when Airflow says that the run that holds it is over, and Salesforce works on none of its jobs
(docs/decisions/lease.md).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.steps import at_work, ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.steps import journal

Document = dict[str, Any]
# No object of a plan can be called so.
FOLDER = "one-writer"
TRIES = 5
KEPT = 3


def hold(run: ports.Run, opened: journal.Opened) -> int:
    """Take the lease of the run's plan and org, or find that this run has it. Dry runs and runs without a memory need none.

    Returns its number: as long as it stays the same, no other run has written. 0: there is no lease.

    Call it before anything is written, load, replay and undo alike; again is no harm. Raises AnotherRun naming the run
    that has it, or its jobs that go on though it is over; NetworkFault, and what asking for those jobs raises.
    """
    if run.memory is None or opened.plan.dry_run:
        return 0
    for _ in range(TRIES):
        where = f"{opened.plan.name}/{opened.org_id}/{FOLDER}"
        number, holder = _newest(run.memory, where)
        if holder and _is_own(run, holder):
            _forget(run.memory, where, number - KEPT)
            return number
        if holder and run.is_over(ports.RunName(holder["dag_id"], holder["run_id"])) is not True:
            raise errors.AnotherRun(_told(run.memory, where, number, holder))
        if holder and (jobs := _at_work(run, run.memory, holder)):
            raise errors.AnotherRun(_goes_on(holder, jobs))
        if holder:
            # First: whoever had it must not find his old number again, should somebody remove ours as he is advised to.
            _free(run, run.memory, where, number)
        with contextlib.suppress(FileExistsError):
            run.memory.create(_name(where, "taken", number + 1), _own(run))
        # Only the next look tells whose it is: a slow taker may have created a number that had its time and was forgotten.
    raise errors.AnotherRun(f"{run.memory.uri(where)}: other runs take the lease of this plan again and again; the next try goes on")


def goes_on(run: ports.Run, run_id: str) -> bool:
    """Whether another run of this DAG may still write by its plan. Ask before `hold`; for what writes nothing, that is enough.

    Who was deleted in Airflow is over if the lease can be had: nobody writes without it. Without a lease nobody can tell.
    """
    found = run.is_over(ports.RunName(run.name.dag_id, run_id))
    return found is False or (found is None and run.memory is None)


def give_back(run: ports.Run, opened: journal.Opened) -> None:
    """Give the lease back, if this run has it. Call it when nothing of the run writes any more. Raises NetworkFault."""
    if run.memory is None:
        return
    where = f"{opened.plan.name}/{opened.org_id}/{FOLDER}"
    number, holder = _newest(run.memory, where)
    if holder and _is_own(run, holder):
        _free(run, run.memory, where, number)


def _free(run: ports.Run, memory: ports.Memory, where: str, number: int) -> None:
    with contextlib.suppress(FileExistsError):
        memory.create(_name(where, "free", number), {"at": run.now()})


def _newest(memory: ports.Memory, where: str) -> tuple[int, Document]:
    """The highest number that was taken, 0 if none was, and who holds it; {} if it was given back."""
    names = memory.names(f"{where}/")
    numbers = [_number(each) for each in names if each.startswith(f"{where}/taken-")]
    number = max(numbers, default=0)
    if not number or _name(where, "free", number) in names:
        return number, {}
    # Forgotten since it was listed: then there are higher ones, and nobody can create the next of this one and have it.
    return number, memory.read(_name(where, "taken", number)) or {}


def _own(run: ports.Run) -> Document:
    name = {"dag_id": run.name.dag_id, "run_id": run.name.run_id}
    # A replay or an undo writes in another run's folder.
    return {"run": run.folder.uri(""), **name, "within": run.folder.run_id(), "at": run.now()}


def _at_work(run: ports.Run, memory: ports.Memory, holder: Document) -> list[str]:
    """Name jobs of the run that has it, which is over, that Salesforce still works on: what they write comes last."""
    name = ports.RunName(holder["dag_id"], holder["run_id"])
    return at_work.of(run, memory, name, holder.get("within") or name.run_id)


def _is_own(run: ports.Run, holder: Document) -> bool:
    """Whether it is this run: by Airflow's name, because a replay works in the folder of the run that it repeats."""
    if run.name == ports.RunName():
        return bool(holder["run"] == run.folder.uri(""))
    return run.name == ports.RunName(holder["dag_id"], holder["run_id"])


def _told(memory: ports.Memory, where: str, number: int, holder: Document) -> str:
    who = f"run {holder['run_id']!r} of {holder['dag_id']!r} ({holder['run']})"
    place = memory.uri(_name(where, "taken", number))
    return (
        f"{who} writes by this plan since {holder['at']}; this one waits for it. "
        f"If Airflow doesn't know that run any more and its jobs have ended, remove {place}"
    )


def _goes_on(holder: Document, jobs: Sequence[str]) -> str:
    return (
        f"run {holder['run_id']!r} of {holder['dag_id']!r} ({holder['run']}) is over, but Salesforce still works on its job "
        f"{', '.join(jobs)}, which would overwrite what this run sends; nothing is sent before it has ended, and the next try looks again. "
        "To have it sooner, abort it in Salesforce's Setup; clear that run's waiting task with all that follows to take its results in"
    )


def _forget(memory: ports.Memory, where: str, upto: int) -> None:
    """Remove numbers that had their time."""
    for each in memory.names(f"{where}/"):
        if _number(each) <= upto:
            memory.remove(each)


def _name(where: str, what: str, number: int) -> str:
    return f"{where}/{what}-{number:08d}.json"


def _number(name: str) -> int:
    return int(name.removesuffix(".json").rpartition("-")[2])
