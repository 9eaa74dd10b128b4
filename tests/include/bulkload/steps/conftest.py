"""A local org and an empty run folder → a Run that steps are handed, without Airflow."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import ids
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

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
class Load(loads.Steps):
    """One run of the default mapping: a folder, an org, a payload."""

    root: Path
    org: loads.LocalOrg
    mapping: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(MAPPING)))
    more: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b'{"accounts": []}'
    name: str = "payload.json"
    run_name: str = "run"
    clock: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """The plan's document."""
        source = (self.root / self.name).as_uri()
        return {"name": "load", "source": {"uri": source}, "objects": self.mapping, **self.more}

    def stage(self) -> dict[str, Any]:
        """Begin the run and stage its rows."""
        (self.root / self.name).write_bytes(self.payload)
        return super().stage()

    def split(self) -> list[int]:
        """The task `split`."""
        self.stage()
        return self.cut("Account")

    def ids(self) -> dict[str, Any]:
        """The task `id_map`."""
        return ids.learn(self.run, "Account")

    @staticmethod
    def listed(uris: str | Sequence[str]) -> list[dict[str, str]]:
        """Read the files for people that a summary names for a fate."""
        return loads.listed(uris)


@pytest.fixture
def local_org(tmp_path: Path) -> Iterator[loads.LocalOrg]:
    """A local org of this test's own, empty."""
    with org.running(tmp_path, "--control") as started:
        yield loads.LocalOrg(started)


@pytest.fixture
def load(tmp_path: Path, local_org: loads.LocalOrg) -> Load:
    """A run that hasn't begun."""
    return Load(tmp_path, local_org)
