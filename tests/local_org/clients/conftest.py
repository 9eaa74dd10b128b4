"""A folder → one org for all clients, and what it holds, asked in plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.local_org.clients import awkward
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="package")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One org for all clients."""
    with org.running(tmp_path_factory.mktemp("org")) as line:
        yield line


@pytest.fixture
def held(started: dict[str, Any]) -> Callable[[str], dict[str, str]]:
    """Ask the org which accounts it holds under a prefix: key and name."""

    def ask(prefix: str) -> dict[str, str]:
        session = requests.Session()
        session.trust_env = False
        query = f"SELECT {awkward.KEY}, Name FROM Account WHERE {awkward.KEY} LIKE '{prefix}-%'"
        headers = {"Authorization": f"Bearer {started['access_token']}"}
        answer = session.get(f"{started['http_url']}/services/data/v66.0/query", params={"q": query}, headers=headers, timeout=10)
        answer.raise_for_status()
        return {each[awkward.KEY]: each["Name"] for each in answer.json()["records"]}

    return ask
