"""A name → a load to drill: its plan, its payload, what the org holds before, and what to ask the org afterwards.

All texts of a load begin with its tag, so that many loads share one org and their records can be told apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Document = dict[str, Any]
KEY = "External_Id__c"
# The smallest job that a plan may ask for; three padded rows fill it.
SMALL_JOB = 1_000
PADDING = "x" * 200
SECOND_PASS = "layers, second pass"


@dataclass(frozen=True, slots=True)
class Play:
    """One kind of load. `objects` of the plan; `rows` of its payload, by tag; `more` keys of the plan.

    `asked`: what is compared afterwards, sobject → (fields, field that begins with the tag); `before`: accounts that the org
    has before; `behaving`: settings of the org.
    """

    name: str
    objects: Document
    accounts: tuple[Document, ...]
    asked: dict[str, tuple[tuple[str, ...], str]]
    more: Document = field(default_factory=dict)
    before: int = 0
    behaving: Document = field(default_factory=dict)

    @property
    def has_second_pass(self) -> bool:
        """Whether some rows are written in two parts."""
        return self.name == SECOND_PASS

    def payload(self, tag: str) -> bytes:
        """The payload, `{tag}` filled in."""
        return json.dumps({"accounts": self.accounts}).replace("{tag}", tag).encode()

    def plan(self, source: Path) -> Document:
        """The plan's document."""
        return {"name": "drill", "source": {"uri": source.as_uri()}, "objects": self.objects, "round_seconds": 1, **self.more}


def account(operation: str = "upsert", **more: Any) -> Document:
    """The plan of accounts."""
    fields = {"Name": "name", "BillingCity": "city", KEY: "key"}
    given = {"sobject": "Account", "records": "accounts[]", "operation": operation, "external_id": KEY, "fields": fields, **more}
    return {name: value for name, value in given.items() if value is not None}


def contact(**more: Any) -> Document:
    """The plan of contacts inside their accounts, without a key unless `more` says so."""
    fields = {"FirstName": "first", "LastName": "last", "Email": "email"}
    parents = {"AccountId": {"object": "Account", "by": "nesting"}}
    return {"sobject": "Contact", "records": "accounts[].contacts[]", "operation": "insert", "fields": fields, "parents": parents, **more}


def row(number: int, contacts: int = 0, padding: str = "", **more: Any) -> Document:
    """One account and its contacts: the last two are equal, and Salesforce stores their texts otherwise than they were sent."""
    told = {"first": " Ann ", "email": f"A{padding[:60]}@Example.com"}
    people = [{"last": f"{{tag}} c{number}-{min(n, contacts - 2)}{padding[:60]}", **told} for n in range(contacts)]
    return {"name": f"{{tag}} a{number}{padding}", "city": "Bonn", "key": f"{{tag}}K{number}", "contacts": people, **more}


ACCOUNTS = {"Account": (("Name", "BillingCity", KEY, f"Parent.{KEY}"), "Name")}
CONTACTS = {"Contact": (("FirstName", "LastName", "Email", f"Account.{KEY}"), "LastName")}
NAMES = {"Account": (("Name", "BillingCity"), "Name"), "Contact": (("LastName", "Email", "Account.Name"), "LastName")}
NO_KEY = {"fields": {"Name": "name", "BillingCity": "city"}, "external_id": None, "row_key_field": KEY}
LOCKS = {"row_faults": [{"share": 0.37, "lock": True}]}
FAMILY = {"Account": account(), "Contact": contact()}
PARENT = {"parents": {"ParentId": {"object": "Account", "from": "parent"}}}
HIERARCHY = ((1, 2), (2, 3), (3, 1), (4, 1), (5, 4), (6, None))

PLAYS = {
    each.name: each
    for each in (
        Play("upsert, keyless insert", FAMILY, tuple(row(n, 3) for n in range(3)), ACCOUNTS | CONTACTS),
        Play("many jobs", FAMILY, tuple(row(n, 2, PADDING) for n in range(5)), ACCOUNTS | CONTACTS, more={"job_bytes": SMALL_JOB}),
        Play(
            "keyed insert",
            {"Account": account("insert", **NO_KEY), "Contact": contact(row_key_field=KEY)},
            tuple(row(n, 3) for n in range(3)),
            NAMES,
        ),
        Play(
            SECOND_PASS,
            {"Account": account(**PARENT)},
            tuple(row(n, parent=above and f"{{tag}}K{above}") for n, above in HIERARCHY),
            ACCOUNTS,
        ),
        Play(
            "rounds",
            {name: each | {"retry_rounds": 10} for name, each in FAMILY.items()},
            tuple(row(n, 3) for n in range(5)),
            ACCOUNTS | CONTACTS,
            behaving=LOCKS,
        ),
        Play("update", {"Account": account("update", canary_rows=2)}, tuple(row(n) for n in range(5)), ACCOUNTS, before=7),
        Play(
            "delete",
            {"Account": account("delete", fields={KEY: "key"}, canary_rows=2)},
            tuple(row(n) for n in range(5)),
            ACCOUNTS,
            before=7,
        ),
    )
}
