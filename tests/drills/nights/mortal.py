"""A run of a drawn plan → the DAG's steps by a process that may die at any write or request; then another takes its place.

The process dies within this one: nothing of it is written or sent after its end, but what Python tidies up on the way out is.
`kills.py` has real ones.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import fsspec

from include.bulkload.basics import tables
from include.bulkload.intake import plan
from include.bulkload.steps import collected, earlier_runs, ports, replay, submit, summarize, undo_run
from include.salesforce import client
from include.storage import folders, stores
from include.storage.memory import ROOT, Memory  # the package has a function of this name
from tests.drills import points, watched
from tests.running import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAG = "dag"
BROKEN = ["one of its tasks"]
# Those that somebody may mark success before they have done their work.
TASKS = ("cut", "submit", "wait", "settle", "learn")


class DiedError(BaseException):
    """The process is gone. No `Exception`: nobody catches a kill."""


@dataclass
class Life(points.Points):
    """The acts of one process until it dies: from then on it does nothing any more."""

    dead: bool = False

    def begun(self, what: str) -> points.Act:
        """Count an act, or have none. How often a job is looked at differs from time to time, so requests that only read aren't counted."""
        if self.dead:
            raise DiedError
        return points.Act(self, what, 0) if what.startswith("GET ") else super().begun(what)

    def ends(self) -> None:
        """Die."""
        self.dead = True
        raise DiedError


def life(strike: points.Strike | None) -> Life:
    """Begin a process that dies where it is struck."""
    found = Life(strike)
    found.struck = found.ends
    return found


@dataclass
class Mortal(loads.Steps):
    """One run, as one process after the other sees it. `skipped`: a task that somebody has marked success."""

    root: Path
    org: loads.LocalOrg
    plan: dict[str, Any]
    run_name: str
    clock: int
    life: Life = field(default_factory=lambda: life(None))
    skipped: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The plan's document."""
        return self.plan

    @property
    def run(self) -> ports.Run:
        """The run as a new task sees it, with a scratch folder of its own."""
        self.clock += 1
        scratch = self.root / f"scratch-{self.run_name}-{self.clock}"
        scratch.mkdir(exist_ok=True)
        sends = client.BulkClient(self.org, session=watched.Session(self.life), pause=lambda _: None)
        limits, name = tables.Limits(scratch / "spill"), ports.RunName(DAG, self.run_name)
        return ports.Run(
            self.home(self.run_name), sends, scratch, limits, self.now, lambda _: None, self._memory(), name=name, is_over=lambda _: True
        )

    def home(self, run_name: str) -> folders.RunFolder:
        """The folder of a run."""
        return folders.RunFolder(self._store(), self._base(), f"{DAG}/{run_name}", DAG)

    def by(self, name: str) -> ports.Run:
        """The run's folder, as another run of the DAG sees it."""
        return dataclasses.replace(self.run, name=ports.RunName(DAG, name))

    def loaded(self) -> None:
        """All tasks of the DAG but `leftovers` and `summary`."""
        self._task("stage", self.stage)
        for name in plan.plan_from(self.document).order():
            chunks = self._task(f"cut {name}", functools.partial(self.cut, name)) or []
            jobs = [self._task(f"submit {name}", functools.partial(self._submitted, name, number)) for number in chunks]
            self._task(f"wait {name}", functools.partial(self._waited, name, [each for each in jobs if each]))
            self._task(f"settle {name}", functools.partial(self.settled, name))
            self._task(f"learn {name}", functools.partial(self.learned, name))

    def whole(self) -> dict[str, Any]:
        """All tasks of the DAG; what `summary` returns."""
        self.loaded()
        if self.document["replay_leftovers"] and not self.skipped:
            self._leftovers()
        return summarize.close(self.run, [])

    def summed(self) -> dict[str, Any]:
        """The task `summary` alone, after one that failed."""
        return summarize.close(self.run, BROKEN)

    def replayed(self, name: str, file: str | None) -> dict[str, Any]:
        """All tasks of a replay by another run; what its `summary` returns."""
        while (found := replay.begin(self.by(name), self.run_name, file, self))["waiting"]:
            self.waited(found["waiting"])
        self._sent_again(name, found["replay"])
        return replay.close(self.by(name), found["replay"], [], self.home(name))

    def replay_summed(self, name: str) -> dict[str, Any]:
        """The task `summary` of a replay of which a task failed."""
        return replay.account(self.by(name), BROKEN, self.home(name))

    def undone(self, name: str) -> dict[str, Any]:
        """All tasks of an undo by another run; what its `summary` returns."""
        home = self.home(name)
        if not undo_run.plan(self.by(name), self.run_name, home)["nothing"]:
            while (found := undo_run.act(self.by(name), self.run_name, home))["summary"] is None:
                self._passes(found)
        return undo_run.close(self.by(name), home, [])

    def undo_summed(self, name: str) -> dict[str, Any]:
        """The task `summary` of an undo of which a task failed."""
        return undo_run.close(self.by(name), self.home(name), BROKEN)

    def _leftovers(self) -> None:
        run = self.run
        for of in earlier_runs.due(run):
            earlier = dataclasses.replace(self.run, folder=self.home(of))
            while (found := earlier_runs.begin(earlier, of, self))["waiting"]:
                self.waited(found["waiting"])
            if earlier_runs.takes(found):
                for name in plan.plan_from(self.document).order():
                    self._advanced(earlier, found["replay"], name)
            earlier_runs.tell(run, of, earlier_runs.account(earlier, found))

    def _sent_again(self, by: str, number: int) -> None:
        for name in plan.plan_from(self.document).order():
            self._advanced(self.by(by), number, name)

    def _advanced(self, run: ports.Run, number: int, name: str) -> None:
        while (found := replay.advance(run, number, name))["waiting"] or found["not_before"]:
            self._passes(found)

    def _passes(self, found: dict[str, Any]) -> None:
        self.waited(found["waiting"])
        self.clock += loads.HOUR if found["not_before"] else 0

    def _submitted(self, name: str, number: int) -> str | None:
        return submit.chunk(self.run, name, number)

    def _waited(self, name: str, jobs: list[str]) -> None:
        self.waited(jobs)
        collected.ended(self.run, name, jobs)

    def _task(self, name: str, act: Callable[[], Any]) -> Any:
        return None if name == self.skipped else act()

    def _store(self) -> Any:
        return watched.Store(stores.of(fsspec.filesystem("file")), self.life, f"{self.root}/runs/", watched.torn_file)

    def _base(self) -> tuple[str, str]:
        base = str(self.root / "runs")
        return base, stores.of(fsspec.filesystem("file")).uri(base)

    def _memory(self) -> Memory:
        return Memory(self._store(), self._base(), ROOT)
