"""A plan against the org's describes: every mistake at once, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import plan, preflight
from tests.include.bulkload.intake import conftest


def changed(sobject: str, field: str, **told: Any) -> dict[str, Any]:
    """Describe the two objects, one field told otherwise."""
    found = conftest.describes()
    next(each for each in found[sobject]["fields"] if each["name"] == field).update(told)
    return found


def test_a_fitting_plan_passes() -> None:
    """Nothing to say."""
    preflight.check(conftest.checked(), conftest.describes())


@pytest.mark.parametrize(
    ("sobject", "field", "told", "finding"),
    [
        ("Account", "Name", {"name": "Nam"}, "objects.Account.fields.Name: Account has no field Name; did you mean Nam?"),
        ("Account", "BillingCity", {"createable": False}, "objects.Account.fields.BillingCity: BillingCity isn't createable for this user"),
        ("Account", "BillingCity", {"updateable": False}, "objects.Account.fields.BillingCity: BillingCity isn't updateable for this user"),
        ("Account", "External_Id__c", {"externalId": False}, "objects.Account.external_id: External_Id__c of Account is no external id"),
        ("Account", "External_Id__c", {"type": "double"}, "External_Id__c of Account is a number field; name an external id of type text"),
        (
            "Contact",
            "AccountId",
            {"referenceTo": []},
            "AccountId can't hold the Id of a Account, it is no lookup",
        ),
        ("Contact", "AccountId", {"referenceTo": ["User"]}, "it points at User"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(sobject: str, field: str, told: dict[str, Any], finding: str) -> None:
    """Place in the plan, what is wrong, what to do."""
    with pytest.raises(errors.PlanError) as wrong:
        preflight.check(conftest.checked(), changed(sobject, field, **told))
    assert finding in str(wrong.value)


def test_an_insert_does_not_need_to_update() -> None:
    """A field that may be created but not changed is fine for an insert."""
    preflight.check(conftest.checked(), changed("Contact", "Email", updateable=False))


def test_all_mistakes_come_at_once() -> None:
    """One round trip for the person who mends them."""
    found = changed("Account", "Name", name="Nam")
    found["Contact"]["fields"] = []
    with pytest.raises(errors.PlanError) as wrong:
        preflight.check(conftest.checked(), found)
    assert len(wrong.value.findings) > 3


def test_names_have_no_case() -> None:
    """Salesforce matches field names without case."""
    document = conftest.checked().model_dump(mode="json")
    document["objects"]["Contact"]["fields"] = {"LASTNAME": "lastName"}
    preflight.check(plan.plan_from(document), conftest.describes())
