"""How an object's rows are sent: one wave after the other, each planned once, whole, before its first job.

The first wave is what the mapped tasks send. What must go later is planned and sent by the task that settles the
object: rounds of rows that failed for a passing reason, layers of rows that wait for rows of their own object, and
second passes that set links which had to be cut. A wave may send nothing: children whose remembered parent is gone
from the org are set aside after all. A replay sends rows again: it opens another turn, with layers, rounds and a second
pass of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities

if TYPE_CHECKING:
    from collections.abc import Sequence

Document = dict[str, Any]


class Kind(StrEnum):
    """Why a wave is sent."""

    FIRST = "first"
    LAYER = "layer"
    LINKS = "links"
    ROUND = "round"
    BEREAVED = "bereaved"
    REPLAY = "replay"
    UNDO_RESTORE = "undo_restore"
    UNDO_DELETE = "undo_delete"


OPENING = {Kind.FIRST, Kind.REPLAY}
# Waves that send rows as the plan says; all others repeat rows of these, or set their links.
WHOLE = {Kind.FIRST, Kind.LAYER, Kind.REPLAY}

# What a wave that opens a replay's turn, the entry of what it chose and that of the staged rows say: under which lease, its number.
LEASE = "lease"


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave of an object: how its rows are sent, cut into which jobs; and the rows that it sets aside instead.

    `number` from 0; `operation`, `external_id` and `columns` as the jobs have them; `key`: the column by which results
    find their rows; `ready`: stored rows in sending order (None: none); `chunks`: each a document with number, rows,
    bytes, after, upto and its stored csv, numbered through all waves of the object; `aside`: stored rows with the fate
    that keeps them from being sent; `for_people`: those of them that are lost, as CSV; `notes`: counts and whatever
    later waves need to know.
    """

    name: str
    number: int
    kind: Kind
    operation: str
    external_id: str | None
    columns: tuple[str, ...]
    key: entities.KeyColumn | None = None
    ready: Document | None = None
    chunks: tuple[Document, ...] = ()
    aside: Document | None = None
    for_people: Document | None = None
    notes: Document = field(default_factory=dict)

    @property
    def replay(self) -> int:
        """The number of the replay that it belongs to; 0: the run's own."""
        return int(self.notes.get("replay", 0))

    @property
    def inserts(self) -> bool:
        """Whether its jobs insert."""
        return self.operation == entities.Operation.INSERT

    @property
    def sets_links(self) -> bool:
        """Whether it is a second pass, or a round of one."""
        return Kind.LINKS in {self.kind, self.notes.get("of")}

    @property
    def numbers(self) -> list[int]:
        """The numbers of its chunks."""
        return [int(each["number"]) for each in self.chunks]

    def chunk(self, number: int) -> Document:
        """The document of one of its chunks."""
        return self.chunks[number - self.numbers[0]]

    def as_document(self) -> Document:
        """Say it in a ledger entry."""
        return {
            "kind": str(self.kind),
            "operation": self.operation,
            "external_id": self.external_id,
            "columns": list(self.columns),
            "key": {"name": self.key.name, "rule": str(self.key.rule)} if self.key else None,
            "ready": self.ready,
            "chunks": list(self.chunks),
            "aside": self.aside,
            "for_people": self.for_people,
            "notes": self.notes,
        }


def read(name: str, number: int, said: Document) -> Wave:
    """Read a wave from the entry that planned it."""
    key = entities.KeyColumn(said["key"]["name"], entities.KeyRule(said["key"]["rule"])) if said["key"] else None
    given = {each: said[each] for each in ("operation", "external_id", "ready", "aside", "for_people", "notes")}
    return Wave(name, number, Kind(said["kind"]), columns=tuple(said["columns"]), key=key, chunks=tuple(said["chunks"]), **given)


def turn(standing: Sequence[Wave]) -> list[Wave]:
    """The waves since the last that opened a turn: those of the run itself, or of its last replay. Waves in order."""
    opened = max((place for place, wave in enumerate(standing) if wave.kind in OPENING), default=0)
    return list(standing[opened:])


def opening(standing: Sequence[Wave], replay: int) -> Wave | None:
    """The wave that opened a replay's turn last; None: it isn't open."""
    return next((wave for wave in reversed(standing) if wave.kind is Kind.REPLAY and wave.replay == replay), None)


def turns(standing: Sequence[Wave]) -> list[list[Wave]]:
    """All turns, in order."""
    found: list[list[Wave]] = []
    for wave in standing:
        if wave.kind in OPENING or not found:
            found.append([])
        found[-1].append(wave)
    return found
