"""`python -m tests.bench.local_org [--rows N] [--jobs N]` → rows, jobs and polls a second of the local org, and its peak memory."""

from __future__ import annotations

import argparse
import itertools
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INGEST = "/services/data/v66.0/jobs/ingest"
QUERY = "/services/data/v66.0/jobs/query"
JOB = {"object": "Account", "operation": "upsert", "externalIdFieldName": "External_Id__c", "lineEnding": "LF"}
ENDED = {"JobComplete", "Failed", "Aborted"}
# An upload has at most 150,000,000 bytes.
MOST_ROWS = 1_000_000
ROWS_OF_MANY, SECONDS = 2000, 3


def main(arguments: Sequence[str]) -> int:
    """Upsert the same accounts twice, as new ones and as updates; query them; run many jobs at once; poll. Print what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.local_org", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="accounts of five columns (default 1,000,000)")
    parser.add_argument("--jobs", type=int, default=50, help="jobs at once, of 2,000 accounts each (default 50)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bulkload-bench-") as name, org.running(Path(name)) as started:
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {started['access_token']}"
        ingest = started["http_url"] + INGEST
        upload = Path(name) / "accounts.csv"
        for what in ("new", "updated"):
            for start in range(0, given.rows, MOST_ROWS):
                rows = _written(upload, start, min(MOST_ROWS, given.rows - start))
                _job(session, ingest, upload, rows, what)
        _query(session, started["http_url"] + QUERY)
        _many(session, ingest, upload, given.jobs)
        _polls(session, ingest, started)
        peak = next(line for line in Path(f"/proc/{started['pid']}/status").read_text().splitlines() if line.startswith("VmHWM"))
        print(f"peak memory {int(peak.split()[1]) / 1024:,.0f} MB")
    return 0


def _written(path: Path, start: int, rows: int) -> int:
    """Write an upload; its rows."""
    with path.open("w", encoding="utf-8") as file:
        file.write("External_Id__c,Name,Industry,BillingCity,Phone\n")
        file.writelines(f'"K{n:08d}","Nordwind {n} Inc.","Education","Oslo","+47 {n}"\n' for n in range(start, start + rows))
    return rows


def _closed(session: requests.Session, ingest: str, upload: Path) -> str:
    """Create, upload and close a job; its URL."""
    job = ingest + "/" + str(session.post(ingest, json=JOB, timeout=60).json()["id"])
    with upload.open("rb") as file:
        session.put(job + "/batches", data=file, headers={"Content-Type": "text/csv"}, timeout=600).raise_for_status()
    session.patch(job, json={"state": "UploadComplete"}, timeout=60).raise_for_status()
    return job


def _ended(session: requests.Session, job: str) -> dict[str, Any]:
    """Wait for a job's end."""
    while (found := session.get(job, timeout=60).json())["state"] not in ENDED:
        time.sleep(0.05)
    return dict(found)


def _job(session: requests.Session, ingest: str, upload: Path, rows: int, what: str) -> None:
    """Run one job and read its results."""
    began = time.monotonic()
    job = _closed(session, ingest, upload)
    found = _ended(session, job)
    took = time.monotonic() - began
    print(
        f"{found['state']}: {rows:,} rows {what} in {took:,.1f} s, {rows / took:,.0f} rows/s, {found['numberRecordsFailed']} failed",
        flush=True,
    )
    began = time.monotonic()
    size = sum(len(block) for block in session.get(job + "/successfulResults", stream=True, timeout=600).iter_content(1 << 16))
    print(f"successfulResults: {size / 1e6:,.0f} MB in {time.monotonic() - began:,.1f} s", flush=True)


def _query(session: requests.Session, queries: str) -> None:
    """Query two columns of all accounts in a job and read its pages."""
    began = time.monotonic()
    asked = {"operation": "query", "query": "SELECT Id, External_Id__c FROM Account"}
    job = queries + "/" + str(session.post(queries, json=asked, timeout=60).json()["id"])
    rows = _ended(session, job)["numberRecordsProcessed"]
    print(f"query job: {rows:,} rows of 2 columns in {time.monotonic() - began:,.1f} s", flush=True)
    began, locator, size = time.monotonic(), "", 0
    while locator != "null":
        answer = session.get(f"{job}/results", params={"locator": locator} if locator else {}, timeout=600)
        locator, size = answer.headers["Sforce-Locator"], size + len(answer.content)
    print(f"query results: {size / 1e6:,.0f} MB in {time.monotonic() - began:,.1f} s", flush=True)


def _many(session: requests.Session, ingest: str, upload: Path, jobs: int) -> None:
    """Run many jobs at once, each of other accounts, so that none waits for a lock."""
    began = time.monotonic()
    closed = []
    for number in range(jobs):
        _written(upload, 50_000_000 + number * ROWS_OF_MANY, ROWS_OF_MANY)
        closed.append(_closed(session, ingest, upload))
    found = [_ended(session, job) for job in closed]
    took = time.monotonic() - began
    complete = sum(1 for job in found if job["state"] == "JobComplete" and job["numberRecordsProcessed"] == ROWS_OF_MANY)
    print(f"{complete} of {jobs} jobs at once complete in {took:,.1f} s, {jobs * ROWS_OF_MANY / took:,.0f} rows/s", flush=True)


def _polls(session: requests.Session, ingest: str, started: dict[str, Any]) -> None:
    """Look at one job over and over on one connection, a plain socket: requests itself would be what is measured."""
    job_id = session.get(ingest, timeout=60).json()["records"][0]["id"]
    where = urlsplit(started["http_url"])
    head = f"GET {INGEST}/{job_id} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {started['access_token']}\r\n\r\n"
    with socket.create_connection((where.hostname, where.port), 60) as connection:
        began = time.monotonic()
        polls = sum(1 for _ in itertools.takewhile(lambda _: time.monotonic() - began < SECONDS, _answers(connection, head.encode())))
    print(f"{polls / SECONDS:,.0f} polls/s on one connection", flush=True)


def _answers(connection: socket.socket, request: bytes) -> Iterator[bytes]:
    """Send the same request for ever; each answer, a JSON object."""
    while True:
        connection.sendall(request)
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(1 << 16)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        yield answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
