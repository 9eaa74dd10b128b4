"""Files and a plan → what each object's raw rows are, as every kind of source gives them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import files, plan, sources
from tests.include.bulkload.intake import given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = 12


@dataclass(frozen=True)
class Row:
    """One raw row: its values by source name, absent ones left out where nulls are told."""

    row_id: int
    parent_row: int | None
    nth: int
    values: dict[str, str | None]
    nulls: list[str] | None
    fault: str | None
    place: str


def checked(objects: Mapping[str, Mapping[str, Any]], **source: Any) -> plan.Plan:
    """Make a plan: object → `records`, `reads` (source names, filled into Field0__c …), and what else it says."""
    whole = {}
    for name, each in objects.items():
        said = {key: value for key, value in each.items() if key != "reads"}
        fields = {f"Field{number}__c": read for number, read in enumerate(each["reads"])}
        whole[name] = {"sobject": "Account", "operation": "insert", "fields": fields, **said}
    return plan.plan_from({"name": "sourced", "source": {"uri": "file:///x/y", **source}, "objects": whole})


def describes(kind: str = "string") -> dict[str, Any]:
    """Describe an object whose fields are all of one type."""
    fields = [given.field(f"Field{number}__c", kind) for number in range(FIELDS)]
    return {"Account": {"fields": fields}}


def rows(mapping: plan.Plan, contents: Mapping[str, bytes], kind: str = "string") -> dict[str, list[Row]]:
    """Read files by name; the raw rows of each object."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "in").mkdir()
        for number, content in enumerate(contents.values()):
            (folder / "in" / str(number)).write_bytes(content)
        listed = [files.local(folder / "in" / str(number), name) for number, name in enumerate(contents)]
        with tables.connect(tables.Limits(folder / "spill")) as con:
            found = sources.from_files(con, sources.Source("source", mapping, describes(kind)), listed, folder)
            return {name: fetched(con, each) for name, each in found.raws.items()}


def fetched(con: Any, found: Any) -> list[Row]:
    """Fetch raw rows, each with its place."""
    con.execute(f"CREATE OR REPLACE TABLE every AS SELECT * FROM ({found.query})")
    query = f"SELECT row_id, parent_row, nth, raw, nulls, fault, place FROM every JOIN ({found.places('every')}) USING (row_id)"
    told = con.execute(f"SELECT * FROM ({query}) ORDER BY row_id").fetchall()
    assert [row[0] for row in told] == [row[0] for row in con.execute(f"SELECT row_id FROM ({found.query})").fetchall()]
    return [Row(row[0], row[1], row[2], dict(zip(found.reads, row[3] or [], strict=False)), *row[4:]) for row in told]


def values(found: Sequence[Row], name: str) -> list[str | None]:
    """One source value of all rows."""
    return [row.values.get(name) for row in found]
