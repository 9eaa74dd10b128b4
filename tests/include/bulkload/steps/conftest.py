"""A local org and an empty run folder → a Run that steps are handed, without Airflow."""

from __future__ import annotations

import csv
import datetime
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fsspec
import pytest
import requests

from include import storage
from include.bulkload.basics import tables
from include.bulkload.intake import plan
from include.bulkload.steps import cut, ids, ports, settle, split, submit, summarize, wait
from include.salesforce import client, wire
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.bulkload.intake import batches, files

MAPPING: dict[str, Any] = {
    "Account": {
        "sobject": "Account",
        "records": "accounts[]",
        "operation": "upsert",
        "external_id": "External_Id__c",
        "fields": {"Name": "name", "Industry": "industry", "BillingCity": "billingCity", "External_Id__c": "sourceId"},
    },
    "Contact": {
        "sobject": "Contact",
        "records": "accounts[].contacts[]",
        "operation": "insert",
        "fields": {"FirstName": "firstName", "LastName": "lastName", "Email": "email"},
        "parents": {"AccountId": {"object": "Account", "by": "nesting"}},
    },
}


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
        """Ask the org itself, past the loader."""
        headers = {"Authorization": f"Bearer {self.started['access_token']}"}
        url = f"{self.started['http_url']}/services/data/v66.0/query"
        found: list[dict[str, Any]] = requests.get(url, params={"q": soql}, headers=headers, timeout=10).json()["records"]
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """List all jobs that the org knows."""
        headers = {"Authorization": f"Bearer {self.started['access_token']}"}
        url = f"{self.started['http_url']}/services/data/v66.0/jobs/ingest"
        found: list[dict[str, Any]] = requests.get(url, headers=headers, timeout=10).json()["records"]
        return found

    def calls(self) -> dict[str, int]:
        """How often each path was called, by `METHOD path`."""
        found: dict[str, int] = requests.get(f"{self.started['http_url']}/control/faults", timeout=10).json()["calls"]
        return found

    def change(self, sobject: str, sf_id: str, **fields: Any) -> None:
        """Edit a record as somebody does who isn't the loader."""
        headers = {"Authorization": f"Bearer {self.started['limited_access_token']}"}
        url = f"{self.started['http_url']}/services/data/v66.0/sobjects/{sobject}/{sf_id}"
        requests.patch(url, json=fields, headers=headers, timeout=10).raise_for_status()

    def insert(self, sobject: str, fields: dict[str, Any]) -> str:
        """Make a record, past the loader; its Id."""
        headers = {"Authorization": f"Bearer {self.started['access_token']}"}
        url = f"{self.started['http_url']}/services/data/v66.0/sobjects/{sobject}"
        made = requests.post(url, json=fields, headers=headers, timeout=10)
        made.raise_for_status()
        return str(made.json()["id"])

    def remove(self, sobject: str, sf_id: str) -> None:
        """Delete a record, past the loader."""
        headers = {"Authorization": f"Bearer {self.started['access_token']}"}
        url = f"{self.started['http_url']}/services/data/v66.0/sobjects/{sobject}/{sf_id}"
        requests.delete(url, headers=headers, timeout=10).raise_for_status()

    def struck(self) -> int:
        """How many faults happened."""
        counts: dict[str, int] = requests.get(f"{self.started['http_url']}/control/faults", timeout=10).json()["counts"]
        return sum(counts.values())

    def behave(self, **settings: Any) -> None:
        """Change its settings."""
        requests.post(f"{self.started['http_url']}/control/settings", json=settings, timeout=10).raise_for_status()


@dataclass
class Load:
    """One run of the default mapping: a folder, an org, a payload; and the DAG's steps in their order."""

    root: Path
    org: LocalOrg
    mapping: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(MAPPING)))
    more: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b'{"accounts": []}'
    name: str = "payload.json"
    run_name: str = "run"
    clock: int = 0

    def now(self) -> datetime.datetime:
        """A clock that goes on by a second whenever it is read."""
        self.clock += 1
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=self.clock)

    @property
    def run(self) -> ports.Run:
        """The run as a new task sees it, with a scratch folder of its own."""
        self.clock += 1
        scratch = self.root / f"scratch-{self.clock}"
        scratch.mkdir()
        return ports.Run(
            folder=storage.run_folder(fsspec.filesystem("file"), str(self.root / "runs"), "dag", self.run_name),
            salesforce=self.org.client(),
            scratch=scratch,
            limits=tables.Limits(scratch / "spill"),
            clock=self.now,
            pause=lambda _: None,
            memory=storage.memory(fsspec.filesystem("file"), str(self.root / "runs")),
        )

    @property
    def document(self) -> dict[str, Any]:
        """The plan's document."""
        source = (self.root / self.name).as_uri()
        return {"name": "load", "source": {"uri": source}, "objects": self.mapping, **self.more}

    def files(self, uri: str, into: Path) -> list[files.File]:
        """List a source's files."""
        return storage.files(uri, into, [self.root.as_uri()])

    def stage(self) -> dict[str, Any]:
        """Begin the run and stage its rows."""
        (self.root / self.name).write_bytes(self.payload)
        return split.load(self.run, self.document, self)

    def batches(self, sql: str, conn_id: str) -> Iterator[batches.Batch]:
        """Ask an SQLite database of that name beside the payload."""
        return storage.rows(sqlite3.connect(self.root / conn_id), sql, conn_id)

    def split(self) -> list[int]:
        """The task `split`."""
        self.stage()
        return self.cut("Account")

    def cut(self, name: str) -> list[int]:
        """What `split` and `orphan_filter` do: link, set aside, cut; wait for the canary if there is one."""
        self.waited(cut.first(self.run, name)["canary"])
        return cut.go_on(self.run, name)

    def ids(self) -> dict[str, Any]:
        """The task `id_map`."""
        return ids.learn(self.run, "Account")

    def sent(self, name: str, chunks: list[int]) -> dict[str, int]:
        """The tasks that submit, wait for and settle an object's jobs."""
        jobs = [submit.chunk(self.run, name, number) for number in chunks]
        self.waited(jobs)
        wait.ended(self.run, name, jobs)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, int]:
        """The task `settle`, until nothing goes on."""
        while True:
            found = settle.advance(self.run, name)
            if not found["waiting"] and not found["not_before"]:
                return dict(found["tally"])
            self.waited(found["waiting"])
            self.clock += 3_600 if found["not_before"] else 0

    def waited(self, jobs: list[str]) -> None:
        """Look until all jobs have ended."""
        run = self.run
        while not all(state.is_terminal for state in wait.look(run, jobs).values()):
            pass

    def whole(self) -> dict[str, Any]:
        """All tasks of the DAG; what `summary` returns."""
        self.stage()
        for name in plan.plan_from(self.document).order():
            self.sent(name, self.cut(name))
            ids.learn(self.run, name)
        return summarize.close(self.run, [])

    @staticmethod
    def listed(uri: str) -> list[dict[str, str]]:
        """Read one of the files for people."""
        with Path(urlsplit(uri).path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def local_org(tmp_path: Path) -> Iterator[LocalOrg]:
    """A local org of this test's own, empty."""
    with org.running(tmp_path, "--control") as started:
        yield LocalOrg(started)


@pytest.fixture
def load(tmp_path: Path, local_org: LocalOrg) -> Load:
    """A run that hasn't begun."""
    return Load(tmp_path, local_org)
