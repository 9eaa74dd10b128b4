"""`python -m tests.bench.local_org [--rows N]` → rows a second of the local org, upload to JobComplete, and its peak memory."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Sequence

INGEST = "/services/data/v66.0/jobs/ingest"
JOB = {"object": "Account", "operation": "upsert", "externalIdFieldName": "External_Id__c", "lineEnding": "LF"}


def main(arguments: Sequence[str]) -> int:
    """Upsert the same accounts twice, as new ones and as updates; print what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.local_org", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="accounts of five columns (default 1,000,000)")
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory(prefix="bulkload-bench-") as name, org.running(Path(name)) as started:
        upload = Path(name) / "accounts.csv"
        with upload.open("w", encoding="utf-8") as file:
            file.write("External_Id__c,Name,Industry,BillingCity,Phone\n")
            file.writelines(f'"K{n:08d}","Nordwind {n} Inc.","Education","Oslo","+47 {n}"\n' for n in range(rows))
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {started['access_token']}"
        for what in ("new", "updated"):
            _job(session, started["http_url"] + INGEST, upload, rows, what)
        peak = next(line for line in Path(f"/proc/{started['pid']}/status").read_text().splitlines() if line.startswith("VmHWM"))
        print(f"peak memory {int(peak.split()[1]) / 1024:,.0f} MB")
    return 0


def _job(session: requests.Session, ingest: str, upload: Path, rows: int, what: str) -> None:
    """Run one job and read its results."""
    began = time.monotonic()
    job = ingest + "/" + session.post(ingest, json=JOB, timeout=60).json()["id"]
    with upload.open("rb") as file:
        session.put(job + "/batches", data=file, headers={"Content-Type": "text/csv"}, timeout=600).raise_for_status()
    session.patch(job, json={"state": "UploadComplete"}, timeout=60).raise_for_status()
    while (found := session.get(job, timeout=60).json())["state"] not in {"JobComplete", "Failed", "Aborted"}:
        time.sleep(0.05)
    took = time.monotonic() - began
    print(
        f"{found['state']}: {rows:,} rows {what} in {took:,.1f} s, {rows / took:,.0f} rows/s, {found['numberRecordsFailed']} failed",
        flush=True,
    )
    began = time.monotonic()
    size = sum(len(block) for block in session.get(job + "/successfulResults", stream=True, timeout=600).iter_content(1 << 16))
    print(f"successfulResults: {size / 1e6:,.0f} MB in {time.monotonic() - began:,.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
