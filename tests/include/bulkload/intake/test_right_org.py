"""The right org, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import plan, right_org
from tests.include.bulkload.intake import test_plan

ID = "00D000000000001EAA"
SANDBOX, PRODUCTION = {"Id": ID, "IsSandbox": True}, {"Id": ID, "IsSandbox": False}


def checked(org: Any) -> plan.Plan:
    """A plan for an org."""
    return plan.plan_from({**test_plan.GOOD, "org": org})


@pytest.mark.parametrize(
    ("org", "organization"),
    [
        (None, SANDBOX),
        ({"sandbox": True}, SANDBOX),
        ({"production": True}, PRODUCTION),
        ({"production": True, "sandbox": True}, SANDBOX),
        (ID, PRODUCTION),
        (ID[:15], SANDBOX),
    ],
)
def test_the_right_org_passes(org: Any, organization: dict[str, Any]) -> None:
    """By its kind, or by its id in either length."""
    right_org.check(checked(org), organization)


@pytest.mark.parametrize(
    ("org", "organization", "finding"),
    [
        (None, PRODUCTION, f"org: {ID} is no sandbox, and the plan doesn't say that it may go to production"),
        ({"sandbox": True}, PRODUCTION, "is no sandbox"),
        ({"production": True}, SANDBOX, f"org: {ID} is a sandbox, the plan is for production"),
        ("00D000000000002", PRODUCTION, f"the connection salesforce_default leads to {ID}, the plan is for 00D000000000002"),
    ],
)
def test_any_other_org_stops(org: Any, organization: dict[str, Any], finding: str) -> None:
    """Production must be spelled out; another id is another org."""
    with pytest.raises(errors.PlanError, match=finding.replace("(", r"\(")):
        right_org.check(checked(org), organization)
