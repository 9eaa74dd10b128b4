"""Rows in plain Python, whatever source they would come from → their staged table, without an org."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import plan, raw, split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

Rows = list[dict[str, Any]]


def field(name: str, kind: str = "string", **own: Any) -> dict[str, Any]:
    """Describe a field as far as the intake looks at it."""
    whole = {"length": 0, "precision": 0, "scale": 0, "digits": 0, "nillable": True, "createable": True, "updateable": True}
    flags = dict.fromkeys(["unique", "caseSensitive", "externalId", "idLookup", "restrictedPicklist", "defaultedOnCreate"], False)
    lists: dict[str, Any] = {"picklistValues": [], "referenceTo": []}
    return {"name": name, "type": kind, **whole, **flags, **lists, **own}


def key(name: str = "External_Id__c", kind: str = "string", **own: Any) -> dict[str, Any]:
    """Describe an external id."""
    return field(name, kind, **{"externalId": True, "unique": True, **own})


def checked(objects: Mapping[str, Any], **own: Any) -> plan.Plan:
    """Check a plan of one source."""
    return plan.plan_from({"name": "given", "source": {"uri": "file:///given.csv"}, "objects": objects, **own})


def raw_of(con: duckdb.DuckDBPyConnection, name: str, reads: Sequence[str], rows: Rows) -> raw.Raw:
    """Make raw rows: a value that isn't there is absent, None is a null; `parent`, `fault` and `filtered` stand for themselves."""
    con.execute(
        f"CREATE OR REPLACE TABLE given_{name} (row_id BIGINT, parent_row BIGINT, nth INTEGER, raw VARCHAR[], nulls VARCHAR[], "
        "fault VARCHAR, filtered BOOLEAN)"
    )
    for nth, row in enumerate(rows):
        nulls = [read for read in reads if read in row and row[read] is None]
        told = [nth + 1, row.get("parent"), nth, [row.get(read) for read in reads], nulls or None, row.get("fault"), "filtered" in row]
        con.execute(f"INSERT INTO given_{name} VALUES (?, ?, ?, ?, ?, ?, ?)", told)
    query = f"SELECT * FROM given_{name} ORDER BY row_id"
    return raw.Raw(query, tuple(reads), lambda wanted: f"SELECT row_id, concat('row ', row_id) AS place FROM {wanted}")


def staged(mapping: plan.Plan, describes: Mapping[str, Sequence[Any]], rows: Mapping[str, Rows]) -> dict[str, Rows]:
    """Stage rows by object; `describes`: sobject → its fields. Returns the staged rows by object."""
    whole = {name: {"fields": list(fields)} for name, fields in describes.items()}
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder) / "spill")) as con:
        found = {}
        for name in mapping.order():
            source = raw_of(con, name, mapping.objects[name].reads, rows.get(name, []))
            part = split.table_of(con, source, mapping, whole, name, Path(folder))
            cursor = con.execute(f"SELECT * FROM {tables.parquet(part.path)} ORDER BY row_id")
            names = [column[0] for column in cursor.description]
            found[name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return found


def column(rows: Rows, name: str) -> list[Any]:
    """One column of staged rows."""
    return [row[name] for row in rows]
