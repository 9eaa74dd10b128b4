"""What earlier runs inserted → a payload that would be inserted twice, whole or in part, is refused, unless the plan says `again`.

Only inserts: an upsert or update of the same payload leaves the same records (docs/decisions/again.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.ledger import entries
from include.bulkload.steps import generations, journal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.bulkload.steps import ports

INSERT = "insert"


def refuse_repeat(run: ports.Run, opened: journal.Opened) -> None:
    """Call it when the sources are staged, before anything is sent. Raises PlanError naming the run that loaded a payload before."""
    if opened.plan.again or opened.plan.dry_run:
        return
    if found := repeats(run, opened):
        raise errors.PlanError(*found)


def repeats(run: ports.Run, opened: journal.Opened) -> list[str]:
    """Name the objects whose payload another run has inserted, one sentence each."""
    return [finding for name, earlier in loaded_before(run, opened).items() for finding in _told(opened, name, earlier)]


def _told(opened: journal.Opened, name: str, earlier: dict[str, Any]) -> list[str]:
    trial = f" (a trial of its first {earlier['only_first']})" if earlier.get("only_first") else ""
    source = opened.plan.source_of(name)
    said = f"objects.{name}: {source} has the same content as in the run {earlier['run']}{trial}, which inserted"
    if earlier["whole"]:
        return [f"{said} it at {earlier['at']}; name the new payload, or say `again: true` to insert it once more"]
    rest = "replay that run (`mode: replay`) to bring what it lost, or undo it first"
    return [f"{said} part of it from {earlier['at']} on, or may have; {rest}; `again: true` inserts that part twice"]


def loaded_before(run: ports.Run, opened: journal.Opened) -> dict[str, dict[str, Any]]:
    """Find the objects whose payload another run has inserted: name → the first, {"run": its URI, "at", "only_first", "whole"}."""
    others = {name: _others(run, where) for name, where in _places(run, opened).items()}
    return {name: found[0] for name, found in others.items() if found}


def elsewhere(run: ports.Run, opened: journal.Opened, name: str) -> dict[str, Any] | None:
    """Say which other run has inserted the payload of an object that this one inserts, or may have: {"run": its URI, "whole"}.

    `whole`: all of it, and that run was good. None: none has, or this one's plan says `again`. Ask under the lease.
    """
    where = None if opened.plan.again else _places(run, opened).get(name)
    others = _others(run, where) if where else []
    found = [{"run": each["run"], "whole": each["whole"] and not each["only_first"]} for each in others]
    return max(found, key=lambda each: bool(each["whole"]), default=None)


def begin(run: ports.Run, opened: journal.Opened, name: str) -> None:
    """Remember that this run is about to insert rows of an object, before anything of them can be stored; `loaded` says what came of it.

    Call it when their job stands in the ledger, and have the lease once more after it: then a later run finds the mark, or this one
    finds that it isn't its turn any more.
    """
    where = _places(run, opened).get(name) if run.memory else None
    if run.memory and where and not any(each["run"] == run.folder.uri("") for each in _runs(run.memory, where)):
        loaded(run, opened, [name], whole=False)


def loaded(run: ports.Run, opened: journal.Opened, names: Collection[str], *, whole: bool) -> None:
    """Remember the objects of which this run inserted rows, or may have; `whole`: it was good. A cleared run tells it anew."""
    if run.memory is None or opened.plan.dry_run:
        return
    said = {"run": run.folder.uri(""), "at": run.now(), "only_first": opened.plan.only_first, "whole": whole}
    for where in [each for name, each in _places(run, opened).items() if name in names]:
        # Each of them, who loaded it `again` too: what one of them undoes leaves the others' records.
        runs = _runs(run.memory, where)
        own = next((each for each in runs if each["run"] == said["run"]), None)
        if own is None:
            run.memory.write(where, {"runs": [*runs, said]})
        elif own["whole"] != whole:
            run.memory.write(where, {"runs": [said if each is own else each for each in runs]})


def forget(run: ports.Run, opened: journal.Opened, names: Sequence[str]) -> None:
    """Forget what this run inserted of some objects, because nothing of it is there any more; a later run may insert it again."""
    if run.memory is None:
        return
    for where in [each for name, each in _places(run, opened).items() if name in names]:
        runs = _runs(run.memory, where)
        left = [each for each in runs if each["run"] != run.folder.uri("")]
        if left and left != runs:
            run.memory.write(where, {"runs": left})
        elif runs and not left:
            run.memory.remove(where)


def _runs(memory: ports.Memory, where: str) -> list[dict[str, Any]]:
    """The runs that inserted a payload, the first one first."""
    return list((memory.read(where) or {"runs": []})["runs"])


def _others(run: ports.Run, where: str) -> list[dict[str, Any]]:
    """The same without this one; none if it was given no place to remember in."""
    return [each for each in _runs(run.memory, where) if each["run"] != run.folder.uri("")] if run.memory else []


def _places(run: ports.Run, opened: journal.Opened) -> dict[str, str]:
    """Where it stands that an object's payload was inserted, for each object that this run inserts rows of."""
    staged = journal.demand(run, entries.STAGED)
    return {
        name: f"{generations.place(opened, name)}/inserted-{staged['sources'][opened.plan.source_of(name)]}.json"
        for name, each in opened.plan.objects.items()
        if each.operation == INSERT and staged["objects"][name]["rows"]
    }
