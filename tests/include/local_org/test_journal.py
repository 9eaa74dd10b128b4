"""Requests → the journal: what it takes down, and what it never does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from aiohttp import test_utils

from include.local_org import journal
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API = "/services/data/v66.0"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the org writes its journal."""
    return tmp_path_factory.mktemp("org") / "journal.jsonl"


@pytest.fixture(scope="module")
def started(file: Path) -> Iterator[dict[str, Any]]:
    """An org with control and a journal file."""
    with org.running(file.parent, "--control", "--journal", str(file)) as line:
        yield line


@pytest.fixture
def session(started: dict[str, Any]) -> requests.Session:
    """HTTP with a token."""
    made = requests.Session()
    made.trust_env = False
    made.headers["Authorization"] = f"Bearer {started['access_token']}"
    return made


def last(session: requests.Session, started: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """The last requests."""
    answer = session.get(f"{started['http_url']}/control/journal", params={"last": count}, timeout=10)
    return list(answer.json()["requests"])


def test_a_request_is_taken_down_with_its_size_and_time(session: requests.Session, started: dict[str, Any]) -> None:
    """Method, path, status, bytes both ways, milliseconds."""
    body = json.dumps({"object": "Nope", "operation": "insert"}).encode()
    answer = session.post(f"{started['http_url']}{API}/jobs/ingest", data=body, timeout=10)
    (entry,) = last(session, started)
    assert ("POST", f"{API}/jobs/ingest", 400, len(body)) == tuple(entry[name] for name in ("method", "path", "status", "bytes_in"))
    assert (True, True) == (entry["bytes_out"] > len(answer.content), 0 <= entry["ms"] < 10_000)


def test_the_file_has_the_same_entries(session: requests.Session, started: dict[str, Any], file: Path) -> None:
    """A line of JSON for each request, at once."""
    session.get(f"{started['http_url']}{API}/limits", timeout=10)
    (entry,) = last(session, started)
    assert entry in [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_neither_secrets_nor_keys_are_taken_down(session: requests.Session, started: dict[str, Any], file: Path) -> None:
    """Query strings lose their values, paths the keys of records; a locator is neither."""
    url = started["http_url"]
    session.get(f"{url}{API}/query", params={"q": "SELECT Id FROM Account WHERE Name = 'Smith'"}, timeout=10)
    session.get(f"{url}{API}/sobjects/Account/External_Id__c/jane%40smith", timeout=10)
    session.post(f"{url}/services/oauth2/token?client_secret=hush", data={"password": "hush"}, timeout=10)
    session.get(f"{url}{API}/jobs/ingest?queryLocator=x-0", timeout=10)
    paths = [f"{API}/query?q=…", f"{API}/sobjects/Account/External_Id__c/…", "/services/oauth2/token?client_secret=…"]
    assert [*paths, f"{API}/jobs/ingest?queryLocator=x-0"] == [each["path"] for each in last(session, started, 4)]
    text = file.read_text("utf-8")
    assert [] == [secret for secret in (started["access_token"], "hush", "Smith", "jane") if secret in text]


def test_a_broken_connection_is_taken_down(session: requests.Session, started: dict[str, Any]) -> None:
    """A fault that breaks the connection off: status 0."""
    fault = {"path": "/limits$", "method": "GET", "nth": [1], "kind": "reset_after"}
    session.post(f"{started['http_url']}/control/settings", json={"http_faults": [fault]}, timeout=10).raise_for_status()
    with pytest.raises(requests.ConnectionError):
        session.get(f"{started['http_url']}{API}/limits", timeout=10)
    (entry,) = last(session, started)
    assert (f"{API}/limits", 0) == (entry["path"], entry["status"])


def test_only_the_last_requests_are_kept() -> None:
    """10,000 of them, the oldest go first."""
    made = journal.Journal()
    for number in range(journal.KEPT + 5):
        made.note(test_utils.make_mocked_request("GET", f"/{number}"), 200, 0, 0.001)
    kept = made.last()
    assert (10_000, "/5", "/10004") == (len(kept), kept[0].path, kept[-1].path)
