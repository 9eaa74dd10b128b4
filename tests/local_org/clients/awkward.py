"""A prefix → the same rows for every client, what it must say of them, and what the org must hold in the end.

Every client goes the same round: insert all rows, one of them refused; upsert the good ones and one more by key;
update them by Id to what they were; query; delete the one more.
"""

from __future__ import annotations

from typing import Any

KEY = "External_Id__c"
# What spreadsheets and JSON do to text: all of it must arrive as it left.
TEXTS = ("007", "1E5", "null", "TRUE", 'say "hi"', "a, b", "line\nbreak", "🚀 Zoë", "Ł")
REFUSED = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Tier: bad value for restricted picklist field: Bronze:Tier__c --"


def kept(prefix: str) -> dict[str, str]:
    """Map keys to names: the good rows."""
    return {f"{prefix}-{place}": text for place, text in enumerate(TEXTS)}


def rows(prefix: str) -> list[dict[str, str]]:
    """Accounts to insert: the good ones and one that is refused."""
    good = [{KEY: key, "Name": text, "Tier__c": "Gold"} for key, text in kept(prefix).items()]
    return [*good, {KEY: f"{prefix}-bad", "Name": "bad", "Tier__c": "Bronze"}]


def changed(prefix: str) -> list[dict[str, str]]:
    """Accounts to upsert: the good ones under other names, and one that isn't there yet."""
    return [{KEY: key, "Name": f"{text}, changed"} for key, text in (kept(prefix) | {f"{prefix}-more": "more"}).items()]


def report(prefix: str) -> dict[str, Any]:
    """What a client that came through the round has to tell."""
    return {
        "inserted": len(TEXTS),
        "refused": [REFUSED],
        "created": ["false"] * len(TEXTS) + ["true"],
        "updated": len(TEXTS),
        "queried": kept(prefix),
        "deleted": 1,
    }
