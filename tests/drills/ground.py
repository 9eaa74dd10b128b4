"""A folder and a local org → a place where loads are played, cut off, resumed, and compared with undisturbed ones."""

from __future__ import annotations

import collections
import contextlib
import json
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from tests.drills import drilled, loader, points
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerProcess
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from tests.drills import plays

# Processes are forked from one that has loaded everything, and nothing else: no threads, no connections.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.drills.loader"])
PATIENCE = 300.0
NOT_FATES = {"source", "submitted", "created", "updated"}
CALM: dict[str, Any] = {
    "job_seconds": 0, "looks": 0, "token_calls": 0, "job_ends": [], "row_faults": [], "http_faults": [], "abort_lag_seconds": 0,
    "echo": "sent", "daily_api_requests": 1_000_000,
}  # fmt: skip
Records = collections.Counter[tuple[Any, ...]]


@dataclass(frozen=True)
class End:
    """How a load ended: what the org holds of it, rows that jobs wrote, what its summary counts, whether it is clean, its error."""

    records: Records
    written: int
    counts: dict[str, dict[str, int]]
    clean: bool
    error: str = ""
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of the source."""
        return sum(each["source"] for each in self.counts.values())

    def lost(self, expected: End) -> Records:
        """Records that an undisturbed load has and this one hasn't."""
        return expected.records - self.records

    def doubled(self, expected: End) -> Records:
        """Records that this load has and an undisturbed one hasn't, or more often."""
        return self.records - expected.records


@dataclass
class Try:
    """One process at work on a load, and what it was told to do; `reached` and `go`: where it waits instead of being killed."""

    task: drilled.Task
    process: ForkServerProcess
    reached: Event | None = None
    go: Event | None = None

    def ended(self) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        self.process.join(PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(f"{self.task.root}: still at work after {PATIENCE:g} s")
        return self.process.exitcode

    def comes_to_its_point(self) -> None:
        """Wait until it waits where it was struck, or has ended without coming there."""
        while self.reached is not None and self.process.is_alive() and not self.reached.wait(0.05):
            pass

    def goes_on(self) -> None:
        """Let it go on from there."""
        if self.go is not None:
            self.go.set()

    def killed_after(self, seconds: float) -> bool:
        """Kill it wherever it is then; False if it has ended before."""
        self.process.join(seconds)
        self.process.kill()
        return self.ended() == -signal.SIGKILL

    def document(self) -> dict[str, Any]:
        """What it wrote down at its end; a try that broke down wrote nothing."""
        if not self.task.outcome.exists():
            return {"error": f"broke down with exit code {self.process.exitcode}"}
        found: dict[str, Any] = json.loads(self.task.outcome.read_text())
        return found

    def acts(self) -> list[str]:
        """The names of its acts, in order."""
        return self.task.trace.read_text().splitlines()


@dataclass
class Case:
    """One load: its place, its tag, its tries, the records that the org had before."""

    ground: Ground
    play: plays.Play
    root: Path
    tag: str
    tries: list[Try] = field(default_factory=list)
    before: Records = field(default_factory=collections.Counter)

    def started(
        self, strike: points.Strike | None = None, part: str = drilled.LOAD, *, waits: bool = False, down: dict[str, Any] | None = None
    ) -> Try:
        """Begin another try, in a process of its own.

        `waits`: it isn't killed where it is struck, but waits there; `down`: a fault of the org begins there.
        """
        document = self.play.plan(self.root / "payload.json")
        task = drilled.Task(self.root, self.ground.org.started, document, f"try-{len(self.tries)}", strike, self.ground.s3, part, down)
        reached, go = (CONTEXT.Event(), CONTEXT.Event()) if waits else (None, None)
        process = CONTEXT.Process(target=loader.played, args=(task, reached, go))
        process.start()
        self.tries.append(Try(task, process, reached, go))
        return self.tries[-1]

    def killed(self, strike: points.Strike, part: str = drilled.LOAD) -> bool:
        """Play until it is struck; False if it never came there and so played to its end."""
        return self.started(strike, part).ended() == -signal.SIGKILL

    def resumed(self, part: str = drilled.LOAD) -> End:
        """Play to the end, in a new process; how the load stands then."""
        last = self.started(part=part)
        last.ended()
        return self.end(last)

    def end(self, last: Try, *, clear: bool = True) -> End:
        """How the load stands after a try that has ended. `clear`: its jobs are cleared away."""
        found = last.document()
        summary = found.get("summary", {})
        written = self.ground.written(clear=clear)
        return End(records(self.ground.org, self), written, counted(summary), found.get("clean", False), found.get("error", ""), summary)


@dataclass
class Ground:
    """A running local org, a folder, and where run folders stand (`s3`: fsspec's options of an S3 store, else on disk)."""

    folder: Path
    org: loads.LocalOrg
    s3: dict[str, Any] = field(default_factory=dict)
    cases: int = 0
    expected: dict[str, End] = field(default_factory=dict)
    acts: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def case(self, play: plays.Play) -> Case:
        """Lay a load down: payload, records that the org has before; the org behaves as the play says."""
        self.cases += 1
        tag = f"x{os.getpid()}y{self.cases}z"
        root = self.folder / tag
        root.mkdir()
        (root / "payload.json").write_bytes(play.payload(tag))
        self.org.behave(**CALM)
        for number in range(play.before):
            self.org.insert("Account", {"Name": f"{tag} old {number}", "External_Id__c": f"{tag}K{number}"})
        found = Case(self, play, root, tag)
        found.before = records(self.org, found) if play.before else found.before
        self.org.behave(**play.behaving)
        return found

    def undisturbed(self, play: plays.Play) -> End:
        """How a play ends that nothing disturbs, played once."""
        if play.name not in self.expected:
            case, begun = self.case(play), time.monotonic()
            found = case.resumed()
            assert found.clean, (play.name, found)
            self.seconds[play.name] = time.monotonic() - begun
            self.expected[play.name], self.acts[play.name] = found, case.tries[0].acts()
        return self.expected[play.name]

    def written(self, *, clear: bool = True) -> int:
        """Count the rows that all jobs wrote; those that are cleared away don't count any more."""
        total = 0
        for job in self.org.jobs():
            whole = self._job("GET", job["id"]).json()
            total += int(whole.get("numberRecordsProcessed", 0)) - int(whole.get("numberRecordsFailed", 0))
            if clear and whole["state"] in {"Open", "UploadComplete", "InProgress"}:
                self._job("PATCH", job["id"], {"state": "Aborted"})
            if clear:
                self._job("DELETE", job["id"])
        return total

    def _job(self, method: str, job_id: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.org.started['access_token']}"}
        url = f"{self.org.started['http_url']}{loads.VERSION}/jobs/ingest/{job_id}"
        return requests.request(method, url, json=body, headers=headers, timeout=30)


@contextlib.contextmanager
def prepared(folder: Path, s3: dict[str, Any] | None = None) -> Iterator[Ground]:
    """Start an org in a folder; both are the ground until the block ends."""
    with org.running(folder, "--control") as started:
        yield Ground(folder, loads.LocalOrg(started), s3 or {})


def counted(summary: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The counts of a summary, by object."""
    told = summary.get("objects", {})
    return {name: {key: value for key, value in each.items() if isinstance(value, int)} for name, each in told.items()}


def records(org: loads.LocalOrg, case: Case) -> Records:
    """All records of a load, its tag left out."""
    found: Records = collections.Counter()
    for sobject, (fields, tagged) in case.play.asked.items():
        soql = f"SELECT {', '.join(fields)} FROM {sobject} WHERE {tagged} LIKE '{case.tag}%'"
        for record in org.query(soql):
            values = (_value(record, name) for name in fields)
            found[sobject, *(value.replace(case.tag, "") if isinstance(value, str) else value for value in values)] += 1
    return found


def _value(record: dict[str, Any], path: str) -> Any:
    """Read a field of a record or of one above it; None where there is none."""
    found: Any = record
    for name in path.split("."):
        found = found and found[name]
    return found
