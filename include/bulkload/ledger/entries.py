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

Document = dict[str, Any]
BEGUN = "ledger/begun.json"
STAGED = "ledger/staged.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact: created exclusively under `name`, or already there."""

    name: str
    document: Document


def begun(org_id: str, plan: Document, describes: Document, at: str) -> Entry:
    """The first entry: which org, which plan (a stored file), the describes that it was checked against."""
    return Entry(BEGUN, {"format": 1, "org_id": org_id, "plan": plan, "describes": describes, "at": at})


def staged(objects: Mapping[str, Document], sources: Mapping[str, str]) -> Entry:
    """All objects' rows stand in stored files: one entry, so that they come from one reading of each source.

    `sources`: source → SHA-256 of its content.
    """
    return Entry(STAGED, {"objects": dict(objects), "sources": dict(sources)})


def planned(name: str, ready: Document, chunks: Sequence[Document]) -> Entry:
    """An object's rows are cut into jobs: each chunk's number, rows, bytes and stored CSV."""
    return Entry(planned_name(name), {"ready": ready, "chunks": list(chunks)})


def planned_name(name: str) -> str:
    """Where an object's plan of chunks stands."""
    return f"ledger/{name}/planned.json"


def learned(name: str, id_map: Document, ids: int) -> Entry:
    """An object's Ids are known: a stored id map of `ids` rows."""
    return Entry(learned_name(name), {"id_map": id_map, "ids": ids})


def learned_name(name: str) -> str:
    """Where an object's id map is named."""
    return f"ledger/{name}/learned.json"


def set_aside(name: str, orphans: Document, for_people: Document, rows: int) -> Entry:
    """An object's orphans are set aside in stored files."""
    return Entry(set_aside_name(name), {"orphans": orphans, "for_people": for_people, "rows": rows})


def set_aside_name(name: str) -> str:
    """Where an object's orphans are named."""
    return f"ledger/{name}/set_aside.json"


def chunk_prefix(name: str, number: int) -> str:
    """The folder of one chunk's jobs."""
    return f"ledger/{name}/chunk-{number:05d}/"


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

    def ended(self, job: Document, at: str) -> Entry:
        """How the job ended, in its own numbers."""
        return self._entry("ended", {"job": job, "at": at})

    def collected(self, files: Document) -> Entry:
        """The three result files are stored whole."""
        return self._entry("collected", {"files": files})

    def matched(self, fates: Document, tally: Document) -> Entry:
        """Every row of the job has its fate, in a stored file."""
        return self._entry("matched", {"fates": fates, "tally": tally})
