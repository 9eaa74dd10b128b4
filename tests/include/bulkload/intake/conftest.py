"""A payload → its staged rows, by the default mapping, without an org."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.bulkload.basics import tables
from include.bulkload.intake import files, plan, sources, split
from tests.include.bulkload.intake import test_plan

MAPPING = {
    "Account": {"Name": "name", "BillingCity": "billingCity", "External_Id__c": "sourceId"},
    "Contact": {"LastName": "lastName", "Email": "email"},
}


def described(**own: Any) -> dict[str, Any]:
    """Describe a field as far as the intake looks at it."""
    whole = {"type": "string", "unique": False, "caseSensitive": False, "createable": True, "updateable": True}
    kind = {"externalId": False, "idLookup": False, "referenceTo": [], "nillable": True, "defaultedOnCreate": False}
    return {**whole, **kind, "relationshipName": None, **own}


def describes(**key: Any) -> dict[str, Any]:
    """Describe the two objects; `key` overrides what is said of the external id."""
    external = described(name="External_Id__c", **{"unique": True, "externalId": True, **key})
    account = [described(name="Name"), described(name="BillingCity"), external]
    contact = [
        described(name="LastName"),
        described(name="Email", type="email"),
        described(name="AccountId", type="reference", referenceTo=["Account"], relationshipName="Account"),
    ]
    return {"Account": {"fields": account}, "Contact": {"fields": contact}}


def checked(fmt: str = "auto") -> plan.Plan:
    """The default mapping, a little shorter; the source's format."""
    document = test_plan.with_change("objects/Account/fields", MAPPING["Account"])
    document["objects"]["Contact"]["fields"] = MAPPING["Contact"]
    document["source"]["format"] = fmt
    return plan.plan_from(document)


@dataclass(frozen=True)
class Split:
    """What came out of a payload: counts, rows and rejected files by object."""

    staged: dict[str, split.Staged]
    rows: dict[str, list[dict[str, Any]]]
    rejected: dict[str, str]

    def cells(self, name: str, field: str) -> list[Any]:
        """One field of all rows, in source order."""
        return [row[field] for row in self.rows[name]]

    def reasons(self, name: str) -> list[str | None]:
        """Why each row is rejected, in source order."""
        return [row["reason"] for row in self.rows[name]]


def staged(payload: bytes, fmt: str = "json", name: str = "payload", **key: Any) -> Split:
    """Split a payload."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / name).write_bytes(payload)
        mapping = checked(fmt)
        told = describes(**key)
        with tables.connect(tables.Limits(folder / "spill")) as con:
            found = sources.from_files(con, sources.Source("source", mapping, told), [files.local(folder / name)], folder).raws
            parts = {}
            for each in mapping.order():
                parts[each] = split.table_of(con, found[each], mapping, told, each, folder)
            rows = {}
            for each, part in parts.items():
                cursor = con.execute(f"SELECT * FROM {tables.parquet(part.path)} ORDER BY row_id")
                names = [column[0].removeprefix(".") for column in cursor.description]
                rows[each] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            return Split(parts, rows, {each: part.rejected_csv.read_text("utf-8") for each, part in parts.items()})
