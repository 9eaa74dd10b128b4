"""The default mapping's plan and describes, and made-up results of the parents' job: what both sides are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import plan

PARENT = {"sourceId": "External_Id__c", "name": "Name", "industry": "Industry", "billingCity": "BillingCity"}
CHILD = {"firstName": "FirstName", "lastName": "LastName", "email": "Email"}
LOOKUP = "AccountId"
# One parent in 33 fails, so that there are orphans.
FAILING = 33


def checked(source: Path) -> plan.Plan:
    """Accounts with contacts, as `parent_child_load` loads them if nobody says otherwise."""
    parent = {"sobject": "Account", "records": "accounts[]", "operation": "upsert", "external_id": "External_Id__c"}
    child = {"sobject": "Contact", "records": "accounts[].contacts[]", "operation": "insert", "parents": {LOOKUP: {"object": "Account"}}}
    fields = [{field: name for name, field in each.items()} for each in (PARENT, CHILD)]
    objects = {"Account": parent | {"fields": fields[0]}, "Contact": child | {"fields": fields[1]}}
    from include.bulkload.intake import plan

    return plan.plan_from({"name": "bench", "source": {"uri": source.as_uri()}, "objects": objects})


def describes() -> dict[str, Any]:
    """Say of the fields what the split asks for."""
    return {
        "Account": {"fields": [_field(name, unique=name == "External_Id__c") for name in PARENT.values()]},
        "Contact": {"fields": [_field(name, kind="email" if name == "Email" else "string") for name in (*CHILD.values(), LOOKUP)]},
    }


def _field(name: str, *, kind: str = "string", unique: bool = False) -> dict[str, Any]:
    return {"name": name, "type": kind, "unique": unique, "caseSensitive": False}


def results(con: duckdb.DuckDBPyConnection, ready: Path, chunk: entities.Chunk, folder: Path) -> entities.JobEnd:
    """Write the three result files of one chunk as Salesforce would, rows in another order than sent."""
    cells = ", ".join(f"{tables.cell(name)} AS {name}" for name in PARENT.values())
    rows = f"{tables.parquet(ready)} WHERE {chunk.condition}"
    own = {
        "successful": "printf('001%015d', row_id) AS \"sf__Id\", 'true' AS \"sf__Created\", "
        f"{cells} FROM {rows} AND row_id % {FAILING} != 0",
        "failed": f"'' AS \"sf__Id\", 'CODE:refused:--' AS \"sf__Error\", {cells} FROM {rows} AND row_id % {FAILING} = 0",
        "unprocessed": f"{cells} FROM {rows} AND false",
    }
    counts = [
        tables.write_people_csv(con, f"SELECT {query} ORDER BY hash(row_id)", folder / f"{kind}-{chunk.number}.csv")
        for kind, query in own.items()
    ]
    return entities.JobEnd(f"750{chunk.number:015d}", entities.JobState.JOB_COMPLETE, counts[0] + counts[1], counts[1])
