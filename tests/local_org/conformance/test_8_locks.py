"""Sections 8.4 and 4.4: records that two writers want at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

pytestmark = pytest.mark.local
KINDS = ("successfulResults", "failedResults", "unprocessedrecords")
BATCH = 10_000


def accounts(steered: Steered, count: int) -> list[str]:
    """Insert accounts; their Ids."""
    job = steered.run("Name\n" + "".join(f"{steered.prefix}{n}\n" for n in range(count)))
    return [row["sf__Id"] for row in steered.rows(job, "successfulResults")]


def children(steered: Steered, parents: list[str]) -> str:
    """An upload of one contact a parent named."""
    return "LastName,AccountId\n" + "".join(f"{steered.prefix}{n},{parent}\n" for n, parent in enumerate(parents))


@pytest.mark.user
def test_4_4_a_locked_parent_refuses_its_rows(steered: Steered) -> None:
    """They are told its Id; the others of the chunk get through."""
    held, free = accounts(steered, 2)
    steered.steer(held_locks=[held], lock_tries=2)
    job = steered.run(children(steered, [held, free, held]), "Contact")
    said = f"UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: {held}:--"
    assert ("JobComplete", [said, said], 2) == (job["state"], steered.errors(job), job["retries"])


@pytest.mark.doc
def test_8_4_lock_failures_that_were_retried_show_as_retries_only(steered: Steered) -> None:
    """Two batches of children of the same parents: nothing fails, the job's retries count."""
    steered.steer(lock_tries=10_000)
    job = steered.run(children(steered, accounts(steered, 2) * BATCH), "Contact")
    assert (0, 2 * BATCH, True) == (job["numberRecordsFailed"], job["numberRecordsProcessed"], job["retries"] > 0)


@pytest.mark.doc
def test_8_4_children_sorted_by_parent_need_no_retries(steered: Steered) -> None:
    """Each batch has a parent of its own."""
    first, second = accounts(steered, 2)
    job = steered.run(children(steered, [first] * BATCH + [second] * BATCH), "Contact")
    assert (0, 0) == (job["numberRecordsFailed"], job["retries"])


@pytest.mark.user
def test_8_4_two_jobs_contend_like_two_batches(steered: Steered) -> None:
    """Both write children of one parent, and are begun at the same look."""
    (parent,) = accounts(steered, 1)
    steered.steer(looks=1000, lock_tries=10_000)
    ids = [steered.create("Contact")["id"] for _ in range(2)]
    for job_id in ids:
        steered.upload(job_id, children(steered, [parent] * 2000))
        steered.patch(job_id, "UploadComplete")
    steered.steer(looks=0)
    jobs = [steered.ended(job_id) for job_id in ids]
    assert [(2000, 0)] * 2 == [(job["numberRecordsProcessed"], job["numberRecordsFailed"]) for job in jobs]
    assert sum(job["retries"] for job in jobs) > 0


@pytest.mark.user
def test_4_3_too_many_lock_failures_end_the_job(steered: Steered) -> None:
    """Failed; what was saved stays, the rest is unprocessed."""
    held, free = accounts(steered, 2)
    steered.steer(held_locks=[held], lock_tries=0, lock_failures=200, lanes=1)
    job = steered.run(children(steered, [free] * 200 + [held] * 200 + [free] * 200), "Contact")
    said = "TooManyLockFailure : Too many lock failure 200 Trying again later."
    assert ("Failed", said) == (job["state"], job["errorMessage"])
    assert [200, 200, 200] == [len(steered.rows(job, kind)) for kind in KINDS]
