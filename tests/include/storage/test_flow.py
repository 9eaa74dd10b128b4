"""A whole load whose run folder stands in a bucket: the ledger reads the same from file:// and s3://."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include import storage
from tests.include.bulkload.steps.conftest import Load
from tests.running import org
from tests.running.loads import LocalOrg

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports

ACCOUNTS = [{"name": f"A{number}", "sourceId": f"K{number}", "contacts": [{"lastName": f"L{number}"}]} for number in range(20)]


@dataclass
class InBucket(Load):
    """A load with its run folder elsewhere."""

    fs: Any = None

    @property
    def run(self) -> ports.Run:
        """The run as a new task sees it."""
        folder = storage.run_folder(self.fs, f"loads/{self.root.name}", "parent_child_load", "manual__2026-11-23T19:10:50+00:00")
        return dataclasses.replace(super().run, folder=folder)


def test_a_load_through_a_bucket(tmp_path: Path, bucket: Any) -> None:
    """All tasks, then all of them again as if cleared: the same summary, no record twice."""
    with org.running(tmp_path, "--control") as started:
        load = InBucket(tmp_path, LocalOrg(started), payload=json.dumps({"accounts": ACCOUNTS}).encode(), fs=bucket)
        first, again = load.whole(), load.whole()
        assert ("COMPLETED", first) == (first["summary"]["status"], again)
        assert (20, 20) == tuple(len(load.org.query(f"SELECT Id FROM {name}")) for name in ("Account", "Contact"))
