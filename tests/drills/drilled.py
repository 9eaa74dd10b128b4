"""A load to drill → the DAG's steps, one after the other, each retried as Airflow does: `TryAgain` is tried again, `MustStop` never."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import fsspec
import requests

from include.bulkload.basics import errors, tables
from include.bulkload.intake import plan
from include.bulkload.steps import collected, cut, ids, ports, replay, submit, summarize
from include.salesforce import client, logins, wire
from include.storage import folders, stores
from include.storage.memory import ROOT, Memory  # the package has a function of this name
from tests.drills import points, watched
from tests.running import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIES = 60
# The run id of the run that replays.
BY = "again"
LOAD, SUMMARY, REPLAY = "load", "summary", "replay"


@dataclass(frozen=True)
class Task:
    """What a process is given: where the load stands, the org's start line, the plan, where it ends, whom it waits for there.

    `s3`: fsspec's options of an S3 store whose bucket holds the run folder, else it is on this machine's disk. `part`: LOAD, the
    SUMMARY of one that broke off, or its REPLAY. `down`: the org's fault that begins at `strike`, instead of the process's end, and
    lasts for some time of the load's own clock.
    """

    root: Path
    started: dict[str, Any]
    document: dict[str, Any]
    name: str
    strike: points.Strike | None = None
    s3: dict[str, Any] = field(default_factory=dict)
    part: str = LOAD
    down: dict[str, Any] | None = None

    @property
    def trace(self) -> Path:
        """Where the names of the acts stand."""
        return self.root / f"{self.name}.trace"

    @property
    def outcome(self) -> Path:
        """Where the end of it stands."""
        return self.root / f"{self.name}.json"


class Drilled(loads.Steps):
    """A load whose writes and requests are points."""

    def __init__(self, task: Task, met: points.Points) -> None:
        self.root, self.org, self.run_name, self.clock = task.root, loads.LocalOrg(task.started), "run", 0
        self._task, self._met = task, met
        fs = fsspec.filesystem("s3", **task.s3) if task.s3 else fsspec.filesystem("file")
        self._base = f"loads/{task.root.name}" if task.s3 else str(task.root / "runs")
        torn = watched.torn_object if task.s3 else watched.torn_file
        store = watched.Store(stores.of(fs), met, f"{self._base}/", torn)
        self._folder, self._home = (
            folders.RunFolder(store, (self._base, store.uri(self._base)), f"drill/{name}") for name in (self.run_name, BY)
        )
        self._memory = Memory(store, (self._base, store.uri(self._base)), ROOT)
        login = logins.Shared(self._logged_in)
        self._client = client.BulkClient(login, session=watched.Session(met), pause=self.passes)

    def _logged_in(self) -> wire.Session:
        """Log in as a program does, with a token of its own."""
        started = self.org.started
        given = {"grant_type": "client_credentials", "client_id": started["client_id"], "client_secret": started["client_secret"]}
        for left in reversed(range(TRIES)):
            try:
                answer = requests.post(f"{started['http_url']}/services/oauth2/token", data=given, timeout=30)
                answer.raise_for_status()
                return wire.Session(started["http_url"], answer.json()["access_token"])
            except requests.RequestException:
                if not left:
                    raise errors.NetworkFault("the log-in has no answer") from None
        raise AssertionError

    @property
    def document(self) -> dict[str, Any]:
        """The plan's document."""
        return self._task.document

    @property
    def run(self) -> ports.Run:
        """The run as a new task sees it, with a scratch folder of its own."""
        self.clock += 1
        scratch = self.root / f"scratch-{self._task.name}-{self.clock}"
        scratch.mkdir()
        limits = tables.Limits(scratch / "spill")
        return ports.Run(self._folder, self._client, scratch, limits, self.now, self.passes, self._memory)

    def passes(self, seconds: float) -> None:
        """Wait before something is repeated: nobody does here."""

    def again(self, step: Callable[[], Any]) -> Any:
        """Call a step as Airflow retries a task."""
        for left in reversed(range(TRIES)):
            try:
                return step()
            except errors.TryAgain:
                if not left:
                    raise
        raise AssertionError

    def retried(self) -> dict[str, Any]:
        """All tasks of the DAG, each retried; what `summary` returns."""
        self.again(self.stage)
        for name in plan.plan_from(self.document).order():
            self.again(lambda name=name: self.waited(cut.first(self.run, name)["canary"]))
            jobs = [
                self.again(lambda name=name, number=number: submit.chunk(self.run, name, number)) for number in self.again(self._left(name))
            ]
            self.again(lambda jobs=jobs: self.waited(jobs))
            self.again(lambda name=name, jobs=jobs: collected.ended(self.run, name, jobs))
            self.again(lambda name=name: self.settled(name))
            self.again(lambda name=name: ids.learn(self.run, name))
        found: dict[str, Any] = self.again(lambda: summarize.close(self.run, []))
        return found

    def summed(self) -> dict[str, Any]:
        """The task `summary` alone, after one that failed."""
        found: dict[str, Any] = self.again(lambda: summarize.close(self.run, ["one of its tasks"]))
        return found

    def replayed(self) -> dict[str, Any]:
        """All tasks of a replay by another run, each retried; the first run's summary as it stands then."""
        number = self.again(self._begun)
        for name in plan.plan_from(self.document).order():
            self.again(lambda name=name: self._advanced(number, name))
        found = self.again(lambda: replay.close(self._by_another(), number, [], self._home))
        summary = self._folder.read(summarize.SUMMARY) or {}
        return {"summary": summary, "clean": found["clean"] and summary["status"] == "COMPLETED"}

    def _by_another(self) -> ports.Run:
        return dataclasses.replace(self.run, name=ports.RunName("drill", BY), is_over=lambda _: True)

    def _begun(self) -> int:
        while True:
            found = replay.begin(self._by_another(), self.run_name, None, self)
            if not found["waiting"]:
                return int(found["replay"])
            self.waited(found["waiting"])

    def _advanced(self, number: int, name: str) -> None:
        while True:
            found = replay.advance(self._by_another(), number, name)
            if not found["waiting"] and not found["not_before"]:
                return
            self.waited(found["waiting"])
            self.clock += loads.HOUR if found["not_before"] else 0

    def _left(self, name: str) -> Callable[[], list[int]]:
        return lambda: cut.go_on(self.run, name)
