"""A run folder and an entry → the entry stands; a prefix → the facts that stand there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.intake import plan
from include.bulkload.ledger import entries, replays, resume, undos, waves
from include.bulkload.steps import ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def note(run: ports.Run, entry: entries.Entry) -> dict[str, Any]:
    """Create an entry; if it stands already, obey it. Returns the document that stands."""
    try:
        run.folder.create(entry.name, entry.document)
    except FileExistsError:
        return demand(run, entry.name)
    return entry.document


def demand(run: ports.Run, name: str) -> dict[str, Any]:
    """Read an entry that must stand. Raises LedgerDamaged if it doesn't."""
    found = run.folder.read(name)
    if found is None:
        raise errors.LedgerDamaged(f"{run.folder.uri(name)} is missing: the step before hasn't run, or its entry was deleted; clear it")
    return found


def not_lost(run: ports.Run, name: str, prefix: str, begin: str = "") -> None:
    """Raise LedgerDamaged if an entry is missing that others (with this prefix, from `begin` on) were written after.

    Call it before that entry is made anew: what it said would be said otherwise, and rows might go twice.
    """
    later = [each for each in run.folder.names(prefix) if each >= begin and each != name]
    # Read last: another try may have written it, and what follows, while this one looked.
    if later and run.folder.read(name) is None:
        message = f"{run.folder.uri(name)} is missing, though {later[0]} was written after it; restore it, or start a new run"
        raise errors.LedgerDamaged(message)


def jobs(run: ports.Run, name: str, number: int | None = None) -> list[resume.JobFacts]:
    """Fold the jobs of an object, or of one of its chunks."""
    prefix = f"ledger/{name}/chunk-" if number is None else entries.chunk_prefix(name, number)
    return resume.jobs({each: demand(run, each) for each in run.folder.names(prefix) if resume.is_of_a_job(each)})


def job(run: ports.Run, place: entries.JobPlace) -> resume.JobFacts:
    """Fold one job that stands in the ledger."""
    return next(each for each in jobs(run, place.name, place.number) if each.place == place)


def voids(run: ports.Run, name: str) -> set[int]:
    """The numbers of an object's chunks that are never sent any more."""
    return {entries.void_number(each) for each in run.folder.names(entries.voids_prefix(name))}


def waves_of(run: ports.Run, name: str) -> list[waves.Wave]:
    """Read the waves of an object that are planned, in order."""
    found = [entries.wave_number(each) for each in run.folder.names(entries.WAVES.format(name))]
    # All up to the last: one that is missing was lost, and what follows it was planned on it.
    return [waves.read(name, number, demand(run, entries.wave_name(name, number))) for number in range(max(found, default=-1) + 1)]


def wave_of(run: ports.Run, name: str, chunk_number: int) -> waves.Wave:
    """Find the wave that a chunk belongs to. Raises LedgerDamaged if none does."""
    first = run.folder.read(entries.wave_name(name, 0))
    standing = [waves.read(name, 0, first)] if first is not None else []
    if standing and chunk_number not in standing[0].numbers:
        standing = waves_of(run, name)
    for wave in standing:
        if chunk_number in wave.numbers:
            return wave
    raise errors.LedgerDamaged(f"no wave of {name} has a chunk {chunk_number}; clear the task that cuts its jobs")


def staged(run: ports.Run, name: str, before: int = 0) -> dict[str, Any]:
    """What stands of an object's staged rows: as the split made them, or as the last replay with edited rows did ("replay": its number).

    Of a replay that was given up only those edits count that it sent. `before`: as it stood before that replay; 0: as it stands now.
    """
    names = run.folder.names(replays.FOLDER)
    kept = replays.numbers(names, replays.KEPT)
    for number in reversed([each for each in replays.numbers(names, replays.CHOSEN) if not before or each < before]):
        fact = replays.KEPT if number in kept else replays.CHOSEN
        edited = demand(run, replays.name(number, fact))["objects"].get(name, {}).get("staged")
        if edited:
            return dict(edited)
    return dict(demand(run, entries.STAGED)["objects"][name])


def stored(document: dict[str, Any]) -> ports.Stored:
    """Read a stored file's name, checksum and size from an entry."""
    return ports.Stored(document["name"], document["sha256"], document["bytes"])


def bring(run: ports.Run, document: dict[str, Any]) -> Path:
    """Bring a file that an entry names to a local path, verified. Raises LedgerDamaged if it isn't what was stored, or was swept."""
    try:
        return run.folder.get(stored(document), run.scratch)
    except errors.LedgerDamaged as missing:
        swept = run.folder.read(entries.SWEPT)
        if swept is None:
            raise
        message = f"the files of this run were swept at {swept['at']}, its `keep_days` were over; start a new run"
        raise errors.LedgerDamaged(message) from missing


def chunk(document: dict[str, Any]) -> entities.Chunk:
    """Read a chunk from the entry that planned it."""
    return entities.Chunk(**{name: document[name] for name in ("number", "rows", "bytes", "after", "upto")})


def keep(run: ports.Run, local: Path, name: str) -> dict[str, Any]:
    """Store a finished file; the document that an entry names it by."""
    return run.folder.put(local, name).as_document()


class Describes(Mapping[str, dict[str, Any]]):
    """The describes that a run was checked against, by sobject: each is brought when somebody first asks for it."""

    def __init__(self, run: ports.Run, kept: Mapping[str, dict[str, Any]]) -> None:
        self._run, self._kept = run, kept
        self._read: dict[str, dict[str, Any]] = {}

    def __getitem__(self, sobject: str) -> dict[str, Any]:
        if sobject not in self._read:
            self._read[sobject] = json.loads(bring(self._run, self._kept[sobject]).read_text("utf-8"))
        return self._read[sobject]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, slots=True)
class Opened:
    """A begun run: its own copy of the plan, the describes it was checked against, its org."""

    plan: plan.Plan
    describes: Mapping[str, dict[str, Any]]
    org_id: str
    at: str
    warnings: tuple[str, ...] = ()

    def sobject(self, name: str) -> str:
        """The sobject of an object's jobs, be they of the load or of its undoing."""
        return self.plan.objects[undos.object_of(name)].sobject


def opened(run: ports.Run, *, compare: bool = True) -> Opened:
    """Read the run's first entry and what it names, and compare the org with the connection's.

    Raises WrongOrg if the connection leads elsewhere, LedgerDamaged if the plan's copy was changed.
    """
    begun = demand(run, entries.BEGUN)
    if compare:
        same_org(begun["org_id"], run.salesforce.org_id())
    document = json.loads(bring(run, begun["plan"]).read_text("utf-8"))
    return Opened(plan.plan_from(document), Describes(run, begun["describes"]), begun["org_id"], begun["at"], tuple(begun["warnings"]))


def same_org(begun_with: str, connected_to: str) -> None:
    """Raise WrongOrg unless both are the same org."""
    if begun_with != connected_to:
        message = f"this run began in org {begun_with}, the connection leads to {connected_to}; set the connection back, or start a new run"
        raise errors.WrongOrg(message)


def write_json(document: Any, path: Path) -> Path:
    """Write a document to a local file, the same bytes for the same content."""
    path.write_text(json.dumps(document, ensure_ascii=False, sort_keys=False, indent=1), "utf-8")
    return path
