"""Sections 6, 3.16 and 2.1.1: what a day's quotas and a user's permissions allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_org.conftest import DAY

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

pytestmark = pytest.mark.local
KINDS = ("successfulResults", "failedResults", "unprocessedrecords")


def left(steered: Steered) -> int:
    """How many batches the day still has."""
    found: int = steered.call("GET", "/limits").json()["DailyBulkApiBatches"]["Remaining"]
    return found


def names(count: int) -> str:
    """An upload of accounts."""
    return "Name\n" + "".join(f"q{n}\n" for n in range(count))


@pytest.mark.doc
def test_6_each_batch_of_10000_rows_counts(steered: Steered) -> None:
    """The empty parent batch doesn't, nor does a job without rows."""
    before = left(steered)
    steered.run("Name\n")
    steered.run(names(10_001))
    assert before - 2 == left(steered)


@pytest.mark.doc
def test_6_batches_count_for_24_hours(steered: Steered) -> None:
    """By the org's clock; on a day that no other test uses."""
    steered.steer(clock_skew_seconds=100 * DAY)
    steered.run(names(1))
    used = left(steered)
    steered.steer(clock_skew_seconds=101 * DAY + 60)
    assert (14_999, 15_000) == (used, left(steered))


@pytest.mark.doc
def test_3_16_rows_of_batches_past_the_quota_have_no_result(steered: Steered) -> None:
    """The job is Failed; what was done before stays."""
    steered.steer(daily_batches=15_000 - left(steered) + 1)
    job = steered.run(names(10_005))
    assert ("Failed", 10_000, "ExceededQuota : ApiBatchItems Limit exceeded.") == (
        job["state"],
        job["numberRecordsProcessed"],
        job["errorMessage"],
    )
    assert [10_000, 0, 0] == [len(steered.rows(job, kind)) for kind in KINDS]
    assert 0 == left(steered)


@pytest.mark.doc
def test_6_rows_past_the_daily_cap_are_not_worked_on(steered: Steered) -> None:
    """The job is Failed."""
    steered.steer(daily_rows=0)
    job = steered.run(names(3))
    assert ("Failed", 0, "ExceededQuota") == (job["state"], job["numberRecordsProcessed"], job["errorMessage"].split(" :")[0])


@pytest.mark.sfcode
def test_2_1_1_hard_delete_needs_a_permission(steered: Steered) -> None:
    """Without it the job isn't created."""
    limited = steered.limited()
    assert "FEATURENOTENABLED" == limited.refused(object="Account", operation="hardDelete")[0]["errorCode"]
    assert "hardDelete" == steered.create(operation="hardDelete")["operation"]


@pytest.mark.real
def test_2_1_a_job_names_the_user_who_made_it(steered: Steered) -> None:
    """The second user's jobs are not the first one's."""
    first, second = steered.create(), steered.limited().create()
    users = {each["Username"]: each["Id"] for each in steered.query("SELECT Id, Username FROM User")}
    assert [users[steered.line[name]] for name in ("username", "limited_username")] == [each["createdById"] for each in (first, second)]
