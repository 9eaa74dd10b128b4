"""`python -m tests.local_org.clients.hook_round`, connections by kind on standard input → each kind's round, as JSON.

A process of its own: proxy and CA file stand in its environment, where Airflow's users set them.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from airflow.providers.salesforce.hooks.salesforce import SalesforceHook

from tests.local_org.clients import awkward

if TYPE_CHECKING:
    import simple_salesforce

SOON = 0.02


def go_round(hook: SalesforceHook, prefix: str) -> dict[str, Any]:
    """Load the awkward rows through the hook's own client, ask for them through the hook itself."""
    simple: simple_salesforce.Salesforce = hook.get_conn()
    accounts = simple.bulk2.Account
    (made,) = accounts.insert(records=awkward.rows(prefix), wait=SOON)
    (upserted,) = accounts.upsert(records=awkward.changed(prefix), external_id_field=awkward.KEY, wait=SOON)
    by_key = {row[awkward.KEY]: row for row in _table(accounts.get_successful_records(upserted["job_id"]))}
    names = awkward.kept(prefix)
    (updated,) = accounts.update(records=[{"Id": by_key[key]["sf__Id"], "Name": text} for key, text in names.items()], wait=SOON)
    (deleted,) = accounts.delete(records=[{"Id": by_key[f"{prefix}-more"]["sf__Id"]}], wait=SOON)
    found = hook.make_query(f"SELECT {awkward.KEY}, Name FROM Account WHERE {awkward.KEY} LIKE '{prefix}-%'")
    return {
        "inserted": made["numberRecordsProcessed"] - made["numberRecordsFailed"],
        "refused": [row["sf__Error"] for row in _table(accounts.get_failed_records(made["job_id"]))],
        "created": sorted(row["sf__Created"] for row in by_key.values()),
        "updated": updated["numberRecordsProcessed"] - updated["numberRecordsFailed"],
        "queried": {each[awkward.KEY]: each["Name"] for each in found["records"]},
        "deleted": deleted["numberRecordsProcessed"] - deleted["numberRecordsFailed"],
    }


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(keepends=True)))


def main() -> None:
    """Go round once with every connection; a kind that fails tells its error instead."""
    told = {}
    for kind, given in json.load(sys.stdin).items():
        os.environ[f"AIRFLOW_CONN_{kind.upper()}"] = json.dumps(given["connection"])
        try:
            told[kind] = go_round(SalesforceHook(kind, **given["arguments"]), kind)
        except Exception as wrong:  # noqa: BLE001 - the test shows it
            told[kind] = {"error": repr(wrong)}
    print(json.dumps(told))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
