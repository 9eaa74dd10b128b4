"""An act that the world can see → one entry: a name in the run folder and a small document, never changed.

Names carry the object and the chunk, so that a task lists only what concerns it
(docs/decisions/ledger-names.md). No keys, no row data, no secrets stand in an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.bulkload.basics import entities
    from include.bulkload.ledger import waves

Document = dict[str, Any]
# When a run had read its sources, the number of its lease, and as several may do so within a second without one, its run id.
Order = tuple[str, int, str]
BEGUN = "ledger/begun.json"
WAVES = "ledger/{}/wave-"
STAGED = "ledger/staged.json"
# Noted when the staged rows have passed all checks: nothing of a run is sent before.
FORESEEN = "ledger/foreseen.json"
SWEPT = "ledger/swept.json"
# A person marked the run failed. Cancelled jobs say so themselves.
CANCELLED = "ledger/cancelled.json"
# What becomes of the rows of a job that is gone.
AGAIN, IN_DOUBT = "again", "in doubt"
MOVED = "moved-"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact: created exclusively under `name`, or already there."""

    name: str
    document: Document


def begun(org_id: str, plan: Document, describes: Mapping[str, Document], warnings: Sequence[str], at: str) -> Entry:
    """The first entry: which org, which plan (a stored file), the describes that it was checked against (one each), what may go wrong."""
    return Entry(BEGUN, {"format": 3, "org_id": org_id, "plan": plan, "describes": dict(describes), "warnings": list(warnings), "at": at})


def staged(objects: Mapping[str, Document], sources: Mapping[str, str], lease: int, at: str) -> Entry:
    """All objects' rows stand in stored files: one entry, so that they come from one reading of each source.

    `sources`: source → SHA-256 of its content; `lease`: the number of the lease under which they were read, 0: there is none.
    `at`: when they had been read, by which runs of a plan are put in order.
    """
    return Entry(STAGED, {"objects": dict(objects), "sources": dict(sources), "lease": lease, "at": at})


def order(staged: Document, run_id: str) -> Order:
    """The place of a run among those of its plan and org, by its entry `staged`."""
    return str(staged["at"]), int(staged["lease"]), run_id


def cancelled(at: str) -> Entry:
    """A person marked the run failed: nothing of it goes by itself any more."""
    return Entry(CANCELLED, {"at": at})


def swept(at: str) -> Entry:
    """The files that hold rows are about to be removed: the run's time is over."""
    return Entry(SWEPT, {"at": at})


def wave(planned: waves.Wave) -> Entry:
    """Some of an object's rows are cut into jobs, others set aside."""
    return Entry(wave_name(planned.name, planned.number), planned.as_document())


def wave_name(name: str, number: int) -> str:
    """Where a wave of an object stands."""
    return f"{WAVES.format(name)}{number:03d}.json"


def wave_number(entry: str) -> int:
    """Read a wave's number from its entry's name."""
    return int(entry.removesuffix(".json").rpartition("-")[2])


def canary(name: str, document: Document) -> Entry:
    """How an object's canary went: whether it stops the object, and why."""
    return Entry(canary_name(name), document)


def canary_name(name: str) -> str:
    """Where the verdict over an object's first, small job stands."""
    return f"ledger/{name}/canary.json"


def stopped(name: str, replay: int, document: Document) -> Entry:
    """A job of an object, or of its replay, failed so that no other of that turn is made: which job, and what it said."""
    return Entry(stopped_name(name, replay), document)


def stopped_name(name: str, replay: int) -> str:
    """Where it stands that a job's failure stopped an object."""
    return f"ledger/{name}/stopped-{replay:03d}.json"


def settled(name: str, sent: str) -> Entry:
    """All that was sent of an object's records is collected. `sent`: a name for their waves and jobs until then."""
    return Entry(settled_name(name, sent), {"sent": sent})


def settled_name(name: str, sent: str) -> str:
    """Where it stands that what was sent of an object's records until then is collected."""
    return f"ledger/{name}/settled-{sent}.json"


def learned(name: str, mark: str, id_map: Document, ids: int) -> Entry:
    """An object's Ids are known: a stored id map of `ids` rows. `mark`: a name for what stood settled of it then."""
    return Entry(learned_name(name, mark), {"id_map": id_map, "ids": ids})


def learned_name(name: str, mark: str) -> str:
    """Where the id map is named of what stood settled of an object then."""
    return f"ledger/{name}/learned-{mark}.json"


def chunk_prefix(name: str, number: int) -> str:
    """The folder of one chunk's jobs."""
    return f"ledger/{name}/chunk-{number:05d}/"


def void(name: str, number: int, at: str) -> Entry:
    """A chunk that no job carries: its rows go by another wave, so it is never sent any more."""
    return Entry(void_name(name, number), {"at": at})


def void_name(name: str, number: int) -> str:
    """Where it stands that a chunk is void."""
    return f"{voids_prefix(name)}{number:05d}.json"


def voids_prefix(name: str) -> str:
    """Where an object's void chunks stand, apart from its jobs so that they are listed quickly."""
    return f"ledger/{name}/voids/"


def void_number(entry: str) -> int:
    """Read a void chunk's number from its entry's name."""
    return int(entry.removesuffix(".json").rpartition("/")[2])


def intent(name: str, number: int, attempt: int, at: str) -> Entry:
    """A job is about to be created for a chunk. One whose id was never written down is Open and empty: harmless."""
    return Entry(f"{chunk_prefix(name, number)}intent-{attempt:03d}.json", {"at": at})


@dataclass(frozen=True, slots=True)
class JobPlace:
    """Whose job it is: object, chunk, job id. Names all entries of the job's life."""

    name: str
    number: int
    job_id: str

    def _entry(self, fact: str, document: Document) -> Entry:
        return Entry(self.entry_name(fact), document)

    def entry_name(self, fact: str) -> str:
        """Where a fact of this job stands."""
        return f"{chunk_prefix(self.name, self.number)}{self.job_id}/{fact}.json"

    def created(self, attempt: int, at: str) -> Entry:
        """The job exists and is ours; written before its upload starts."""
        return self._entry("created", {"attempt": attempt, "at": at})

    def uploaded(self, sha256: str, size: int) -> Entry:
        """The whole CSV was accepted."""
        return self._entry("uploaded", {"sha256": sha256, "bytes": size})

    def decided(self, decision: entities.Decision, at: str) -> Entry:
        """What will be done with the Open job; who comes second obeys what stands here."""
        return self._entry("decision", {"decision": str(decision), "at": at})

    def closed(self, at: str) -> Entry:
        """Salesforce has taken the job for processing."""
        return self._entry("closed", {"at": at})

    def aborted(self, at: str) -> Entry:
        """The job was given up before anything of it was written."""
        return self._entry("aborted", {"at": at})

    def cancelled(self, at: str) -> Entry:
        """A person marked the waiting task or the run failed: the job may be aborted though it is closed."""
        return self._entry("cancel", {"at": at})

    def withdrawn(self, at: str) -> Entry:
        """We abort the job ourselves though nobody said so, as it is still Open: whoever reads that it was aborted needn't ask who did."""
        return self._entry("withdrawn", {"at": at})

    def ended(self, job: Document, at: str) -> Entry:
        """How the job ended, in its own numbers."""
        return self._entry("ended", {"job": job, "at": at})

    def collected(self, files: Document, job: Document) -> Entry:
        """The three result files are stored whole; the job's own numbers, which they add up to."""
        return self._entry("collected", {"files": files, "job": job})

    def gone(self, at: str, *, again: bool) -> Entry:
        """Salesforce doesn't know the job any more; `again`: its rows may be sent once more. Instead of `collected`, so that one counts."""
        return self._entry("collected", {"gone": AGAIN if again else IN_DOUBT, "at": at})

    def matched(self, fates: Document, tally: Document) -> Entry:
        """Every row of the job has its fate, in a stored file."""
        return self._entry("matched", {"fates": fates, "tally": tally})

    def moved(self, number: int, collected: Entry, matched: Entry) -> Entry:
        """An aborted job wrote more rows after it was collected: what counts now instead; `number` from 1, the last counts."""
        return self._entry(f"{MOVED}{number:03d}", {"collected": collected.document, "matched": matched.document})
