"""Any plan, its sources and a local org → the DAG's steps in their order, without Airflow; then what the org and the files hold."""

from __future__ import annotations

import abc
import csv
import datetime
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fsspec
import requests

from include import storage
from include.bulkload.basics import tables
from include.bulkload.intake import plan
from include.bulkload.steps import collected, cut, ids, ports, settle, split, submit, summarize, wait
from include.salesforce import client, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.bulkload.intake import batches, files

HOUR = 3_600
VERSION = "/services/data/v66.0"


@dataclass
class LocalOrg:
    """A running local org, as tests see it: its start line, its records, its settings."""

    started: dict[str, Any]

    def token(self) -> wire.Session:
        """A session that is good."""
        return wire.Session(self.started["http_url"], self.started["access_token"])

    def renew(self, old: wire.Session) -> wire.Session:
        """The same session again: nobody logs in here."""
        return old

    def client(self) -> client.BulkClient:
        """A client that doesn't wait before it repeats."""
        return client.BulkClient(self, pause=lambda _: None)

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Ask the org itself, past the loader, for all records."""
        found, path = [], f"{VERSION}/query?{requests.compat.urlencode({'q': soql})}"
        while path:
            page = self._asked("GET", path).json()
            found += page["records"]
            path = page.get("nextRecordsUrl", "")
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """List all ingest jobs that the org knows: without the filter it names query jobs, too (contract 2.7)."""
        found: list[dict[str, Any]] = self._asked("GET", f"{VERSION}/jobs/ingest?jobType=V2Ingest").json()["records"]
        return found

    def calls(self) -> dict[str, int]:
        """How often each path was called, by `METHOD path`."""
        found: dict[str, int] = self._asked("GET", "/control/faults").json()["calls"]
        return found

    def insert(self, sobject: str, fields: dict[str, Any]) -> str:
        """Make a record, past the loader; its Id."""
        return str(self._asked("POST", f"{VERSION}/sobjects/{sobject}", fields).json()["id"])

    def change(self, sobject: str, sf_id: str, **fields: Any) -> None:
        """Edit a record as somebody does who isn't the loader."""
        self._asked("PATCH", f"{VERSION}/sobjects/{sobject}/{sf_id}", fields, user="limited_")

    def remove(self, sobject: str, sf_id: str) -> None:
        """Delete a record, past the loader."""
        self._asked("DELETE", f"{VERSION}/sobjects/{sobject}/{sf_id}")

    def struck(self) -> int:
        """How many faults happened."""
        counts: dict[str, int] = self._asked("GET", "/control/faults").json()["counts"]
        return sum(counts.values())

    def behave(self, **settings: Any) -> None:
        """Change its settings."""
        self._asked("POST", "/control/settings", settings)

    def _asked(self, method: str, path: str, body: Any = None, *, user: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {self.started[f'{user}access_token']}"}
        answer = requests.request(method, self.started["http_url"] + path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer


class Steps(abc.ABC):
    """One run: the DAG's steps in their order. `root` holds run folders and scratch; `document` is the plan."""

    root: Path
    org: LocalOrg
    run_name: str
    clock: int

    @property
    @abc.abstractmethod
    def document(self) -> dict[str, Any]:
        """The plan's document."""

    @property
    def roots(self) -> Sequence[str]:
        """Where sources may be read from."""
        return [self.root.as_uri()]

    def watched(self, folder: ports.RunFolder) -> ports.RunFolder:
        """The run's folder as steps are given it."""
        return folder

    def now(self) -> datetime.datetime:
        """A clock that goes on by a second whenever it is read."""
        self.clock += 1
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=self.clock)

    @property
    def run(self) -> ports.Run:
        """The run as a new task sees it, with a scratch folder of its own."""
        self.clock += 1
        scratch = self.root / f"scratch-{self.run_name}-{self.clock}"
        scratch.mkdir()
        base, stores = str(self.root / "runs"), fsspec.filesystem("file")
        return ports.Run(
            folder=self.watched(storage.run_folder(stores, base, "dag", self.run_name)),
            salesforce=self.org.client(),
            scratch=scratch,
            limits=tables.Limits(scratch / "spill"),
            clock=self.now,
            pause=lambda _: None,
            memory=storage.memory(stores, base),
            name=ports.RunName("dag", self.run_name),
            is_over=self.is_over,
        )

    def is_over(self, _: ports.RunName) -> bool | None:
        """Runs of a test come one after the other, unless it says otherwise."""
        return True

    def files(self, uri: str, into: Path) -> list[files.File]:
        """List a source's files."""
        return storage.files(uri, into, self.roots)

    def connection(self, conn_id: str) -> Any:
        """The database of a plan's connection, as a driver opens it: an SQLite file of that name beside the sources."""
        return sqlite3.connect(self.root / conn_id)

    def batches(self, sql: str, conn_id: str) -> Iterator[batches.Batch]:
        """Run a query of the plan."""
        return storage.rows(self.connection(conn_id), sql, conn_id)

    def stage(self) -> dict[str, Any]:
        """Begin the run and stage its rows."""
        return split.load(self.run, self.document, self)

    def cut(self, name: str) -> list[int]:
        """Link, set aside, cut; wait for the canary if there is one; the chunks that are left to send."""
        self.waited(cut.first(self.run, name)["canary"])
        return cut.go_on(self.run, name)

    def sent(self, name: str, chunks: Sequence[int]) -> dict[str, int]:
        """The tasks that submit, wait for and settle an object's jobs."""
        jobs = [submit.chunk(self.run, name, number) for number in chunks]
        self.waited(jobs)
        collected.ended(self.run, name, jobs)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, int]:
        """The task `settle`, until nothing goes on."""
        while True:
            found = settle.advance(self.run, name)
            if not found["waiting"] and not found["not_before"]:
                return dict(found["tally"])
            self.waited(found["waiting"])
            self.clock += HOUR if found["not_before"] else 0

    def waited(self, jobs: Sequence[str]) -> None:
        """Look until all jobs have ended."""
        run = self.run
        while not all(state.is_terminal for state in wait.look(run, list(jobs)).values()):
            pass

    def learned(self, name: str) -> int:
        """The id map of an object; how many rows it has."""
        return int(ids.learn(self.run, name)["ids"])

    def whole(self) -> dict[str, Any]:
        """All tasks of the DAG; what `summary` returns."""
        self.loaded()
        return summarize.close(self.run, [])

    def loaded(self) -> None:
        """All tasks of the DAG but `leftovers` and `summary`."""
        self.stage()
        for name in plan.plan_from(self.document).order():
            self.sent(name, self.cut(name))
            self.learned(name)


@dataclass
class Load(Steps):
    """A run of a plan that is given as it is.

    `allowed`: further roots of its sources. `wrapped`: what is made of the run's folder before steps are given it.
    `connections`: how the databases of the plan's queries are opened. `ids`: how many rows each object's id map had.
    """

    root: Path
    org: LocalOrg
    plan: dict[str, Any]
    allowed: tuple[str, ...] = ()
    run_name: str = "run"
    clock: int = 0
    wrapped: Callable[[ports.RunFolder], ports.RunFolder] = field(default=lambda folder: folder)
    connections: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """The plan's document."""
        return self.plan

    @property
    def roots(self) -> Sequence[str]:
        """Where sources may be read from."""
        return [self.root.as_uri(), *self.allowed]

    def watched(self, folder: ports.RunFolder) -> ports.RunFolder:
        """The run's folder as steps are given it."""
        return self.wrapped(folder)

    def learned(self, name: str) -> int:
        """The id map of an object; how many rows it has."""
        self.ids[name] = super().learned(name)
        return self.ids[name]

    def connection(self, conn_id: str) -> Any:
        """The database of a plan's connection, as a driver opens it."""
        return self.connections[conn_id]()


def listed(uris: str | Sequence[str]) -> list[dict[str, str]]:
    """Read the files for people that a summary names for a fate: one, or several."""
    found: list[dict[str, str]] = []
    for uri in [uris] if isinstance(uris, str) else uris:
        with Path(urlsplit(uri).path).open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found
