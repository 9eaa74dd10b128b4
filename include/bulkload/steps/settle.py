"""An object's closed jobs → their results collected once they have ended, and what must go next sent."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.ledger import entries, resume, waves
from include.bulkload.steps import collected, gone, journal, next_wave, outcome, rehearsal, sender, stops, submit

if TYPE_CHECKING:
    from include.bulkload.steps import ports


def advance(run: ports.Run, name: str) -> dict[str, Any]:
    """Collect what has ended of an object; send what must go next (see `next_wave.following`), if this run is the one that sends.

    Returns {"waiting": [job id, ...], "not_before": ISO time or None, "tally": {fate: rows}}: call again when those
    jobs have ended and that time has come, until there is neither. Raises JobStillRunning if a job of the first wave
    hasn't finished (a waiting task was marked success), ResultsIncomplete if results don't add up yet,
    ContradictingIds if they fit no row.
    """
    opened = journal.opened(run)
    if opened.plan.dry_run:
        return _rehearsed(run, opened, name)
    while True:
        before = outcome.of(run, name).sent
        found = _collected(run, opened, name)
        if found["waiting"] or found["not_before"]:
            return found
        # Another try of this task may plan and send at the same time: what it has added since isn't collected yet.
        if outcome.of(run, name).sent != before:
            continue
        _note_settled(run, name, before)
        if not sender.is_this(run) or not _goes_on(run, opened, name, before):
            return found


def _goes_on(run: ports.Run, opened: journal.Opened, name: str, settled: str) -> bool:
    """Whether there is more to send, or another try has planned more since that was settled: its Ids can't be known yet."""
    try:
        return next_wave.following(run, opened, name) is not None
    except errors.LedgerDamaged:
        if outcome.of(run, name).sent == settled:
            raise
        return True


def _rehearsed(run: ports.Run, opened: journal.Opened, name: str) -> dict[str, Any]:
    """Plan all that a dry run would send next; there is nothing to wait for."""
    asking, org = rehearsal.counting(run)
    _note_settled(run, name, outcome.of(run, name).sent)
    while next_wave.following(asking, opened, name) is not None:
        _note_settled(run, name, outcome.of(run, name).sent)
    rehearsal.asked(run, name, "later", org.queries)
    return {"waiting": [], "not_before": None, "tally": {}}


def _note_settled(run: ports.Run, name: str, sent: str) -> None:
    """Note that nothing of an object's records is open of what was `sent`; those of others are for their own task to say."""
    # Nobody but a replay cuts an object that has no wave when one has begun.
    if run.folder.read(entries.wave_name(name, 0)) is not None or not sender.is_this(run):
        journal.note(run, entries.settled(name, sent))


def _collected(run: ports.Run, opened: journal.Opened, name: str) -> dict[str, Any]:
    """Settle all jobs that this object's settling is about, submitting those of later waves that are due."""
    found: dict[str, Any] = {"waiting": [], "not_before": None, "tally": {}}
    refused: list[errors.ChunkVoid] = []
    for wave, standing, voids in _waves(run, opened, name):
        not_before = wave.notes.get("not_before")
        due = [number for number in wave.numbers if number not in voids or number in standing.jobs]
        if not_before and due and due[0] not in standing.jobs and run.clock() < datetime.fromisoformat(not_before):
            found["not_before"] = not_before
            break
        for number in due:
            try:
                goes_on = _brought(run, opened, wave, standing, number, found)
            except errors.ChunkVoid as void:
                # Those behind it go all the same: nobody should have to clear the task once for each.
                refused.append(void)
                continue
            if not goes_on and wave.kind is waves.Kind.ROUND:
                # Jobs of a round go one after the other, so that they don't lock each other's parents.
                break
    if refused:
        raise refused[0]
    return found


def _brought(
    run: ports.Run, opened: journal.Opened, wave: waves.Wave, standing: outcome.Standing, number: int, found: dict[str, Any]
) -> bool:
    """Bring a chunk as far as it can go, into what was found; False if it isn't settled yet. Raises ChunkVoid if it may not be sent."""
    # The mapped tasks send the first wave, but not what Salesforce has lost of it since.
    ours = wave.kind is not waves.Kind.FIRST or number in standing.gone
    facts = standing.jobs.get(number)
    if ours and (facts is None or facts.is_unclosed):
        # Nobody else closes what was left unclosed: it would stay Open, and be waited for for ever.
        facts = _submitted(run, wave, number)
    return facts is None or _tallied(run, opened, facts, found, ours=ours)


def _tallied(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts, found: dict[str, Any], *, ours: bool) -> bool:
    """Settle one job into what was found. False if it still runs, which one that isn't ours may not, or if another must do its work."""
    try:
        settled = collected.one(run, opened, facts)
    except errors.JobStillRunning:
        if not ours:
            raise
        found["waiting"].append(facts.place.job_id)
        return False
    if settled is None:
        if facts.place.number in journal.voids(run, facts.place.name):
            # Somebody aborted it before it was gone: its rows are a replay's.
            return True
        if sender.is_this(run):
            gone.bounded(facts)
            with contextlib.suppress(errors.ObjectStopped):
                found["waiting"].append(submit.chunk(run, facts.place.name, facts.place.number))
        return False
    for fate, rows in settled.items():
        found["tally"][fate] = found["tally"].get(fate, 0) + rows
    return True


def _waves(run: ports.Run, opened: journal.Opened, name: str) -> list[tuple[waves.Wave, outcome.Standing, set[int]]]:
    """The waves of an object's last turn, and the second passes of others that end with it; what stands, chunks that aren't sent."""
    found, sends = [], sender.is_this(run)
    for other in _objects(opened, name):
        standing, voids = outcome.of(run, other), journal.voids(run, other)
        if not sends:
            # What another run left half done is that one's to go on with, or the summary's to give up.
            closed = {number: facts for number, facts in standing.jobs.items() if not facts.is_unclosed}
            standing = outcome.Standing(standing.waves, closed)
        if not sends or stops.of_turn(run, other, waves.turn(standing.waves)):
            voids |= {number for wave in standing.waves for number in wave.numbers}
        found += [(wave, standing, voids) for wave in waves.turn(standing.waves) if other == name or wave.sets_links]
    return found


def _objects(opened: journal.Opened, name: str) -> list[str]:
    """The object, and those whose second pass ends with it."""
    return [other for other in opened.plan.order() if name in {other, opened.plan.last_pass_in(other)}]


def _submitted(run: ports.Run, wave: waves.Wave, number: int) -> resume.JobFacts | None:
    """Submit a chunk of a later wave that an earlier try didn't send, or didn't close; None if a job before it just stopped the object."""
    try:
        submit.chunk(run, wave.name, number)
    except errors.ObjectStopped:
        return None
    return resume.counting(journal.jobs(run, wave.name, number))[number]
