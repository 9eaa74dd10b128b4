"""Section 7.5, as Salesforce's command line uses it: `query?columns=true`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

KEYS = {
    *("aggregate", "apexType", "booleanType", "columnName", "custom", "displayName"),
    *("foreignKeyName", "insertable", "joinColumns", "numberType", "textType", "updatable"),
}


def columns(salesforce: Salesforce, query: str) -> list[dict[str, Any]]:
    """Ask for a query's columns."""
    answer = salesforce.call("GET", "/query", params={"q": query, "columns": "true"})
    assert 200 == answer.status_code, answer.text
    return list(answer.json()["columnMetadata"])


@pytest.mark.sfcode
def test_7_5_columns_are_told_in_the_querys_order(salesforce: Salesforce) -> None:
    """Name, kind, and whether one may write them; no records."""
    found = columns(salesforce, "SELECT Id, Name, AnnualRevenue FROM Account")
    assert [KEYS] * 3 == [set(each) for each in found]
    kinds = [(each["columnName"], each["textType"], each["numberType"], each["insertable"]) for each in found]
    assert [("Id", False, False, False), ("Name", True, False, True), ("AnnualRevenue", False, True, True)] == kinds


@pytest.mark.sfcode
def test_7_5_a_parents_columns_stand_within_the_parents(salesforce: Salesforce) -> None:
    """One column for the relationship, its fields joined."""
    (name, owner) = columns(salesforce, "SELECT Name, Owner.Name, Owner.Id FROM Account LIMIT 5")
    joined = [each["columnName"] for each in owner["joinColumns"]]
    assert ("Name", "Owner", "OwnerId", ["Name", "Id"]) == (name["columnName"], owner["displayName"], owner["foreignKeyName"], joined)


@pytest.mark.sfcode
def test_7_5_an_aggregates_column_is_numbered(salesforce: Salesforce) -> None:
    """expr0, shown as it was written."""
    (counted,) = columns(salesforce, "SELECT COUNT(Id) FROM Account")
    assert (True, "expr0", "count(id)") == (counted["aggregate"], counted["columnName"], counted["displayName"].lower())


@pytest.mark.inferred
def test_7_5_an_unknown_column_is_refused(salesforce: Salesforce) -> None:
    """As in the query itself."""
    answer = salesforce.call("GET", "/query", params={"q": "SELECT Bacon__c FROM Account", "columns": "true"})
    assert (400, "INVALID_FIELD") == (answer.status_code, answer.json()[0]["errorCode"])
