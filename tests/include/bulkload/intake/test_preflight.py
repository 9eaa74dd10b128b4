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
        ("Contact", "LastName", {"name": "acme__LastName"}, "Contact has no field LastName; did you mean acme__LastName?"),
        ("Contact", "Email", {"name": "Phone", "nillable": False}, "objects.Contact.fields: Phone of Contact is required; add it"),
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


def with_link(**told: Any) -> plan.Plan:
    """The plan with one link told otherwise."""
    document = conftest.checked().model_dump(mode="json", by_alias=True)
    document["objects"]["Contact"]["parents"] = {"AccountId": {"object": "Account", "by": "nesting", **told}}
    return plan.plan_from(document)


@pytest.mark.parametrize(
    ("link", "lookup", "finding"),
    [
        (
            {"missing": "blank"},
            {"nillable": False},
            "parents.AccountId.missing: AccountId is required and can't be left blank",
        ),
        ({"cut": True}, {"nillable": False}, "AccountId is required, so its parents must be there first"),
        ({"cut": True}, {"updateable": False}, "would be set in a second pass, and this user can't change it"),
        ({"carry": "relationship"}, {"relationshipName": None}, "AccountId has no relationship name; carry the id"),
    ],
)
def test_a_link_that_the_lookup_cant_keep_is_named(link: dict[str, Any], lookup: dict[str, Any], finding: str) -> None:
    """Blank, late or by name: the lookup must allow it."""
    with pytest.raises(errors.PlanError) as wrong:
        preflight.check(with_link(**link), changed("Contact", "AccountId", **lookup))
    assert finding in str(wrong.value)


def test_a_required_field_that_an_upsert_may_not_need_is_a_warning() -> None:
    """Rows that only update don't need it; nobody knows before."""
    found = conftest.describes()
    found["Account"]["fields"].append(conftest.described(name="Site__c", nillable=False))
    assert ["objects.Account.fields: Site__c is required; rows that aren't in the org yet will fail"] == preflight.check(
        conftest.checked(), found
    )


def test_a_key_that_several_records_may_have_is_a_warning() -> None:
    """It works for all others."""
    (warning,) = preflight.check(conftest.checked(), changed("Account", "External_Id__c", unique=False))
    assert warning.startswith("objects.Account.external_id: External_Id__c isn't unique")


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
