"""Accounts → the summary, and whether the run may be green: never with rows lost and nobody told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from include.bulkload.basics import entities
from include.bulkload.intake import plan
from include.bulkload.report import reconcile, summary
from tests.include.bulkload.intake import test_plan

JOB = {"id": "750000000000001AAA", "state": "JobComplete", "processed": 10, "failed": 0, "notThrough": 0}


def part(name: str, source: int = 10, jobs: list[dict[str, Any]] | None = None, **fates: int) -> summary.Part:
    """Make an object's part: what isn't named otherwise succeeded."""
    whole = dict.fromkeys((str(fate) for fate in entities.Fate), 0) | fates
    whole["succeeded"] = fates.get("succeeded", source - sum(fates.values()))
    return summary.Part(name, reconcile.Account(source, whole, whole["succeeded"]), [JOB] if jobs is None else jobs, {}, {}, source)


def judged(*parts: summary.Part, troubles: tuple[str, ...] = (), **allowed: Any) -> summary.Verdict:
    """Judge a load of accounts and contacts; `allowed` is max_failed by object."""
    document = test_plan.with_change("objects/Account/max_failed", allowed.get("Account", 0))
    document["objects"]["Contact"]["max_failed"] = allowed.get("Contact", 0)
    return summary.judge(plan.plan_from(document), parts, troubles, "t0", "t1")


def test_a_whole_load_is_completed_and_green() -> None:
    """Nothing lost: COMPLETED."""
    verdict = judged(part("Account"), part("Contact"))
    assert ("COMPLETED", True, "t1") == (verdict.document["status"], verdict.clean, verdict.document["completedAt"])


@pytest.mark.parametrize("fate", ["failed", "unprocessed", "orphaned", "rejected"])
@pytest.mark.parametrize(("allowed", "clean"), [(1, False), (2, True), ("19%", False), ("20%", True)])
def test_lost_rows_beyond_the_bound_make_the_run_red(fate: str, allowed: Any, clean: bool) -> None:
    """Each kind of loss counts; the status is COMPLETED_WITH_ERRORS in both colours."""
    verdict = judged(part("Account"), part("Contact", **{fate: 2}), Contact=allowed)
    assert ("COMPLETED_WITH_ERRORS", clean) == (verdict.document["status"], verdict.clean)


def test_rows_in_doubt_are_red_whatever_is_allowed() -> None:
    """Nobody may allow what nobody knows."""
    verdict = judged(part("Account"), part("Contact", in_doubt=1), Contact="100%")
    assert not verdict.clean
    assert "Contact: 1 rows are in doubt, no result tells whether they were written; look for their records" in verdict.why


def test_rows_of_jobs_that_nobody_collected_are_looked_at_by_a_clear() -> None:
    """Of the others a clear learns nothing more, so people are told apart what helps."""
    contacts = part("Contact", in_doubt=3)
    contacts = dataclasses.replace(contacts, account=dataclasses.replace(contacts.account, uncollected=2))
    assert [
        "Contact: 2 rows are in doubt as their jobs aren't collected; clear the run to look again",
        "Contact: 1 rows are in doubt, no result tells whether they were written; look for their records",
    ] == list(judged(part("Account"), contacts, Contact="100%").why)


@pytest.mark.parametrize(("not_through", "clean"), [(0, True), (3, False)])
def test_a_failed_job_with_rows_not_through_is_red(not_through: int, clean: bool) -> None:
    """Its own message is told."""
    job = JOB | {"state": "Failed", "notThrough": not_through, "errorMessage": "Timeout : x"}
    verdict = judged(part("Account"), part("Contact", jobs=[job], unprocessed=3), Contact=3)
    assert clean == verdict.clean
    assert clean or any("ended Failed (Timeout : x), 3 rows didn't get through" in sentence for sentence in verdict.why)


def test_merged_rows_are_not_lost() -> None:
    """They share their twin's record."""
    assert judged(part("Account", merged=4), part("Contact")).document["status"] == "COMPLETED"


def test_a_broken_flow_is_failed() -> None:
    """What the task said stands in `error`."""
    verdict = judged(part("Account"), part("Contact", unprocessed=10, jobs=[]), troubles=("child_job: no way",))
    assert ("FAILED", False, "SKIPPED") == (verdict.document["status"], verdict.clean, verdict.document["childJob"])
    assert "child_job: no way" in verdict.document["error"]


def test_sums_that_do_not_close_fail_the_run_and_say_by_how_much() -> None:
    """One row has no fate."""
    verdict = judged(part("Account", succeeded=9), part("Contact"))
    assert ("FAILED", False) == (verdict.document["status"], verdict.clean)
    assert "Account: the sums don't close, +1 rows have no fate" in verdict.document["error"]


def test_no_parent_through_is_failed_even_if_the_job_completed() -> None:
    """Green jobs with nothing in them don't fool anybody."""
    verdict = judged(part("Account", failed=10), part("Contact", orphaned=10, jobs=[]), Account="100%", Contact="100%")
    assert ("FAILED", "NOT_CREATED", False) == (verdict.document["status"], verdict.document["childJob"], verdict.clean)


def test_no_source_rows_need_no_job() -> None:
    """Nothing to do is not a failure."""
    verdict = judged(part("Account", source=0, jobs=[]), part("Contact", source=0, jobs=[]))
    assert ("COMPLETED", "SKIPPED", "SKIPPED", True) == (
        *(verdict.document[key] for key in ("status", "parentJob", "childJob")),
        verdict.clean,
    )


def test_several_jobs_are_a_list() -> None:
    """One id stands alone, as it did before."""
    verdict = judged(part("Account", jobs=[JOB, JOB | {"id": "750000000000002AAA"}]), part("Contact"))
    assert (["750000000000001AAA", "750000000000002AAA"], "750000000000001AAA") == (
        verdict.document["parentJob"],
        verdict.document["childJob"],
    )


def test_parents_lost_in_any_way_are_parent_failures() -> None:
    """Failed + unprocessed + in doubt + rejected; merged ones aren't."""
    verdict = judged(part("Account", failed=1, unprocessed=1, in_doubt=1, rejected=1, merged=1), part("Contact"))
    assert (5, 4) == (verdict.document["parentSuccessCount"], verdict.document["parentFailureCount"])


def test_a_run_that_never_began_is_summed_up_too() -> None:
    """Its error is told, its counts are 0."""
    verdict = summary.never_began(["split: the payload is empty"], "t1")
    assert ("FAILED", "split: the payload is empty", "NOT_CREATED", 0) == tuple(
        verdict.document[key] for key in ("status", "error", "parentJob", "totalParents")
    )
