"""A run that lost rows → they are sent again, in its own folder and ledger, with the plan that it began with.

`begin` chooses, `advance` sends, object by object in plan order, `close` accounts. Each may be called again and goes on where
it was: a killed or cleared task resumes the same replay.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.ledger import entries, replays, undos
from include.bulkload.match import chosen
from include.bulkload.report import summary
from include.bulkload.steps import (
    choice,
    edited,
    foreseen,
    journal,
    lease,
    parts,
    payloads,
    ports,
    remember,
    settle,
    stops,
    summarize,
    trouble,
    turn,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Document = dict[str, Any]
# Whatever max_failed says: it is about rows that were tried.
UNFINISHED = "the replay was stopped before it was done with them; clear its task that sends, or start another one"
DONE: Document = {"waiting": [], "not_before": None, "tally": {}}


def begin(run: ports.Run, of: str, file: str | None, inlet: ports.Inlet, *, by_itself: bool = False) -> Document:
    """Collect what a run left behind and choose the rows that go again.

    `run`: in the folder of the run that is replayed, by the name of the one that does it; `of`: the former's run id; `file`: URI of
    an edited copy, read by `inlet`; None: the rows as they were; `by_itself`: nobody asked for it, see `choice.look`.
    Returns {"replay": its number, "waiting": [ids of jobs that still run], "objects": {name: {"send", "links", "rejected",
    "superseded": rows, "heldBack": {run id: rows}, "skipped": {fate: rows}}}}; objects come once nothing is waited for. Raises
    AnotherRun if that run or another replay of it isn't over, MustStop if this one was given up for another, PlanError with every
    finding.
    """
    opened, held = begins(run, of)
    own = _entered(run, of, file, by_itself=by_itself)
    # Before anything becomes void: what isn't sent yet is another replay's by now.
    _over(run, own.number)
    waiting = [] if run.folder.read(replays.name(own.number, replays.CHOSEN)) else _collected(run, opened)
    if waiting:
        return {"replay": own.number, "waiting": waiting, "objects": {}}
    told = choice.of(run, opened, own, inlet, held)["objects"]
    counts = (chosen.SEND, chosen.LINKS, chosen.REFUSED, "superseded", summary.HELD_BACK, "skipped")
    objects = {name: {count: each[count] for count in counts if count in each} for name, each in told.items()}
    return {"replay": own.number, "waiting": [], "objects": objects}


def begins(run: ports.Run, of: str) -> tuple[journal.Opened, int]:
    """Open a run that has rows to send again, and sends none itself; the lease is ours then, the number as of it. Raises as `begin`."""
    opened = journal.opened(run)
    _replayable(run, opened, of)
    return opened, lease.hold(run, opened)


def _replayable(run: ports.Run, opened: journal.Opened, of: str) -> None:
    """Raise unless the run has rows to send again, and sends none itself."""
    if opened.plan.dry_run:
        raise errors.PlanError(f"replay_of: {of} was a dry run, which sends nothing; start one without dry_run")
    if run.folder.read(undos.BEGUN) is not None:
        raise errors.RunUndone(f"the run {of} is being undone, or was: nothing of it is sent any more; {undos.ANEW}")
    if run.folder.read(entries.STAGED) is None:
        raise errors.MustStop(f"{run.folder.uri('')}: this run staged no rows, so there is nothing to replay; start a new run")
    foreseen.passed(run)
    if lease.goes_on(run, of):
        raise errors.AnotherRun(f"the run {of} isn't over, and sends its rows itself; wait for it, or mark it failed")


def _entered(run: ports.Run, of: str, file: str | None, *, by_itself: bool) -> replays.Replay:
    """Find this replay in the run's ledger, or take the next number, once the replay before is done or its run is over."""
    while True:
        names = run.folder.names(replays.FOLDER)
        known = begun(run, names)
        for each in known:
            if each.by == run.name.run_id:
                return each
        if known and known[-1].number not in replays.numbers(names, replays.CLOSED):
            last = known[-1]
            if lease.goes_on(run, last.by):
                message = f"replay {last.number} of the run {of}, by {last.by}, isn't over; wait for it, or mark that run failed"
                raise errors.AnotherRun(message)
            journal.note(run, last.closed(run.now(), taken_over=run.name.run_id))
        own = replays.Replay(len(known) + 1, run.name.run_id, file, by_itself)
        if replays.read(own.number, journal.note(run, own.begun(run.now()))) == own:
            return own


def begun(run: ports.Run, names: Sequence[str]) -> list[replays.Replay]:
    """The replays of this run, in order; `names`: of all entries of them."""
    return [replays.read(number, journal.demand(run, replays.name(number, replays.BEGUN))) for number in replays.numbers(names)]


def number(run: ports.Run) -> int | None:
    """Find the number of the replay that `run.name` does of this run; None if it has none yet."""
    known = begun(run, run.folder.names(replays.FOLDER))
    return next((each.number for each in known if each.by == run.name.run_id), None)


def _collected(run: ports.Run, opened: journal.Opened) -> list[str]:
    """Collect all jobs of the run, make void what was never sent; ids of those that still run."""
    waiting = [job_id for name in opened.plan.order() for job_id in turn.settled(run, opened, name)]
    if not waiting:
        remember.objects(run, opened)
        edited.given_up(run, opened)
    return waiting


def advance(run: ports.Run, number: int, name: str) -> Document:
    """Send what replay `number` takes of an object, as far as it goes now; see `settle.advance`. In plan order, parents first.

    Rows that weren't sent yet and that later runs have had since the choice stay behind: they count as superseded.
    """
    opened = journal.opened(run)
    own = replays.read(number, journal.demand(run, replays.name(number, replays.BEGUN)))
    if _over(run, number):
        return DONE
    if not turn.open_up(turn.Turn(run, opened, own, name, lease.hold(run, opened))):
        return {**DONE, "waiting": turn.settled(run, opened, name)}
    return settle.advance(run, name)


def _over(run: ports.Run, number: int) -> bool:
    """Whether nothing of a replay is sent any more as it is done. Raises MustStop if it was given up for another one."""
    if other := taken_over(run, number):
        raise errors.MustStop(f"replay {number} was given up for that of {other}, as its run was over; start a new one")
    return run.folder.read(replays.name(number, replays.CLOSED)) is not None


def taken_over(run: ports.Run, number: int) -> str:
    """The id of the run for whose replay that of this number was given up; "" if it wasn't."""
    return str((run.folder.read(replays.name(number, replays.CLOSED)) or {}).get("taken_over") or "")


def account(run: ports.Run, broken: Sequence[str], home: ports.RunFolder) -> Document:
    """Account for the replay that `run.name` does, as `close`; one that never got a number is told to have failed."""
    own = number(run)
    return summarize.never_began(home, broken, run.now()) if own is None else close(run, own, broken, home)


def close(run: ports.Run, number: int, broken: Sequence[str], home: ports.RunFolder) -> Document:
    """Account for a replay: write the run's summary anew, and the replay's own into `home`, the folder of the run that did it.

    `broken` names the tasks of that run that failed. Returns {"summary": of what it took, "clean", "why"}, as `summarize.close`.
    """
    verdict = closed(run, number, trouble.told(home, broken))
    document = summarize.stamped(home, verdict.document | {"replay": {"number": number, "of": run.folder.uri("")}})
    home.write(summarize.SUMMARY, document)
    return {"summary": document, "clean": verdict.clean, "why": list(verdict.why)}


def closed(run: ports.Run, number: int, troubles: Sequence[str], *, keeps_lease: bool = False) -> summary.Verdict:
    """Judge what a replay took, and write the run's summary anew. `troubles`: what broke, one sentence each; then it isn't over."""
    whole = summarize.close(run, [], keeps_lease=keeps_lease)["summary"]
    opened = journal.opened(run, compare=False)
    begun = journal.demand(run, replays.name(number, replays.BEGUN))
    told = (run.folder.read(replays.name(number, replays.CHOSEN)) or {"objects": {}})["objects"]
    found = [_part(run, opened, name, number, told[name], whole["objects"][name]) for name in opened.plan.order() if name in told]
    left = [name for name in opened.plan.order() if not turn.is_done(run, opened, name, number)]
    # What stopped an object says so itself.
    if found and not troubles and (unfinished := [name for name in left if not stops.why(run, name, number)]):
        troubles = [f"{', '.join(unfinished)}: {UNFINISHED}"]
    verdict = (
        summary.judge(opened.plan, found, troubles, str(begun["at"]), run.now()) if found else summary.never_began(troubles, run.now())
    )
    if found and not troubles and not left:
        journal.note(run, replays.read(number, begun).closed(run.now()))
    return verdict


def _part(run: ports.Run, opened: journal.Opened, name: str, number: int, told: Document, whole: Document) -> summary.Part:
    """What became of the rows that were taken of an object, and how many are left of it as a whole."""
    rows, late = turn.taken(run, name, number, journal.bring(run, told["rows"]))
    part = parts.of(run, opened, name, parts.Only(number, rows))
    left = {str(fate): whole[fate] for fate in (*chosen.LEFT, "in_doubt") if whole[fate]}
    held = turn.held(run, name, number)
    late -= held.total()
    part.notes.update({"superseded": told["superseded"] + late, "skipped": told["skipped"], "left": left})
    # An older version didn't say which they were.
    if held := held + collections.Counter(told.get(summary.HELD_BACK, {})):
        part.notes[summary.HELD_BACK] = dict(held)
    other = told.get("elsewhere")
    # Some may only have been inserted since the choice.
    if late and not other and (found := payloads.elsewhere(run, opened, name)):
        other = {**found, "rows": late}
    part.notes.update({summary.INSERTED_ELSEWHERE: other} if other else {})
    return part
