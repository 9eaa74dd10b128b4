"""Jobs of several batches → worked on in turns, with real locks, and whole after a kill (contract 8)."""

from __future__ import annotations

import csv
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

API = "/services/data/v66.0"
BATCH = 10_000


class Org:
    """Plain HTTP to a running org."""

    def __init__(self, started: dict[str, Any]) -> None:
        self.url, self.pid = started["http_url"], started["pid"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {started['access_token']}"

    def closed(self, sobject: str, operation: str, table: Sequence[Sequence[str]], **more: str) -> str:
        """Create, upload and close a job; its id."""
        body = {"object": sobject, "operation": operation, "lineEnding": "LF", **more}
        job_id = str(self.session.post(f"{self.url}{API}/jobs/ingest", json=body, timeout=10).json()["id"])
        text = "".join(",".join(row) + "\n" for row in table)
        self.session.put(f"{self.url}{API}/jobs/ingest/{job_id}/batches", data=text.encode(), timeout=60).raise_for_status()
        self.session.patch(f"{self.url}{API}/jobs/ingest/{job_id}", json={"state": "UploadComplete"}, timeout=10).raise_for_status()
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Ask for a job."""
        found: dict[str, Any] = self.session.get(f"{self.url}{API}/jobs/ingest/{job_id}", timeout=10).json()
        return found

    def ended(self, job_id: str) -> dict[str, Any]:
        """Ask until a job has ended."""
        while (found := self.job(job_id))["state"] not in {"JobComplete", "Failed", "Aborted"}:
            pass
        return found

    def results(self, job_id: str, kind: str) -> list[dict[str, str]]:
        """Read a result file."""
        text = self.session.get(f"{self.url}{API}/jobs/ingest/{job_id}/{kind}", timeout=60).content.decode()
        return list(csv.DictReader(text.splitlines()))

    def count(self, sobject: str) -> int:
        """Count an object's records."""
        return int(
            self.session.get(f"{self.url}{API}/query", params={"q": f"SELECT COUNT() FROM {sobject}"}, timeout=30).json()["totalSize"]
        )

    def behave(self, **settings: Any) -> None:
        """Change its settings."""
        self.session.post(f"{self.url}/control/settings", json=settings, timeout=10).raise_for_status()

    def accounts(self, count: int) -> list[str]:
        """Insert accounts; their Ids."""
        job_id = self.closed("Account", "insert", [["Name"], *([f"a{n}"] for n in range(count))])
        self.ended(job_id)
        return [row["sf__Id"] for row in self.results(job_id, "successfulResults")]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Org]:
    """An empty org that takes settings at run time."""
    with org.running(tmp_path, "--control") as started:
        yield Org(started)


def children(parents: Sequence[str]) -> list[list[str]]:
    """One contact a parent named."""
    return [["LastName", "AccountId"], *([f"c{n}", parent] for n, parent in enumerate(parents))]


def test_children_of_one_parent_in_two_batches_contend(local: Org) -> None:
    """Each chunk of both batches needs both accounts: one of the two waits, and the job counts that it was tried again."""
    pair = local.accounts(2)
    ended = local.ended(local.closed("Contact", "insert", children(pair * BATCH)))
    assert (2 * BATCH, 0) == (ended["numberRecordsProcessed"], ended["numberRecordsFailed"])
    assert ended["retries"] > 0


def test_children_sorted_by_parent_do_not_contend(local: Org) -> None:
    """Each batch has a parent of its own, so no chunk ever waits."""
    first, second = local.accounts(2)
    ended = local.ended(local.closed("Contact", "insert", children([first] * BATCH + [second] * BATCH)))
    assert (0, 0) == (ended["numberRecordsFailed"], ended["retries"])


def test_who_loses_the_last_try_loses_the_rows(local: Org) -> None:
    """UNABLE_TO_LOCK_ROW names the parent; rows of other parents in the same chunk get through (contract 4.4)."""
    local.behave(lock_tries=0)
    shared, *own = local.accounts(3)
    table = children([shared, own[0]] * (BATCH // 2) + [shared, own[1]] * (BATCH // 2))
    job_id = local.closed("Contact", "insert", table)
    failed = local.ended(job_id)["numberRecordsFailed"]
    errors = {row["sf__Error"] for row in local.results(job_id, "failedResults")}
    assert {f"UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: {shared}:--"} == errors
    assert {shared} == {row["AccountId"] for row in local.results(job_id, "failedResults")}
    assert failed == BATCH // 2


def test_a_record_held_from_outside_is_lost_until_it_is_let_go(local: Org) -> None:
    """Somebody else edits the account: its contacts fail; later they don't."""
    held, free = local.accounts(2)
    local.behave(held_locks=[held])
    first = local.ended(local.closed("Contact", "insert", children([held, free])))
    local.behave(held_locks=[])
    second = local.ended(local.closed("Contact", "insert", children([held, free])))
    assert (1, 0) == (first["numberRecordsFailed"], second["numberRecordsFailed"])


def test_many_jobs_are_worked_on_in_turns(local: Org) -> None:
    """A small job doesn't wait for the end of a large one that was closed before it."""
    # One rate for both: a change of settings between the jobs could reach the first before it has begun.
    local.behave(rows_per_second=50)
    large = local.closed("Account", "insert", [["Name"], *([f"large{n}"] for n in range(2000))])
    small = local.ended(local.closed("Account", "insert", [["Name"], ["small"]]))
    assert ("JobComplete", "InProgress") == (small["state"], local.job(large)["state"])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_killed_org_has_every_committed_chunk_and_goes_on(tmp_path: Path, share: float) -> None:
    """SIGKILL while it works: after a new start on the same file each row is stored once and has one result."""
    rows = 3 * BATCH
    with org.running(tmp_path) as started:
        killed = Org(started)
        job_id = killed.closed(
            "Account",
            "upsert",
            [["External_Id__c", "Name"], *([f"K{n}", f"a{n}"] for n in range(rows))],
            externalIdFieldName="External_Id__c",
        )
        while killed.job(job_id)["numberRecordsProcessed"] < share * rows:
            pass
        os.kill(killed.pid, signal.SIGKILL)
    with org.running(tmp_path) as started:
        again = Org(started)
        ended = again.ended(job_id)
        results = again.results(job_id, "successfulResults")
        assert ("JobComplete", rows, 0) == (ended["state"], ended["numberRecordsProcessed"], ended["numberRecordsFailed"])
        assert (rows, rows, rows) == (again.count("Account"), len(results), len({row["External_Id__c"] for row in results}))


def test_what_an_aborted_job_has_not_taken_is_unprocessed(local: Org) -> None:
    """Each uploaded row stands in exactly one of the three result files, whichever batches were at work."""
    local.behave(job_seconds=5, abort_lag_seconds=0)
    rows = 3 * BATCH
    job_id = local.closed("Account", "insert", [["Name"], *([f"a{n}"] for n in range(rows))])
    while local.job(job_id)["numberRecordsProcessed"] == 0:
        pass
    local.session.patch(f"{local.url}{API}/jobs/ingest/{job_id}", json={"state": "Aborted"}, timeout=10).raise_for_status()
    # Jobs are worked on in turns: when this one has ended, the chunks at work at the abort are committed.
    local.ended(local.closed("Contact", "insert", [["LastName"], ["after"]]))
    names = [row["Name"] for kind in ("successfulResults", "failedResults", "unprocessedrecords") for row in local.results(job_id, kind)]
    assert sorted(f"a{n}" for n in range(rows)) == sorted(names)
    assert 0 < local.count("Account") < rows
