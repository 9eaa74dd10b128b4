"""include/plans/contact_roles.yaml, run: each role hangs on both of its parents, or isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.plans import conftest

if TYPE_CHECKING:
    from tests.plans.conftest import Shipped

CONTACTS = {
    "P-1": ("Ana", "Pérez", "ana@example.com"),
    "P-2": ("Søren", "Quist", "soren@example.com"),
    "P-3": (None, "van der Berg", None),
    "P-4": ("Yuki", "Nakamura", "yuki@example.com"),
}
OPPORTUNITIES = {
    "D-1": ("Turbines, north", "Prospecting", "2026-11-30"),
    "D-2": ("Turbines, south", "Closed Won", "2026-03-01"),
    "D-3": ("Spare parts", "Prospecting", "2027-01-15"),
}
ROLES = {
    "R-1": ("D-1", "P-1", "Decision Maker", True),
    "R-2": ("D-1", "P-2", "Evaluator", False),
    "R-3": ("D-2", "P-2", "Decision Maker", True),
    "R-4": ("D-2", "P-3", "Other", False),
    "R-5": ("D-3", "P-1", "Evaluator", False),
    "R-6": ("D-3", "P-4", "Decision Maker", True),
}


def check(shipped: Shipped, *left_out: str) -> None:
    """Look at every record; those whose keys are left out must be missing, and nothing else."""
    contacts = shipped.records("Contact", "FirstName", "LastName", "Email")
    opportunities = shipped.records("Opportunity", "Name", "StageName", "CloseDate")
    roles = shipped.records("OpportunityContactRole", "Opportunity.External_Id__c", "Contact.External_Id__c", "Role", "IsPrimary")
    wanted = [{key: row for key, row in each.items() if key not in left_out} for each in (CONTACTS, OPPORTUNITIES, ROLES)]
    assert wanted == [contacts, opportunities, roles]


def test_every_role_has_both_its_parents(shipped: Shipped) -> None:
    """Three files, objects not in their order; every record as it was sent."""
    found = shipped.load("contact_roles").whole()
    check(shipped)
    assert ("COMPLETED", True) == (found["summary"]["status"], found["clean"])
    assert [{"succeeded": 4}, {"succeeded": 3}, {"succeeded": 6}] == [
        conftest.tally(found, name) for name in ("Contact", "Opportunity", "OpportunityContactRole")
    ]


def test_a_role_is_sent_only_if_both_parents_were_written(shipped: Shipped) -> None:
    """A contact and an opportunity are refused: the roles of either are set aside, with the one that is to blame."""
    shipped.org.behave(
        row_faults=[
            {"object": "Contact", "field": "External_Id__c", "value": "P-2", "error": "NO:contact:--"},
            {"object": "Opportunity", "field": "External_Id__c", "value": "D-3", "error": "NO:deal:--"},
        ]
    )
    found = shipped.load("contact_roles").whole()
    check(shipped, "P-2", "D-3", "R-2", "R-3", "R-5", "R-6")
    assert {"succeeded": 2, "orphaned": 4} == conftest.tally(found, "OpportunityContactRole")
    told = {row[conftest.KEY]: row for row in conftest.lost(found, "OpportunityContactRole", "orphaned")}
    contact, deal = ("ContactId", "p-2", "NO:contact:--"), ("OpportunityId", "d-3", "NO:deal:--")
    assert {"R-2": contact, "R-3": contact, "R-5": deal, "R-6": deal} == {
        key: (row["field"], row["parent_key"].lower(), row["parent_error"]) for key, row in told.items()
    }
