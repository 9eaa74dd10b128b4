"""A local org of the tests' own, changed by each test and made plain again after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conformance import asked
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

HOUR, DAY = 3600, 86_400


@dataclass
class Steered(asked.Salesforce):
    """A local org that takes settings at run time; `line` is its start line."""

    line: dict[str, Any] = field(default_factory=dict)

    def control(self, method: str = "GET", path: str = "/control", document: Any = None) -> requests.Response:
        """Call the control endpoint, which asks for no token."""
        return self.session.request(method, self.url + path, json=document, timeout=10)

    def steer(self, **settings: Any) -> None:
        """Change settings."""
        answer = self.control("PATCH", document=settings)
        assert answer.status_code == 200, answer.text

    def counts(self) -> dict[str, int]:
        """What faults did until now."""
        found: dict[str, int] = self.control().json()["counts"]
        return found

    def limited(self) -> asked.Salesforce:
        """The same org for the user without the hard-delete permission."""
        return asked.Salesforce(self.url, self.line["limited_access_token"])

    def working(self, rows: int, **more: Any) -> str:
        """Close a job of so many accounts and wait until some of them are stored; its id."""
        job_id: str = self.create(**more)["id"]
        self.upload(job_id, "Name\n" + "".join(f"{self.prefix}{n}\n" for n in range(rows)))
        self.patch(job_id, "UploadComplete")
        while self.job(job_id).get("numberRecordsProcessed", 0) == 0:
            pass
        return job_id


@pytest.fixture(scope="session")
def steered_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An org that all tests of settings share."""
    with org.running(tmp_path_factory.mktemp("steered"), "--control") as line:
        yield line


@pytest.fixture
def steered(steered_line: dict[str, Any]) -> Iterator[Steered]:
    """That org, as it was started."""
    found = Steered(steered_line["http_url"], steered_line["access_token"], line=steered_line)
    before = found.control().json()["settings"]
    yield found
    found.control("PATCH", document=before)
    for job_id in found.jobs:
        found.patch(job_id, "Aborted")
