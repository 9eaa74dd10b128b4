"""Plain HTTP to an org → jobs run and answers read; knows nothing of the loader or the local org."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "66.0"
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
PATIENCE = 120
MADE = re.compile(r"/jobs/(ingest|query)/?$")
# What REST made is found by its name; children go before their parents.
NAMED = {"Contact": "LastName", "Opportunity": "Name", "Account": "Name"}
TERMINAL = {"JobComplete", "Failed", "Aborted"}


@dataclass
class Salesforce:
    """An org, and what was made in it, so that it can be taken away again."""

    url: str
    token: str
    pause: float = 0.02
    prefix: str = field(default_factory=lambda: f"conf-{secrets.token_hex(4)}-")
    jobs: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    session: requests.Session = field(default_factory=requests.Session)
    parts: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """Take no proxies or certificates from the environment."""
        self.session.trust_env = False

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send a request below /services/data/v66.0, or to a path of its own if it begins with two slashes' worth."""
        plain = {"Accept-Encoding": "identity"}
        headers = {"Authorization": f"Bearer {self.token}", **plain, **more.pop("headers", {})}
        full = path if path.startswith(("/services", "//")) else f"/services/data/v{VERSION}{path}"
        answer = self.session.request(method, self.url + full, headers=headers, timeout=60, **more)
        made = MADE.search(full) if method == "POST" and answer.status_code == requests.codes.ok else None
        if made:
            with contextlib.suppress(ValueError, KeyError):
                (self.queries if made[1] == "query" else self.jobs).append(answer.json()["id"])
        return answer

    def part(self) -> Salesforce:
        """The same org with keys that no other part has; what it makes is still the whole's to take away."""
        return replace(self, prefix=f"{self.prefix}{next(self.parts)}-")

    def key(self, name: str) -> str:
        """A key of our own."""
        return self.prefix + name

    def number(self) -> str:
        """A whole number of our own, as a Number key."""
        return str(secrets.randbelow(10**12))

    def create(self, sobject: str = "Account", operation: str = "insert", **more: Any) -> dict[str, Any]:
        """Create a job."""
        answer = self.call("POST", "/jobs/ingest", json={"object": sobject, "operation": operation, **more})
        found: dict[str, Any] = answer.json()
        assert answer.status_code == 200, found
        return found

    def refused(self, **body: Any) -> list[dict[str, Any]]:
        """Create a job that must be refused; the error array."""
        answer = self.call("POST", "/jobs/ingest", json=body)
        assert answer.status_code == 400, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def upload(self, job_id: str, text: str | bytes) -> requests.Response:
        """Put a job's CSV."""
        body = text.encode() if isinstance(text, str) else text
        return self.call("PUT", f"/jobs/ingest/{job_id}/batches", data=body, headers={"Content-Type": "text/csv"})

    def patch(self, job_id: str, state: str) -> requests.Response:
        """Close or abort."""
        return self.call("PATCH", f"/jobs/ingest/{job_id}", json={"state": state})

    def job(self, job_id: str) -> dict[str, Any]:
        """Ask for a job."""
        found: dict[str, Any] = self.call("GET", f"/jobs/ingest/{job_id}").json()
        return found

    def ended(self, job_id: str) -> dict[str, Any]:
        """Ask until a job has ended."""
        until = time.monotonic() + PATIENCE
        while (found := self.job(job_id))["state"] not in TERMINAL:
            assert time.monotonic() < until, found
            time.sleep(self.pause)
        return found

    def run(self, text: str | bytes, sobject: str = "Account", operation: str = "insert", **more: Any) -> dict[str, Any]:
        """Create, upload, close, wait; the ended job."""
        job_id = self.create(sobject, operation, **more)["id"]
        assert self.upload(job_id, text).status_code == 201
        assert self.patch(job_id, "UploadComplete").status_code == 200
        return self.ended(job_id)

    def upsert(self, text: str, sobject: str = "Account") -> dict[str, Any]:
        """Run an upsert on External_Id__c."""
        return self.run(text, sobject, "upsert", externalIdFieldName="External_Id__c")

    def text(self, job: dict[str, Any], kind: str) -> str:
        """Read a result as it is."""
        answer = self.call("GET", f"/jobs/ingest/{job['id']}/{kind}")
        assert answer.status_code == 200, answer.text
        return answer.content.decode()

    def rows(self, job: dict[str, Any], kind: str) -> list[dict[str, str]]:
        """Read a result's rows."""
        return list(csv.DictReader(io.StringIO(self.text(job, kind), newline=""), delimiter=DELIMITERS[job["columnDelimiter"]]))

    def errors(self, job: dict[str, Any]) -> list[str]:
        """The errors of a job's rows."""
        return [row["sf__Error"] for row in self.rows(job, "failedResults")]

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Run a query."""
        found: list[dict[str, Any]] = self.call("GET", "/query", params={"q": soql}).json()["records"]
        return found

    def account(self, name: str) -> str:
        """Make an account with a key of ours; its Id."""
        job = self.upsert(f"External_Id__c,Name\n{self.key(name)},{self.key(name)}\n")
        (row,) = self.rows(job, "successfulResults")
        return row["sf__Id"]

    def clean(self) -> None:
        """Delete all that was made: what jobs made, what has our keys, and the jobs themselves."""
        made = self._made()
        for sobject, name in NAMED.items():
            made.setdefault(sobject, set()).update(self._named(sobject, name))
        for sobject in sorted(made, key=lambda each: [*NAMED].index(each) if each in NAMED else -1):
            if made[sobject]:
                self.run("Id\n" + "".join(f"{each}\n" for each in sorted(made[sobject])), sobject, "delete")
        for job_id in self.jobs:
            self.patch(job_id, "Aborted")
            self.call("DELETE", f"/jobs/ingest/{job_id}")
        for job_id in self.queries:
            self.call("DELETE", f"/jobs/query/{job_id}")

    def _made(self) -> dict[str, set[str]]:
        """The Ids of all records that our jobs made, by object."""
        made: dict[str, set[str]] = {}
        for job_id in dict.fromkeys(self.jobs):
            # A job that a test deleted is an error array.
            told = self.call("GET", f"/jobs/ingest/{job_id}").json()
            job = told if isinstance(told, dict) else {}
            if job.get("operation") in {"insert", "upsert"} and job["state"] in TERMINAL:
                created = {row["sf__Id"] for row in self.rows(job, "successfulResults") if row["sf__Created"] == "true"}
                made.setdefault(job["object"], set()).update(created)
        return made

    def _named(self, sobject: str, name: str) -> list[str]:
        """The Ids of an object's records whose name begins with our prefix, page by page."""
        page = self.call("GET", "/query", params={"q": f"SELECT Id FROM {sobject} WHERE {name} LIKE '{self.prefix}%'"}).json()
        found = page["records"]
        while following := page.get("nextRecordsUrl"):
            page = self.call("GET", following).json()
            found = found + page["records"]
        return [each["Id"] for each in found]
