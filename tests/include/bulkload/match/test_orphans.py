"""People read orphans as CSV: the child's cells beside its parent's error and the ancestor it began with."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import orphans
from tests.include.bulkload.match import worlds

if TYPE_CHECKING:
    from pathlib import Path


def test_people_read_down_to_the_ancestor(tmp_path: Path) -> None:
    """Row ids as text, each with its object's name; rejected rows aren't among them."""
    a = worlds.Thing("A", (), (worlds.Row("k0", fate="failed"), worlds.Row("k1")))
    b = worlds.Thing("B", (worlds.Link("AId", "A", nested=True),), (worlds.Row("b0", 0, (None,)),))
    links = (worlds.Link("BId", "B", nested=True), worlds.Link("AId", "A", required=True))
    c = worlds.Thing("C", links, (worlds.Row("c0", 0, (None, "k1")), worlds.Row("c1", 0, (None, None))))
    out = tmp_path / "orphans.csv"
    with tables.connect(tables.Limits(tmp_path)) as con:
        own = worlds.loaded(con, [a, b, c], tmp_path)["C"]
        assert 1 == orphans.for_people(con, "C", f"s.{tables.cell('Name')} AS Name", own.staged, own.waves[0].asides[0], out)
    with out.open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    expected = {
        "row_id": "C-0-0",
        "error": "no parent: BId: B B0 orphaned: no parent: AId: A K0 failed: CODE:A 0",
        "job_id": "",
        "sf_id": "",
        "field": "BId",
        "parent_object": "B",
        "parent_row": "B-0-0",
        "parent_key": "B0",
        "parent_fate": "orphaned",
        "parent_error": "no parent: AId: A K0 failed: CODE:A 0",
        "ancestor_object": "A",
        "ancestor_row": "A-0-0",
        "ancestor_key": "K0",
        "ancestor_error": "CODE:A 0",
        "depth": "2",
        "Name": "C 0",
    }
    assert [expected] == told
