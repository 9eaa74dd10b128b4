"""`/` → a page of counts, jobs and requests, for people on this machine only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.local_org import journal, page
from tests.include.local_org.test_work import Org
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An org without control."""
    with org.running(tmp_path_factory.mktemp("org")) as line:
        yield line


@pytest.fixture
def session() -> requests.Session:
    """HTTP without a token."""
    made = requests.Session()
    made.trust_env = False
    return made


def test_the_page_shows_records_jobs_and_requests(started: dict[str, Any], session: requests.Session) -> None:
    """Without a token: counts per object, the job with its state and rows, what was asked."""
    of = Org(started)
    job_id = of.closed("Account", "insert", [["Name"], ["Very Private Ltd"], ["b"]])
    of.ended(job_id)
    answer = session.get(started["http_url"], timeout=10)
    assert ("text/html", 200) == (answer.headers["Content-Type"].partition(";")[0], answer.status_code)
    wanted = ("<span>Account</span><b>2</b>", job_id, "JobComplete", "2 / 2", f"/jobs/ingest/{job_id}/batches", 'http-equiv="refresh"')
    assert [] == [each for each in wanted if each not in answer.text]


def test_the_page_counts_what_a_query_sees_and_shows_queries(tmp_path: Path, session: requests.Session) -> None:
    """Deleted records are no records; query jobs stand among the others, the newest first."""
    with org.running(tmp_path) as started:
        of = Org(started)
        job_id = of.closed("Account", "insert", [["Name"], ["a"], ["b"]])
        of.ended(job_id)
        of.ended(of.closed("Account", "delete", [["Id"], [of.results(job_id, "successfulResults")[0]["sf__Id"]]]))
        body = {"operation": "query", "query": "SELECT Id FROM Account"}
        query_id = of.session.post(f"{of.url}/services/data/v66.0/jobs/query", json=body, timeout=10).json()["id"]
        text = session.get(started["http_url"], timeout=10).text
    assert (True, True) == ("<span>Account</span><b>1</b>" in text, "3 jobs" in text)
    assert 0 < text.index(f"<code>{query_id}</code>") < text.index(f"<code>{job_id}</code>")


def test_the_page_holds_no_secrets_and_no_records(started: dict[str, Any], session: requests.Session) -> None:
    """Neither tokens and passwords nor what was loaded."""
    of = Org(started)
    of.ended(of.closed("Account", "insert", [["Name"], ["Very Private Ltd"]]))
    of.ended(of.closed("Account", "insert", [["Very Private Header"], ["x"]]))
    text = session.get(started["http_url"], timeout=10).text
    secrets = [started[name] for name in ("access_token", "password", "security_token", "client_secret", "client_id")]
    assert [] == [each for each in (*secrets, "Private") if each in text]


def test_the_page_is_for_this_machine_only(started: dict[str, Any], session: requests.Session) -> None:
    """By another machine's name, over HTTPS or through the proxy, there is nothing."""
    elsewhere = session.get(started["http_url"], headers={"Host": "rebound.example"}, timeout=10)
    session.verify = started["ca_file"]
    secured = session.get(started["https_url"], timeout=10)
    session.proxies = {"https": started["proxy_url"]}
    proxied = session.get("https://localorg.my.salesforce.com/", headers={"Host": "localhost"}, timeout=10)
    assert [404] * 3 == [each.status_code for each in (elsewhere, secured, proxied)]


def test_without_control_there_is_no_journal(started: dict[str, Any], session: requests.Session) -> None:
    """/control is off unless asked for."""
    assert 404 == session.get(f"{started['http_url']}/control/journal", timeout=10).status_code


def test_what_strangers_ask_for_is_no_html() -> None:
    """Paths are written as text."""
    entry = journal.Entry("2026-01-01T00:00:00.000Z", "GET", "/<script>", 404, 0, 0, 1.0)
    text = page.written("about", [], [], [entry])
    assert (False, True) == ("<script>" in text, "/&lt;script&gt;" in text)


def test_equal_requests_are_folded() -> None:
    """Polls in a row are one line and their number; the page's own requests are left out."""
    polled = journal.Entry("2026-01-01T00:00:00.000Z", "GET", "/poll", 200, 0, 0, 1.0)
    text = page.written("about", [], [], [polled._replace(path="/"), *[polled] * 7])
    assert (1, True, False) == (text.count("/poll"), "&times; 7" in text, "<code>/</code>" in text)
