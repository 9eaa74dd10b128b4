"""A job's batches → when each was worked on, and how often it was put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.local_org import timeline
from tests.include.local_org.test_work import Org
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """An org with control."""
    with org.running(tmp_path_factory.mktemp("org"), "--control") as line:
        yield Org(line)


def test_every_batch_is_told_with_its_times(of: Org) -> None:
    """25,000 rows are three batches, each begun and ended, all rows in them."""
    job_id = of.closed("Account", "insert", [["Name"], *([f"a{n}"] for n in range(25_000))])
    of.ended(job_id)
    told = of.session.get(f"{of.url}/control/jobs/{job_id}", timeout=10).json()
    assert (25_000, [(1, 10_000), (2, 10_000), (3, 5_000)]) == (told["rows"], [(each["batch"], each["rows"]) for each in told["batches"]])
    assert all(0 <= each["startedMs"] <= each["endedMs"] for each in told["batches"])


def test_retries_are_told_per_batch(of: Org) -> None:
    """Children of one parent in two batches contend; the batches' retries add up to the job's."""
    (parent,) = of.accounts(1)
    job_id = of.closed("Contact", "insert", [["LastName", "AccountId"], *([f"c{n}", parent] for n in range(12_000))])
    job = of.ended(job_id)
    told = of.session.get(f"{of.url}/control/jobs/{job_id}", timeout=10).json()
    assert (True, job["retries"]) == (job["retries"] > 0, sum(each["retries"] for each in told["batches"]))


def test_unknown_jobs_have_none(of: Org) -> None:
    """404 for a job that isn't there; no batches for one that wasn't worked on."""
    body = {"object": "Account", "operation": "insert"}
    job_id = of.session.post(f"{of.url}/services/data/v66.0/jobs/ingest", json=body, timeout=10).json()["id"]
    told = of.session.get(f"{of.url}/control/jobs/{job_id}", timeout=10).json()
    missing = of.session.get(f"{of.url}/control/jobs/750000000000000AAA", timeout=10).status_code
    assert (404, "Open", []) == (missing, told["state"], told["batches"])


def test_only_the_last_jobs_are_remembered() -> None:
    """The oldest timeline goes when there are too many."""
    kept = timeline.Timelines()
    for number in range(timeline.MOST_JOBS + 1):
        kept.keep(str(number), timeline.Timeline())
    assert (None, True) == (kept.get("0"), kept.get("1") is not None)
