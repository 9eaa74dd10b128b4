"""A planned chunk → the one job of Salesforce's that carries it, closed; whatever an earlier try did.

The job's id goes into the ledger before the upload starts, the decision over it before it is closed or
given up. A job that was ever closed is never submitted again as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries, resume, undos, waves
from include.bulkload.load import job
from include.bulkload.report import summary
from include.bulkload.steps import gone, journal, lease, overtaken, payloads, sender, stops, untold, wait

if TYPE_CHECKING:
    from include.bulkload.steps import ports

# How a job reads that nobody closed, as far as one look tells.
_NEVER_CLOSED = {entities.JobState.OPEN, entities.JobState.ABORTED}


def chunk(run: ports.Run, name: str, number: int) -> str:
    """Submit chunk `number` (from 0) of an object; return the id of its job, which is closed.

    Raises TryAgain kinds where a later try settles it, MustStop kinds where a person must look.
    """
    opened = journal.opened(run)
    if opened.plan.dry_run:
        raise errors.PlanError("dry_run: nothing of this run is sent; start one without it")
    wave = journal.wave_of(run, name, number)
    earlier = journal.jobs(run, name, number)
    # First the one that counts: of the others it may not be proven any more that they wrote nothing.
    for facts in sorted(earlier, key=lambda each: not each.counts):
        if _settled(run, opened, wave, facts):
            return facts.place.job_id
    if _is_void(run, name, number):
        raise _void(name, number)
    sender.refuse(run, wave, number)
    _not_undone(run, wave)
    stops.refuse(run, wave)
    return _fresh(run, opened, wave, number, attempt=len(earlier))


def _is_void(run: ports.Run, name: str, number: int) -> bool:
    return run.folder.read(entries.void_name(name, number)) is not None


def _void(name: str, number: int) -> errors.ChunkVoid:
    message = f"chunk {number} of {name} isn't sent any more: a replay of this run took its rows over, or is to; start one for what is left"
    return errors.ChunkVoid(message)


def _not_undone(run: ports.Run, wave: waves.Wave) -> None:
    """Raise RunUndone for rows of the load once undoing it has begun: what is sent now would never be undone."""
    if _is_undone(run, wave):
        raise _undone(wave)


def _is_undone(run: ports.Run, wave: waves.Wave) -> bool:
    return wave.kind not in {waves.Kind.UNDO_DELETE, waves.Kind.UNDO_RESTORE} and run.folder.read(undos.BEGUN) is not None


def _undone(wave: waves.Wave) -> errors.RunUndone:
    return errors.RunUndone(f"{wave.name}: this run is being undone, or was; {undos.ANEW}")


def _settled(run: ports.Run, opened: journal.Opened, wave: waves.Wave, facts: resume.JobFacts) -> bool:
    """Whether an earlier try's job carries the chunk, after finishing what that try left half done."""
    if facts.is_replaced:
        return False
    if facts.is_gone or facts.has("closed") or facts.has("ended"):
        return True
    sender.refuse(run, wave, facts.place.number)
    try:
        return _decided(run, opened, wave, facts)
    except errors.RequestRefused as refused:
        if not refused.is_missing:
            raise
        return not gone.noted(run, opened, facts.place).goes_again


def _decided(run: ports.Run, opened: journal.Opened, wave: waves.Wave, facts: resume.JobFacts) -> bool:
    decision = facts.decision
    if decision is None:
        # Nobody decided: a try died between creating the job and closing it. What it uploaded may be half a file.
        # One that reads Aborted, as Salesforce does to a job that stood Open for a day, may be proven empty as well.
        unclosed = job.state(run.salesforce.job(facts.place.job_id)) in _NEVER_CLOSED
        decision = entities.Decision.ABANDON if unclosed else entities.Decision.CLOSE
        decision = decide(run, facts.place, decision)
    if decision is entities.Decision.ABANDON:
        return not give_up(run, facts.place)
    if _is_open(run, facts.place) and _overtaken(run, opened, wave, facts.place.number):
        # It counts, as it was to be closed: its rows are unprocessed, and a replay's.
        stop(run, facts.place)
    else:
        _close(run, facts.place)
    return True


def _overtaken(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int) -> int:
    """Have the lease; how many rows of a chunk later runs have written since this one had it without a break, or later objects."""
    return overtaken.rows(run, opened, wave, number, lease.hold(run, opened))


def _fresh(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int, *, attempt: int) -> str:
    """Create, record, upload, decide, close. Rows that later runs wrote meanwhile make the chunk void."""
    if rows := _overtaken(run, opened, wave, number):
        if wave.kind in overtaken.UNDOES:
            raise errors.JobTakenOver(f"another run has written since this undo looked at {rows} records; the next try looks again")
        journal.note(run, entries.void(wave.name, number, run.now()))
        raise _overtaken_void(run, opened, wave, number, rows)
    planned = wave.chunk(number)["csv"]
    sobject = opened.sobject(wave.name)
    path = journal.bring(run, planned)
    journal.note(run, entries.intent(wave.name, number, attempt, run.now()))
    place = entries.JobPlace(wave.name, number, run.salesforce.create_job(sobject, wave.operation, wave.external_id))
    journal.note(run, place.created(attempt, run.now()))
    if wave.inserts:
        payloads.begin(run, opened, wave.name)
    try:
        run.salesforce.upload(place.job_id, path)
    except errors.RequestRefused as refused:
        if run.folder.read(place.entry_name("decision")) is None:
            raise
        raise _taken_over(place) from refused
    journal.note(run, place.uploaded(planned["sha256"], planned["bytes"]))
    # A slow upload may outlive its run: then another one may write by now, and this job stays Open until it is given up.
    overtaking = _overtaken(run, opened, wave, number)
    _others_give_way(run, place)
    _overtaken_gives_way(run, place, overtaking)
    _void_gives_way(run, place)
    _undone_gives_way(run, wave, place)
    untold.leave(run, opened, place, wave.replay)
    if decide(run, place, entities.Decision.CLOSE) is entities.Decision.ABANDON:
        raise _taken_over(place)
    _close(run, place)
    return place.job_id


def _overtaken_void(run: ports.Run, opened: journal.Opened, wave: waves.Wave, number: int, rows: int) -> errors.ChunkVoid:
    if (other := payloads.elsewhere(run, opened, wave.name)) is not None:
        return errors.ChunkVoid(f"chunk {number} of {wave.name} isn't sent: {summary.inserted_by(other['run'], whole=other['whole'])}")
    return errors.ChunkVoid(
        f"chunk {number} of {wave.name}: later runs of this plan wrote {rows} of its {wave.chunk(number)['rows']} rows, or later "
        "objects of this run, or earlier runs sent such rows below the same parents since, so nothing of it is sent; replay this run: "
        "that sends the rows which none of these had, and names those without a key that it leaves as they may be another run's"
    )


def _taken_over(place: entries.JobPlace) -> errors.JobTakenOver:
    message = f"job {place.job_id} was given up by another try while this one uploaded; that try goes on with the chunk"
    return errors.JobTakenOver(message)


def _others_give_way(run: ports.Run, place: entries.JobPlace) -> None:
    """Decide against every other job of the chunk before ours is closed. Raises JobTakenOver if one is to be closed.

    Two tries that run at once may each have seen no job of the other's. Each notes its own before it looks for
    others, so that at least one of them sees both.
    """
    for other in journal.jobs(run, place.name, place.number):
        if other.place == place or other.is_replaced:
            continue
        if (
            decide(run, other.place, entities.Decision.ABANDON) is entities.Decision.CLOSE
            and decide(run, place, entities.Decision.ABANDON) is entities.Decision.ABANDON
        ):
            give_up(run, place)
            raise errors.JobTakenOver(f"job {other.place.job_id} carries the chunk already; {place.job_id} of this try was given up")


def _void_gives_way(run: ports.Run, place: entries.JobPlace) -> None:
    """Give our job up if the chunk became void meanwhile.

    Whoever makes it void says so first and decides over the jobs that it finds then; ours was noted before this look, so
    one of the two sees the other.
    """
    if _is_void(run, place.name, place.number) and decide(run, place, entities.Decision.ABANDON) is entities.Decision.ABANDON:
        give_up(run, place)
        raise _void(place.name, place.number)


def _overtaken_gives_way(run: ports.Run, place: entries.JobPlace, rows: int) -> None:
    """Give our job up if others have written some of its rows while it was uploaded: the next try finds them, and sends nothing."""
    if rows and decide(run, place, entities.Decision.ABANDON) is entities.Decision.ABANDON:
        give_up(run, place)
        raise errors.JobTakenOver(f"job {place.job_id} was given up: {rows} of its rows were written by others while it was uploaded")


def _undone_gives_way(run: ports.Run, wave: waves.Wave, place: entries.JobPlace) -> None:
    """Give our job up if undoing the run began while it was uploaded; whoever undoes says so first and looks for jobs then."""
    if _is_undone(run, wave) and decide(run, place, entities.Decision.ABANDON) is entities.Decision.ABANDON:
        give_up(run, place)
        raise _undone(wave)


def decide(run: ports.Run, place: entries.JobPlace, wish: entities.Decision) -> entities.Decision:
    """Write the decision over a job, or learn the one that stands."""
    return entities.Decision(journal.note(run, place.decided(wish, run.now()))["decision"])


def _is_open(run: ports.Run, place: entries.JobPlace) -> bool:
    return job.state(run.salesforce.job(place.job_id)) is entities.JobState.OPEN


def _close(run: ports.Run, place: entries.JobPlace) -> None:
    """Close a job; one that isn't Open any more was closed by the answer that got lost, unless we aborted it before."""
    try:
        seen = run.salesforce.close(place.job_id)
    except errors.RequestRefused:
        seen = run.salesforce.job(place.job_id)
        if job.state(seen) is entities.JobState.OPEN:
            raise
    if not _is_ours_to_abort(run, place, seen):
        journal.note(run, place.closed(run.now()))


def _is_ours_to_abort(run: ports.Run, place: entries.JobPlace, seen: ports.Document) -> bool:
    """Whether a job was never closed, since we aborted it ourselves before: said to be closed, the abort would be somebody else's."""
    if seen.get("state") != entities.JobState.ABORTED or not journal.job(run, place).has("withdrawn"):
        return False
    return not job.end(seen).processed


def give_up(run: ports.Run, place: entries.JobPlace) -> bool:
    """Abort a job that was decided to be abandoned; whether it is proven that it wrote nothing.

    False means that somebody closed it all the same: it counts, and its results tell what it wrote. Raises JobStaysOpen,
    ResultsIncomplete while the numbers of one that others aborted still move.
    """
    before = job.state(run.salesforce.job(place.job_id))
    if before in _NEVER_CLOSED:
        # Others who aborted it may have closed it first: a chunk may be in flight.
        seen = stop(run, place) if before is entities.JobState.OPEN else wait.still(run, place.job_id)
        nothing = job.state(seen) is entities.JobState.ABORTED and not int(seen.get("numberRecordsProcessed", 0))
        if nothing and _wrote_nothing(run, place):
            journal.note(run, place.aborted(run.now()))
            return True
    journal.note(run, place.closed(run.now()))
    return False


def stop(run: ports.Run, place: entries.JobPlace) -> ports.Document:
    """Abort an Open job of ours, if it can be; the job as it is then: at work if somebody closed it meanwhile. Raises JobStaysOpen."""
    journal.note(run, place.withdrawn(run.now()))
    try:
        run.salesforce.abort(place.job_id)
    except errors.RequestRefused as refused:
        if refused.is_missing:
            raise
    seen = run.salesforce.job(place.job_id)
    if job.state(seen) is entities.JobState.OPEN:
        raise errors.JobStaysOpen(f"job {place.job_id} can't be aborted yet; the next try goes on")
    return seen


def _wrote_nothing(run: ports.Run, place: entries.JobPlace) -> bool:
    """Read an aborted job's successful results: nothing but a header, if that."""
    path = run.scratch / f"{place.job_id}-proof.csv"
    gone.fetched(run, place.job_id, entities.RESULT_KINDS[0], path)
    with path.open(encoding="utf-8") as file:
        lines = sum(1 for _ in zip(file, range(2), strict=False))
    path.unlink()
    return lines <= 1
