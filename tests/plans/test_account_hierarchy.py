"""include/plans/account_hierarchy.yaml, run: every account below its own parent, whatever the order of the rows."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tests.plans import conftest

if TYPE_CHECKING:
    from tests.plans.conftest import Shipped

with (conftest.SAMPLES / "account_hierarchy" / "accounts.csv").open(encoding="utf-8") as _file:
    ROWS = {row["id"]: row for row in csv.DictReader(_file)}
CIRCLE = ("R-1", "R-2", "R-3")


def wanted(*left_out: str) -> dict[str, tuple[str | None, ...]]:
    """What the org must hold: key → name, city, parent's key."""
    return {key: (row["name"], row["city"], row["parent"] or None) for key, row in ROWS.items() if key not in left_out}


def test_the_sample_is_what_it_is_said_to_be() -> None:
    """Six levels deep, rows not sorted by level, one circle of three."""

    def above(key: str) -> list[str]:
        way: list[str] = []
        while (key := ROWS[key]["parent"]) and key not in way:
            way.append(key)
        return way

    levels = [1 + len(above(key)) for key in ROWS if not key.startswith("R-")]
    assert (6, True) == (max(levels), levels != sorted(levels))
    assert list(CIRCLE) == [key for key in sorted(ROWS) if key in above(key)]


def test_every_account_hangs_below_its_parent(shipped: Shipped) -> None:
    """Six levels and a circle; nothing is lost, and no account is there twice."""
    found = shipped.load("account_hierarchy").whole()
    assert wanted() == shipped.records("Account", "Name", "BillingCity", "Parent.External_Id__c")
    assert ("COMPLETED", True, {"succeeded": len(ROWS)}) == (found["summary"]["status"], found["clean"], conftest.tally(found, "Account"))
    assert len(ROWS) == found["summary"]["objects"]["Account"]["created"]


def test_below_a_refused_account_nothing_is_sent(shipped: Shipped) -> None:
    """One on the third level is refused: its whole subtree is set aside, each row naming it, how far up it stands, and its error."""
    shipped.refuse("Account", "Name", "Nordwind Germany")
    found = shipped.load("account_hierarchy").whole()
    below = {"G-6": 1, "G-7": 1, "G-8": 2, "G-9": 2, "G-10": 3, "G-11": 3}
    assert wanted("G-4", *below) == shipped.records("Account", "Name", "BillingCity", "Parent.External_Id__c")
    assert {"succeeded": len(ROWS) - 7, "failed": 1, "orphaned": 6} == conftest.tally(found, "Account")
    assert ["G-4"] == [row[conftest.KEY] for row in conftest.lost(found, "Account", "failed")]
    told = {row[conftest.KEY]: row for row in conftest.lost(found, "Account", "orphaned")}
    assert below == {key: int(row["depth"]) for key, row in told.items()}
    assert {("G-4", "NO:Nordwind Germany:--")} == {(row["ancestor_key"], row["ancestor_error"]) for row in told.values()}


def test_loading_it_again_changes_nothing(shipped: Shipped) -> None:
    """Keys make it an update; the circle is opened and closed once more."""
    shipped.load("account_hierarchy").whole()
    load = shipped.load("account_hierarchy")
    load.run_name = "second"
    found = load.whole()
    assert wanted() == shipped.records("Account", "Name", "BillingCity", "Parent.External_Id__c")
    each = found["summary"]["objects"]["Account"]
    assert (True, 0, len(ROWS)) == (found["clean"], each["created"], each["updated"])
