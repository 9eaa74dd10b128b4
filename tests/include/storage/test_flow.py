"""A whole load whose run folder stands in a bucket, and its sweep: the ledger reads the same from file:// and s3://."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include import storage
from include.bulkload.basics import tables
from include.bulkload.steps import sweep
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


def test_a_swept_run_in_a_bucket_holds_no_row(tmp_path: Path, bucket: Any) -> None:
    """A month later only its ledger, its plan and its summary stand there, and none of them quotes a row."""
    with org.running(tmp_path, "--control") as started:
        load = InBucket(tmp_path, LocalOrg(started), payload=json.dumps({"accounts": ACCOUNTS}).encode(), fs=bucket)
        load.whole()
        base = f"loads/{tmp_path.name}"
        later = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
        ground = sweep.Ground(
            archive=storage.archive(bucket, base),
            org=lambda _: load.org.client(),
            is_over=lambda _: True,
            scratch=tmp_path,
            limits=tables.Limits(tmp_path / "spill"),
            clock=lambda: later,
            pause=lambda _: None,
        )
        found = sweep.files(ground)
    left = {path: bucket.cat(path) for path in bucket.find(base)}
    assert ([], [False]) == (found["troubles"], [each["ledger"] for each in found["done"]])
    assert "summary.json" in {path.rsplit("/", 1)[-1] for path in left}
    assert [] == [path for path, held in left.items() if b"K19" in held]
