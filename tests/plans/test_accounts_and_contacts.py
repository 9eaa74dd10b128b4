"""include/plans/accounts_and_contacts.yaml, run: every record looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.plans import conftest

if TYPE_CHECKING:
    from tests.plans.conftest import Shipped

SAMPLE = json.loads((conftest.SAMPLES / "accounts_and_contacts" / "accounts.json").read_text("utf-8"))["accounts"]
FIELDS = ("Name", "Industry", "BillingCity", "BillingCountry", "AccountSource")


def accounts(*left_out: str) -> dict[str, tuple[Any, ...]]:
    """What the org must hold: key → values of FIELDS."""
    return {
        each["sourceId"]: (
            each["name"],
            each.get("industry"),
            each["address"]["city"],
            each["address"].get("country", "Germany"),
            "Import",
        )
        for each in SAMPLE
        if each["sourceId"] not in left_out
    }


def contacts(*left_out: str) -> list[tuple[str, ...]]:
    """What the org must hold: name, e-mail, city, account's key of each contact, sorted."""
    return sorted(
        (each.get("firstName") or "", each["lastName"], each.get("email") or "", account["address"]["city"], account["sourceId"])
        for account in SAMPLE
        if account["sourceId"] not in left_out
        for each in account.get("contacts", [])
    )


def held(shipped: Shipped) -> list[tuple[str, ...]]:
    """The same, as the org has it; each contact must have a key of its own."""
    found = shipped.records("Contact", "FirstName", "LastName", "Email", "MailingCity", "Account.External_Id__c")
    assert None not in found
    return sorted(tuple(each or "" for each in row) for row in found.values())


def test_every_contact_hangs_on_its_account(shipped: Shipped) -> None:
    """Values from within, from above, constant and by default; equal contacts stay two."""
    found = shipped.load("accounts_and_contacts").whole()
    assert accounts() == shipped.records("Account", *FIELDS)
    assert contacts() == held(shipped)
    summary = found["summary"]
    assert ("COMPLETED", True) == (summary["status"], found["clean"])
    assert ({"succeeded": 4}, {"succeeded": 6}) == (conftest.tally(found, "Account"), conftest.tally(found, "Contact"))
    assert (4, 6, 4, 6) == tuple(summary[key] for key in ("parentSuccessCount", "childRecordsSubmitted", "totalParents", "totalChildren"))


def test_contacts_of_a_refused_account_are_set_aside(shipped: Shipped) -> None:
    """They are named with their account's error; all others are there."""
    shipped.refuse("Account", "External_Id__c", "AC-2")
    found = shipped.load("accounts_and_contacts").whole()
    assert accounts("AC-2") == shipped.records("Account", *FIELDS)
    assert contacts("AC-2") == held(shipped)
    assert {"succeeded": 3, "failed": 1} == conftest.tally(found, "Account")
    assert {"succeeded": 3, "orphaned": 3} == conftest.tally(found, "Contact")
    told = conftest.lost(found, "Contact", "orphaned")
    assert ["null", "Ørsted", "Ørsted"] == sorted(row["LastName"] for row in told)
    assert {("AC-2", "failed", "NO:AC-2:--", "1")} == {
        (row["parent_key"], row["parent_fate"], row["parent_error"], row["depth"]) for row in told
    }
