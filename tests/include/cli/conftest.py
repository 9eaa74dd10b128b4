"""A plan file, its sources and a local org → the command line, as somebody types it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from include.cli import commands
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT: dict[str, Any] = {
    "sobject": "Account",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "fields": {"Name": "name", "External_Id__c": "id"},
}


@dataclass
class Typed:
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What was printed, as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Desk:
    """Somebody at a command line: a folder, an org, a plan of accounts from a CSV file."""

    folder: Path
    org: loads.LocalOrg
    printed: pytest.CaptureFixture[str]
    plan: dict[str, Any] = field(
        default_factory=lambda: {"name": "accounts", "source": {"uri": "./rows.csv"}, "objects": {"Account": dict(ACCOUNT)}}
    )
    rows: str = "id,name\nK1,One\nK2,Two\n"

    @property
    def connection(self) -> dict[str, str]:
        """A connection to the org."""
        return {"instance_url": self.org.started["http_url"], "access_token": self.org.started["access_token"]}

    def file(self) -> str:
        """Save plan and rows; the plan's file."""
        (self.folder / "rows.csv").write_text(self.rows)
        path = self.folder / "plan.json"
        path.write_text(json.dumps(self.plan))
        return str(path)

    def type(self, *words: str) -> Typed:
        """Type a command."""
        try:
            status = commands.main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
        return Typed(status, *self.printed.readouterr())


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at an empty org, to which the environment's connection leads."""
    with org.running(tmp_path, "--control") as started:
        made = Desk(tmp_path, loads.LocalOrg(started), capsys)
        monkeypatch.setenv("BULKLOAD_CONNECTION", json.dumps(made.connection))
        monkeypatch.delenv("BULKLOAD_RUN_BASE", raising=False)
        yield made
