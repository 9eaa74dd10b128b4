"""Rows in plain Python, whatever source they would come from → their staged table, without an org."""

from __future__ import annotations

import contextlib
import csv
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import plan, raw, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


@contextlib.contextmanager
def engine() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """The table engine and a folder for its files."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder) / "spill")) as con:
        yield con, Path(folder)


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


@dataclass(frozen=True, slots=True)
class Object:
    """One staged object: its rows, its counts, its rejected rows for people."""

    rows: Rows
    counts: split.Staged
    rejected: list[list[str]]


def whole(mapping: plan.Plan, describes: Mapping[str, Any], rows: Mapping[str, Rows]) -> dict[str, Object]:
    """Stage rows by object; `describes`: sobject → its fields, or its describe."""
    known = {name: each if isinstance(each, dict) else {"fields": each} for name, each in describes.items()}
    with engine() as (con, folder):
        found = {}
        for name in mapping.order():
            source = raw_of(con, name, mapping.objects[name].reads, rows.get(name, []))
            part = split.table_of(con, source, mapping, known, name, folder)
            cursor = con.execute(f"SELECT * FROM {tables.parquet(part.path)} ORDER BY row_id")
            names = [column[0].removeprefix(".") for column in cursor.description]
            told = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            found[name] = Object(told, part, list(csv.reader(io.StringIO(part.rejected_csv.read_text("utf-8"), newline=""), strict=True)))
        return found


def staged(mapping: plan.Plan, describes: Mapping[str, Any], rows: Mapping[str, Rows]) -> dict[str, Rows]:
    """Stage rows by object; the staged rows alone."""
    return {name: each.rows for name, each in whole(mapping, describes, rows).items()}


def column(rows: Rows, name: str) -> list[Any]:
    """One column of staged rows."""
    return [row[name] for row in rows]


def one(
    described: dict[str, Any], texts: Sequence[str | None], value: Mapping[str, Any] | None = None, **own: Any
) -> list[tuple[Any, Any]]:
    """Send texts into one field of an insert; what is sent of each, and why its row is rejected. `own`: of the plan."""
    name = described["name"]
    each = {"sobject": "Any__c", "operation": "insert", "fields": {name: {"from": "source", **(value or {})}}}
    rows = staged(checked({"Any__c": each}, **own), {"Any__c": [described]}, {"Any__c": [{"source": text} for text in texts]})
    return list(zip(column(rows["Any__c"], name), column(rows["Any__c"], "reason"), strict=True))


def reason(described: dict[str, Any], text: str, value: Mapping[str, Any] | None = None, **own: Any) -> str | None:
    """Say what is wrong with one text in a field; None if it is sent."""
    ((_, said),) = one(described, [text], value, **own)
    return None if said is None else str(said).removeprefix(f"bad value: {described['name']}: ")


def sent(described: dict[str, Any], text: str, value: Mapping[str, Any] | None = None, **own: Any) -> str | None:
    """Say what is sent of one text; what is wrong with it, if something is."""
    ((cell, said),) = one(described, [text], value, **own)
    return cell if said is None else f"rejected: {said.removeprefix('bad value: ' + described['name'] + ': ')}"
