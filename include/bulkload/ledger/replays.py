"""Replays of a run, in its own ledger → which there were, who asked for each, what it chose, whether it is done.

A replay's number is taken by creating its first entry; whoever comes second finds it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.ledger import entries

if TYPE_CHECKING:
    from collections.abc import Iterable

Document = dict[str, Any]
FOLDER = "ledger/replays/"
BEGUN, CHOSEN, CLOSED, KEPT = "", "-chosen", "-closed", "-kept"
# In the folder of a run that replays earlier ones by itself: which, and what came of it. No fact of its own load.
EARLIER = "earlier-runs.json"
# A key of that file: what came of those that broke off, which a cleared task goes on with.
BROKEN_OFF = "broken_off"


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay: its number from 1, the run id of the run that does it, the URI of the edited copy that it reads, if any.

    `by_itself`: nobody asked for it, so only rows with a key go that no later run's source had.
    """

    number: int
    by: str
    file: str | None = None
    by_itself: bool = False

    def begun(self, at: str) -> entries.Entry:
        """The number is taken."""
        return entries.Entry(name(self.number, BEGUN), {"by": self.by, "file": self.file, "by_itself": self.by_itself, "at": at})

    def chosen(self, document: Document) -> entries.Entry:
        """What it takes, object by object."""
        return entries.Entry(name(self.number, CHOSEN), document)

    def kept(self, objects: Document) -> entries.Entry:
        """What of its edits counts after it was given up, instead of what it chose; by object: {"staged": stored rows, or None}."""
        return entries.Entry(name(self.number, KEPT), {"objects": objects})

    def closed(self, at: str, taken_over: str = "") -> entries.Entry:
        """Nothing of it is sent any more; `taken_over`: the run id of the replay that found it unfinished, its run over."""
        return entries.Entry(name(self.number, CLOSED), {"at": at, "taken_over": taken_over})


def name(number: int, fact: str) -> str:
    """Where a fact of a replay stands."""
    return f"{FOLDER}{number:03d}{fact}.json"


def read(number: int, document: Document) -> Replay:
    """Read a replay from its first entry."""
    return Replay(number, document["by"], document["file"], by_itself=bool(document.get("by_itself")))


def numbers(names: Iterable[str], fact: str = BEGUN) -> list[int]:
    """The numbers of the replays of which a fact stands, from the names of all entries, in order."""
    found = [each.removeprefix(FOLDER).removesuffix(".json") for each in names]
    bare = [each.removesuffix(fact) for each in found if each.endswith(fact)]
    return sorted(int(each) for each in bare if each.isdigit())
