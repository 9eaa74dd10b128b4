"""Plan documents that the tests of DAGs share."""

from __future__ import annotations

from typing import Any

import yaml

ROLES: dict[str, Any] = {
    "name": "roles",
    "source": {"uri": "file:///runs/in/{{ ds }}/"},
    "objects": {
        "Role": {
            "sobject": "OpportunityContactRole",
            "operation": "insert",
            "fields": {"Role": "role"},
            "parents": {
                "OpportunityId": {"object": "Opportunity", "from": "opportunity"},
                "ContactId": {"object": "Contact", "from": "contact"},
            },
        },
        "Contact": {
            "sobject": "Contact",
            "operation": "upsert",
            "external_id": "Contact_Key__c",
            "fields": {"LastName": "last", "Contact_Key__c": "id"},
            "parents": {"AccountId": {"object": "Account", "from": "account"}},
        },
        "Opportunity": {
            "sobject": "Opportunity",
            "operation": "upsert",
            "external_id": "Opportunity_Key__c",
            "fields": {"Name": "name", "Opportunity_Key__c": "id"},
            "parents": {"AccountId": {"object": "Account", "from": "account"}},
        },
        "Account": {
            "sobject": "Account",
            "operation": "upsert",
            "external_id": "External_Id__c",
            "fields": {"Name": "name", "External_Id__c": "id"},
            "parents": {"ParentId": {"object": "Account", "from": "parent"}},
        },
    },
}


def one(name: str, **more: Any) -> dict[str, Any]:
    """A plan of one object."""
    return {"name": name, "source": {"uri": "file:///runs/a.json"}, "objects": {"Account": ROLES["objects"]["Account"]}, **more}


def text(document: Any) -> str:
    """Write a plan file."""
    return yaml.safe_dump(document, sort_keys=False)
