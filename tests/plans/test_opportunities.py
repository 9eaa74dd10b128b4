"""include/plans/opportunities.yaml, run: three generations, prices and products found in the org."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.plans import conftest

if TYPE_CHECKING:
    from tests.plans.conftest import Shipped

ACCOUNTS = {"K-1": ("Nordwind GmbH",), "K-2": ('Blue "Harbor", Inc.',), "K-3": ("Zażółć S.A.",)}
OPPORTUNITIES = {
    "O-1": ("Windräder für Kiel", "Closed Won", "2025-05-31", "K-1", "STANDARD"),
    "O-2": ("Wartung; drei Jahre", "Closed Won", "2025-11-01", "K-1", "STANDARD"),
    "O-3": ("Hafenkräne", "Prospecting", "2026-12-15", "K-2", "STANDARD"),
    "O-4": ("50 € Gutschein", "Qualification", "2026-10-01", "K-3", None),
}
LINES = {
    "LI-1": ("O-1", "E-TURBINE", None, 12.0, 1250000.0, "2025-06-15", "first half"),
    "LI-2": ("O-1", "E-TURBINE", None, 12.0, 980000.5, "2025-09-15", "second half, cheaper"),
    "LI-3": ("O-2", "E-CARE", None, 36.0, 1900.0, "2025-11-01", None),
    "LI-4": ("O-3", None, "P-CRANE", 2.0, 310000.25, None, "price to be told"),
    "LI-5": ("O-3", "E-CARE", None, 0.5, 80.0, "2026-12-16", "half a month"),
}


def stock(shipped: Shipped, *left_out: str) -> None:
    """Put the price book and its products into the org, as somebody did long ago."""
    (book,) = shipped.org.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")
    shipped.org.change("Pricebook2", book["Id"], External_Id__c="STANDARD")
    for product, entry, price in (("P-TURBINE", "E-TURBINE", 1250000), ("P-CARE", "E-CARE", 160), ("P-CRANE", "E-CRANE", 310000)):
        if entry not in left_out:
            made = shipped.org.insert("Product2", {"Name": product.lower(), "External_Id__c": product, "IsActive": True})
            own = {"Product2Id": made, "UnitPrice": price, "IsActive": True, "External_Id__c": entry}
            shipped.org.insert("PricebookEntry", {"Pricebook2Id": book["Id"], **own})


def check(shipped: Shipped, *left_out: str) -> None:
    """Look at every record; those whose keys are left out must be missing, and nothing else."""
    found = [
        shipped.records("Account", "Name"),
        shipped.records("Opportunity", "Name", "StageName", "CloseDate", "Account.External_Id__c", "Pricebook2.External_Id__c"),
        shipped.records(
            "OpportunityLineItem",
            *("Opportunity.External_Id__c", "PricebookEntry.External_Id__c", "Product2.External_Id__c"),
            *("Quantity", "UnitPrice", "ServiceDate", "Description"),
        ),
    ]
    assert [{key: row for key, row in each.items() if key not in left_out} for each in (ACCOUNTS, OPPORTUNITIES, LINES)] == found


def test_every_line_hangs_on_its_opportunity_and_its_price(shipped: Shipped) -> None:
    """CSV of two dialects, Parquet with numbers and dates; the org's own records aren't touched."""
    stock(shipped)
    found = shipped.load("opportunities").whole()
    check(shipped)
    assert ("COMPLETED", True) == (found["summary"]["status"], found["clean"])
    assert [{"succeeded": 3}, {"succeeded": 4}, {"succeeded": 5}] == [
        conftest.tally(found, name) for name in ("Account", "Opportunity", "OpportunityLineItem")
    ]
    assert (3, 3) == (len(shipped.records("Product2")), len(shipped.records("PricebookEntry")))


def test_what_hangs_on_a_refused_account_is_set_aside_two_generations_down(shipped: Shipped) -> None:
    """The opportunities name their account, their lines the account too, one generation further up."""
    stock(shipped)
    shipped.refuse("Account", "External_Id__c", "K-1")
    found = shipped.load("opportunities").whole()
    check(shipped, "K-1", "O-1", "O-2", "LI-1", "LI-2", "LI-3")
    told = [*conftest.lost(found, "Opportunity", "orphaned"), *conftest.lost(found, "OpportunityLineItem", "orphaned")]
    assert {"O-1": "1", "O-2": "1", "LI-1": "2", "LI-2": "2", "LI-3": "2"} == {row[conftest.KEY]: row["depth"] for row in told}
    assert {("Account", "K-1", "NO:K-1:--")} == {(row["ancestor_object"], row["ancestor_key"], row["ancestor_error"]) for row in told}


def test_a_price_that_the_org_does_not_have_sets_its_lines_aside(shipped: Shipped) -> None:
    """They are not sent without it."""
    stock(shipped, "E-CARE")
    found = shipped.load("opportunities").whole()
    check(shipped, "LI-3", "LI-5")
    told = conftest.lost(found, "OpportunityLineItem", "orphaned")
    assert {("LI-3", "PricebookEntryId", "e-care"), ("LI-5", "PricebookEntryId", "e-care")} == {
        (row[conftest.KEY], row["field"], row["parent_key"].lower()) for row in told
    }
