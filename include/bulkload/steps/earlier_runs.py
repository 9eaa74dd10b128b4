"""Earlier runs of a plan that lost rows → replayed by a later run of it, after its own load (`replay_leftovers`).

Nobody asked for these replays: so only rows with a key go, and only if no later run's source had that key, tonight's included.
What a person stopped waits for a person; a run of which nothing is taken is left as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.ledger import entries, replays, undos
from include.bulkload.match import chosen
from include.bulkload.report import summary
from include.bulkload.steps import journal, later_edits, later_runs, lease, remember, replay, summarize, unasked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.bulkload.steps import ports

Document = dict[str, Any]
# Entries after which nothing of a run is sent any more; an undo only needs to have begun.
OVER = {undos.BEGUN: "undone", entries.SWEPT: "swept"}
LATER_SWEPT, EDITS_SWEPT, TAKEN_OVER = "laterSwept", "editsSwept", "takenOver"
STOPPED = "it was stopped before it was done"
PASSED = "passedOver"
TAKEN = (chosen.SEND, chosen.LINKS, chosen.REFUSED)


def due(run: ports.Run) -> list[str]:
    """Name the earlier runs of which rows may be left, oldest first, but those that are told already.

    They are found out once per run. Those that were undone or swept since are told as passed over: nothing of them is sent any more.
    """
    standing = run.folder.read(replays.EARLIER)
    if standing is None:
        standing = {"runs": [run_id for _, run_id in sorted(_found(run))], "told": {}}
        run.folder.write(replays.EARLIER, standing)
    left = [each for each in standing["runs"] if each not in standing["told"]]
    if not left:
        return []
    # Before they tell what they loaded: what comes after that in the memory is forgotten, not told.
    remember.objects(run, journal.opened(run))
    passed = _passed(run, left)
    if passed:
        run.folder.write(replays.EARLIER, {**standing, PASSED: {**standing.get(PASSED, {}), **passed}})
    return [each for each in left if each not in passed]


def _passed(run: ports.Run, runs: Sequence[str]) -> dict[str, str]:
    """Why some of these runs aren't replayed: run id → undone, swept, gone (nothing of its folder is there), laterSwept, editsSwept."""
    folders = {folder.run_id(): folder for folder in run.folder.beside() if folder.run_id() in runs}
    stands = {each: _over(folder) for each, folder in folders.items()} | _behind_swept(run, folders)
    return {each: why for each in runs if (why := stands.get(each, "gone"))}


def _behind_swept(run: ports.Run, folders: Mapping[str, ports.RunFolder]) -> dict[str, str]:
    """Those of some runs of which another one was swept that may have had newer values, and which: what is older can't be told any more."""
    read = {each: folder.read(entries.STAGED) for each, folder in folders.items() if not _over(folder)}
    places = {each: entries.order(staged, each) for each, staged in read.items() if staged}
    if not places:
        return {}
    opened = journal.opened(run, compare=False)

    def wanted(folder: ports.RunFolder, place: entries.Order) -> bool:
        return folder.read(entries.SWEPT) is not None and any(_newer(own, folder, place) for own in places.values())

    swept = [*later_runs.others(run, opened, wanted)]
    found = {each: [_newer(own, other.run.folder, other.place) for other in swept] for each, own in places.items()}
    return {each: max(whys) for each, whys in found.items() if any(whys)}


def _newer(own: entries.Order, folder: ports.RunFolder, place: entries.Order) -> str:
    """Why a swept run, of which nothing tells the keys any more, had newer values than that of place `own`; "" if it hadn't."""
    return LATER_SWEPT if place > own else EDITS_SWEPT if later_edits.is_edited(own, folder, place) else ""


def _found(run: ports.Run) -> Iterator[tuple[entries.Order, str]]:
    opened = journal.opened(run)
    if opened.plan.dry_run or opened.plan.only_first:
        return
    own = later_runs.own_place(run)
    for other in later_runs.others(run, opened, lambda folder, place: place < own and _has_left(folder)):
        # Who goes on sends its rows itself.
        if not lease.goes_on(run, other.run.folder.run_id()):
            yield other.place, other.run.folder.run_id()


def _has_left(folder: ports.RunFolder) -> bool:
    """Whether a run's summary names rows that didn't get through, or jobs that nobody has collected; one without a summary broke off.

    Undone or swept, or refused before it sent anything, it has none to send.
    """
    if _over(folder) or folder.read(entries.FORESEEN) is None:
        return False
    told = folder.read(summarize.SUMMARY)
    return told is None or any(each[fate] for each in told["objects"].values() for fate in chosen.LEFT) or _runs_on(told)


def _runs_on(told: Document) -> bool:
    """Whether a summary names jobs that still ran."""
    return any(job["state"] == summary.STILL_RUNNING for each in told["objects"].values() for job in each["jobs"])


def _over(folder: ports.RunFolder) -> str:
    """Why nothing of a run is sent any more; "" if it may be."""
    return next((why for entry, why in OVER.items() if folder.read(entry) is not None), "")


def begin(run: ports.Run, of: str, inlet: ports.Inlet) -> Document:
    """Begin the replay of one earlier run: as `replay.begin`, in that run's folder by the later one's name.

    A run of which nothing is taken has no replay: {"replay": None, "waiting": [], "objects": {}, "passedOver": why only a person may
    send its rows, or ""}. Its jobs are collected all the same, as far as they have ended. Nor has it one any more if another run took
    that over: then what was left is that one's.
    """
    number = replay.number(run)
    if number is not None and replay.taken_over(run, number):
        return {"replay": None, "waiting": [], "objects": {}, PASSED: TAKEN_OVER}
    if number is None:
        rows, why = unasked.look(run, replay.begins(run, of)[0])
        if why or not rows:
            return {"replay": None, "waiting": [], "objects": {}, PASSED: why}
    return replay.begin(run, of, None, inlet, by_itself=True)


def is_at_work(run: ports.Run) -> bool:
    """Whether the replay of one earlier run has begun and isn't done. `run` as for `begin`."""
    number = replay.number(run)
    return number is not None and run.folder.read(replays.name(number, replays.CLOSED)) is None


def takes(begun: Document) -> dict[str, int]:
    """How many rows of each object a replay takes, by what `begin` returned; none of them: {}."""
    taken = {name: sum(each[count] for count in TAKEN) for name, each in begun["objects"].items()}
    return {name: rows for name, rows in taken.items() if rows}


def account(run: ports.Run, begun: Document) -> Document:
    """Close that replay, if there is one: {"objects": {name: {"taken", "succeeded": rows, "left": {fate: rows}}}, "passedOver": why or ""}.

    The objects are those of which rows were taken. The run's summary is written anew if anything came of it.
    """
    return {"objects": _objects(run, begun), PASSED: begun.get(PASSED, "")}


def _objects(run: ports.Run, begun: Document) -> Document:
    taken = takes(begun)
    if begun["replay"] is None:
        if _runs_on(run.folder.read(summarize.SUMMARY) or {"objects": {}}):
            summarize.close(run, [], keeps_lease=True)
        return {}
    if not taken:
        journal.note(run, replays.Replay(begun["replay"], run.name.run_id).closed(run.now()))
        return {}
    return _told(replay.closed(run, begun["replay"], [], keeps_lease=True).document["objects"], taken)


def _told(objects: Document, taken: dict[str, int]) -> Document:
    told = {name: objects[name] for name in taken}
    return {name: {"taken": each["source"], "succeeded": each["succeeded"], "left": each["left"]} for name, each in told.items()}


def left_off(run: ports.Run) -> list[str]:
    """Name the earlier runs that the later one was to replay and isn't done with; none if it never came to that."""
    standing = run.folder.read(replays.EARLIER) or {"runs": [], "told": {}}
    return [each for each in standing["runs"] if each not in {*standing["told"], *standing.get(PASSED, {})}]


def so_far(run: ports.Run) -> Document:
    """Bring the jobs of a replay that broke off as far as they can go, as a summary does: {object: as of `account`}, {} if it never began.

    `run` as for `begin`. Nothing is sent. That run's own summary is written anew. Raises AnotherRun if another run writes by now.
    """
    number = replay.number(run)
    if number is None:
        return {}
    # What stands Open might be another run's by now.
    lease.hold(run, journal.opened(run))
    chosen_of = (run.folder.read(replays.name(number, replays.CHOSEN)) or {"objects": {}})["objects"]
    return _told(replay.closed(run, number, [STOPPED], keeps_lease=True).document["objects"], takes({"objects": chosen_of}))


def break_off(run: ports.Run, of: str, told: Document) -> None:
    """Keep what came of one earlier run so far in the folder of the later one, for its summary: whoever clears its task goes on."""
    standing = run.folder.read(replays.EARLIER) or {"runs": [of], "told": {}}
    run.folder.write(replays.EARLIER, {**standing, replays.BROKEN_OFF: {**standing.get(replays.BROKEN_OFF, {}), of: told}})


def tell(run: ports.Run, of: str, told: Document) -> None:
    """Keep what came of one earlier run, by `account`, in the folder of the later one, whose summary tells it."""
    standing = run.folder.read(replays.EARLIER) or {"runs": [of], "told": {}}
    passed = {name: why for name, why in {**standing.get(PASSED, {}), of: told[PASSED]}.items() if why}
    run.folder.write(replays.EARLIER, {**standing, "told": {**standing["told"], of: told["objects"]}, PASSED: passed})
