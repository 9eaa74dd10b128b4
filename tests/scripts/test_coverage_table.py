"""The org's routes → the page of what it serves, which is as the file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from scripts import coverage_table
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An org with control."""
    with org.running(tmp_path_factory.mktemp("org"), "--control") as line:
        yield line


@pytest.fixture
def session(started: dict[str, Any]) -> requests.Session:
    """HTTP with a token."""
    made = requests.Session()
    made.trust_env = False
    made.headers["Authorization"] = f"Bearer {started['access_token']}"
    return made


def test_the_page_is_as_the_routes_are() -> None:
    """Whoever adds a route runs `python -m scripts.coverage_table`."""
    assert coverage_table.PAGE.read_text("utf-8") == coverage_table.table()


def test_every_route_is_listed_with_what_it_does() -> None:
    """No line of the first table is without words."""
    assert [] == [each for each in coverage_table.routes() if len(each.what.split()) < 2]


def test_what_is_served_is_there(started: dict[str, Any], session: requests.Session) -> None:
    """Each path has a route: a verb that it doesn't take is refused as such, not as unknown."""
    paths = {PLACE.sub("66.0", each.path) for each in coverage_table.routes()}
    statuses = {path: session.request("TRACE", started["http_url"] + path, timeout=10).status_code for path in paths}
    assert {} == {path: status for path, status in statuses.items() if status != 405}


def test_what_is_not_served_does_not_exist(started: dict[str, Any], session: requests.Session) -> None:
    """404 or 405 in Salesforce's form, an array with code and message, as the second table says."""
    codes = {404: ["NOT_FOUND"], 405: ["METHOD_NOT_ALLOWED"]}
    known = coverage_table.missing(coverage_table.routes())
    asked = [(verb, path, session.request(verb, started["http_url"] + path, timeout=10)) for verb, path, _, _ in known]
    told = [(verb, path, answer.status_code, [each["errorCode"] for each in answer.json()]) for verb, path, answer in asked]
    assert [(verb, path, status, codes[status]) for verb, path, _, status in known] == told
