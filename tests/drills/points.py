"""What a load does to the world, act by act → numbered points, at some of which its own process is killed, or waits.

An act is an object written to the run folder or a request to Salesforce. Acts have names that don't change from run to run:
job ids are numbered in the order in which the process meets them, and equal acts are counted.
"""

from __future__ import annotations

import collections
import os
import re
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEFORE, MIDWAY, ACTED, AFTER = "before", "midway", "acted", "after"
# What may be cut off where: a written object, a request, an upload.
OF_A_WRITE, OF_A_CALL, OF_AN_UPLOAD = (BEFORE, MIDWAY, AFTER), (BEFORE, ACTED, AFTER), (BEFORE, MIDWAY, ACTED, AFTER)
JOB_ID = re.compile(r"750[A-Za-z0-9]{12,15}")
# The start of a checksum, or dice.
MARK = re.compile(r"-[0-9a-f]{8,64}(?=\.\w+$)|(?<=probes/)[0-9a-f]+$")


@dataclass(frozen=True, slots=True)
class Strike:
    """Where a process ends: at the act of this name, or at its n-th act (from 1), in this phase of it."""

    act: str | int
    phase: str


def die() -> None:
    """End this process as a lost worker ends."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Points:
    """The acts of one process. `strike`: where `struck` is called, once; `trace`: a file that each act's name is added to."""

    strike: Strike | None = None
    struck: Callable[[], None] = die
    trace: Path | None = None
    met: int = 0
    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    jobs: dict[str, int] = field(default_factory=dict)

    def begun(self, what: str) -> Act:
        """Count an act that is about to happen."""
        self.met += 1
        plain = MARK.sub("", JOB_ID.sub(self._job, what))
        self.counts[plain] += 1
        name = f"{plain} #{self.counts[plain]}"
        if self.trace is not None:
            with self.trace.open("a") as file:
                file.write(f"{name}\n")
        act = Act(self, name, self.met)
        act.reached(BEFORE)
        return act

    def _job(self, found: re.Match[str]) -> str:
        return f"job{self.jobs.setdefault(found[0], len(self.jobs) + 1)}"


@dataclass(frozen=True, slots=True)
class Act:
    """One act, as it goes on."""

    points: Points
    name: str
    number: int

    def is_struck(self, phase: str) -> bool:
        """Whether the process ends in this phase of it."""
        strike = self.points.strike
        return strike is not None and strike.phase == phase and strike.act in {self.name, self.number}

    def reached(self, phase: str) -> None:
        """Go on, or end here."""
        if self.is_struck(phase):
            self.points.strike = None
            self.points.struck()


def plain(path: str) -> str:
    """A path without job ids and checksums."""
    return MARK.sub("", JOB_ID.sub("job", path))


def phases(name: str) -> tuple[str, ...]:
    """In which phases an act can be struck."""
    if name.startswith(("create ", "put ", "replace ")):
        return OF_A_WRITE
    return OF_AN_UPLOAD if name.startswith("PUT ") else OF_A_CALL
