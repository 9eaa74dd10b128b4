"""A run that was loaded → its undoing, as tests drive it, and the org's records, all of them."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from include.bulkload.steps import ports, undo

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

ACCOUNTS = "SELECT Id, Name, BillingCity, NumberOfEmployees, Industry, External_Id__c, ParentId FROM Account ORDER BY Id"
CONTACTS = "SELECT Id, FirstName, LastName, Email, AccountId, ReportsToId FROM Contact ORDER BY Id"
LINES = "SELECT Id, Name, Invoice__c, Quantity__c FROM Invoice_Line__c ORDER BY Id"
INVOICES = "SELECT Id, Name, Account__c, Amount__c, External_Id__c FROM Invoice__c ORDER BY Id"
FAMILY = {
    "accounts": [
        {"name": f"a{n}", "sourceId": f"K{n}", "contacts": [{"lastName": f"c{n}{m}", "email": "X@Y.de"} for m in range(2)]}
        for n in range(3)
    ]
}
HIERARCHY: dict[str, Any] = {
    "Account": {
        "sobject": "Account",
        "records": "accounts[]",
        "operation": "upsert",
        "external_id": "External_Id__c",
        "keep_before": True,
        "fields": {"Name": "name", "BillingCity": "city", "NumberOfEmployees": "size", "External_Id__c": "key"},
        "parents": {"ParentId": {"object": "Account", "from": "parent"}},
    },
    "Invoice__c": {
        "sobject": "Invoice__c",
        "records": "invoices[]",
        "operation": "upsert",
        "external_id": "External_Id__c",
        "fields": {"Name": "name", "Amount__c": "amount", "External_Id__c": "key"},
        "parents": {"Account__c": {"object": "Account", "from": "account"}},
    },
    "Invoice_Line__c": {
        "sobject": "Invoice_Line__c",
        "records": "lines[]",
        "operation": "insert",
        "fields": {"Name": "name", "Quantity__c": "quantity"},
        "parents": {"Invoice__c": {"object": "Invoice__c", "from": "invoice"}},
    },
}
WORLD = {
    "accounts": [
        {"key": "old", "name": " New name ", "city": None, "size": "7.0", "parent": "top"},
        {"key": "top", "name": "top", "city": "Oslo"},
        {"key": "mid", "name": "mid", "parent": "top"},
        {"key": "low", "name": "low", "parent": "mid"},
        {"key": "same", "name": "Same"},
        {"key": "one", "name": "one", "parent": "two"},
        {"key": "two", "name": "two", "parent": "one"},
    ],
    "invoices": [{"key": f"I{n}", "name": f"i{n}", "amount": n, "account": key} for n, key in enumerate(["low", "old", "top"])],
    "lines": [{"name": f"l{n}", "quantity": n, "invoice": f"i{n % 3}"} for n in range(6)],
}


def world(load: Load) -> list[dict[str, Any]]:
    """Every record of the org that a load may touch, field by field."""
    found = [each for soql in (ACCOUNTS, CONTACTS, INVOICES, LINES) for each in load.org.query(soql)]
    return [{key: value for key, value in each.items() if key != "attributes"} for each in found]


def by(load: Load, name: str = "undoing", *going_on: str) -> ports.Run:
    """The run's folder, as a task of another run of the DAG sees it; all runs of before are over but those that go on."""
    return dataclasses.replace(load.run, name=ports.RunName("dag", name), is_over=lambda run: run.run_id not in going_on)


def planned(load: Load) -> dict[str, Any]:
    """The dry run."""
    return undo.plan(by(load), "run")


def acted(load: Load, number: int) -> dict[str, Any]:
    """Act on a dry run until it is done; what it returns at last."""
    while True:
        found = undo.act(by(load), "run", number)
        if found["summary"] is not None:
            return found
        load.waited(found["waiting"])
        load.clock += 3_600 if found["not_before"] else 0


def undone(load: Load) -> dict[str, Any]:
    """Both; the document of the undo."""
    found: dict[str, Any] = acted(load, planned(load)["number"])["summary"]
    return found


def counts(document: dict[str, Any], name: str) -> tuple[int, ...]:
    """An object's records: deleted, restored, gone, changed since, failed."""
    return tuple(document["objects"][name][key] for key in ("deleted", "restored", "gone", "changedSince", "failed"))


def family(load: Load) -> None:
    """Load three accounts with two contacts each."""
    load.payload = json.dumps(FAMILY).encode()
    load.whole()


def hierarchy(load: Load) -> list[dict[str, Any]]:
    """Load accounts, some of which are there, with invoices and lines; the world as it was before."""
    load.org.insert("Account", {"Name": "Old name", "BillingCity": "Rome", "External_Id__c": "OLD"})
    load.org.insert("Account", {"Name": "Same", "External_Id__c": "same"})
    load.org.insert("Account", {"Name": "stranger"})
    before = world(load)
    load.mapping, load.more = json.loads(json.dumps(HIERARCHY)), {"nulls": "clear"}
    load.payload = json.dumps(WORLD).encode()
    assert load.whole()["clean"]
    return before


def account(load: Load, key: str) -> str:
    """The Id of an account."""
    return str(load.org.query(f"SELECT Id FROM Account WHERE External_Id__c = '{key}'")[0]["Id"])
