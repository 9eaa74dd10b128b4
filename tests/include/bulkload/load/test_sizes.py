"""Rows and bytes → jobs, batches, calls: what is calculated is what would be cut."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.load import chunks, sizes

COLUMN = ["Name"]


def cut(rows: int, cell: str, job_bytes: int, first_rows: int) -> sizes.Size:
    """Cut equal rows into jobs as a load does, and add those up."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        name = f"{tables.literal(cell)} AS {tables.cell('Name')}"
        query = f"SELECT range AS row_id, NULL AS key, NULL AS parent_row, {name} FROM range({rows})"
        found = chunks.plan(con, query, COLUMN, job_bytes=job_bytes, out_ready=Path(folder) / "ready.parquet", first_rows=first_rows)
        return sizes.counted((each.rows, each.bytes) for each in found)


@settings(max_examples=60)
@given(rows=st.integers(0, 400), cell=st.text("ab", max_size=9), job_bytes=st.integers(30, 300), first_rows=st.integers(0, 30))
def test_equal_rows_are_calculated_as_they_are_cut(rows: int, cell: str, job_bytes: int, first_rows: int) -> None:
    """Rows, bytes, jobs and batches, with and without a small first job."""
    header, row_bytes = chunks.header_bytes(COLUMN), len(cell) + chunks.QUOTES_AND_SEPARATOR
    expected = cut(rows, cell, job_bytes, first_rows)
    assert expected == sizes.estimated(rows, row_bytes, header_bytes=header, job_bytes=job_bytes, first_rows=first_rows)


def test_a_large_load_is_calculated_by_heart() -> None:
    """Four million rows of 120 bytes: jobs of 833,333 rows, 84 batches each; the last has 666,668 rows in 67."""
    found = sizes.estimated(4_000_000, 120)
    assert sizes.Size(4_000_000, 480_000_000, 5, 4 * 84 + 67) == found
    assert 35 == found.calls


@pytest.mark.parametrize(("rows", "batches"), [(0, 0), (1, 1), (10_000, 1), (10_001, 2)])
def test_a_batch_has_ten_thousand_rows(rows: int, batches: int) -> None:
    """The last one may have fewer."""
    assert batches == sizes.batches(rows)


def test_a_row_larger_than_a_job_is_told() -> None:
    """It can't be sent at all."""
    with pytest.raises(ValueError, match="a row of 101 bytes doesn't fit into a job of 100"):
        sizes.estimated(1, 101, job_bytes=100)
