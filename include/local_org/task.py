"""One job at work → its upload as 10,000-row batches of 200-row chunks, several batches at the same time (contract 8.2)."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.local_org import rows, timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.local_org import planned, schema

BATCH = 10_000


@dataclass(eq=False)
class Chunk:
    """Up to 200 rows: the place of the first one in the upload, and how often it was tried in vain."""

    start: int
    rows: list[list[str]]
    tries: int = 0


@dataclass(eq=False)
class Task:
    """A job that is worked on. `stop`: rows up to here are worked on; `done`: places where finished chunks start.

    `row_bytes`: about how much memory a row takes; `lost`: rows refused for a lock; `over`: why no further batch may be begun.
    """

    job: dict[str, Any]
    sobject: schema.SObject
    columns: list[str]
    source: Iterator[list[str]]
    total: int
    stop: int
    done: set[int]
    row_bytes: float = 0.0
    rule: planned.JobEnd | None = None
    due: float = 0.0
    began: float = 0.0
    read: int = 0
    over: str = ""
    lost: int = 0
    lanes: list[deque[Chunk]] = field(default_factory=list)
    timeline: timeline.Timeline = field(default_factory=timeline.Timeline)

    def refill(self, lanes: int, room: Callable[[], bool], refused: Callable[[int], str]) -> None:
        """Begin further batches while there is `room`, so that `lanes` are worked on; none any more once `refused` says why."""
        self.lanes = [lane for lane in self.lanes if lane]
        while len(self.lanes) < lanes and self.read < self.stop and room():
            # One cell too many is enough to refuse a row for; thousands would only take memory.
            most = len(self.columns) + 1
            cut = (row if len(row) <= most else row[:most] for row in self.source)
            batch = list(itertools.islice(cut, min(BATCH, self.stop - self.read)))
            if not batch:
                self.stop = self.read
                break
            self.over = refused(len(batch))
            if self.over:
                self.stop = self.read
                break
            lane = deque(
                Chunk(self.read + start, batch[start : start + rows.CHUNK])
                for start in range(0, len(batch), rows.CHUNK)
                if self.read + start not in self.done
            )
            self.read += len(batch)
            if lane:
                self.lanes.append(lane)

    @property
    def held(self) -> float:
        """About how much memory the rows of its batches at work take."""
        return sum(map(len, self.lanes)) * rows.CHUNK * self.row_bytes

    @property
    def finished(self) -> bool:
        """Whether nothing is left to work on."""
        return not any(self.lanes) and self.read >= self.stop
