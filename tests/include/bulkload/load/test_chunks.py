"""Rows → job-sized CSVs: every row once, none over the limit, exact to the byte."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import entities, errors, tables
from include.bulkload.load import chunks

CELLS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=20)
# A field may be called as one of our own columns is, whatever its case.
COLUMNS = ["Name", "Key"]


def cut(folder: Path, rows: list[tuple[str | None, str | None]], job_bytes: int) -> tuple[list[entities.Chunk], list[Path]]:
    """Plan and write the chunks of some rows."""
    ready = folder / "ready.parquet"
    with tables.connect(tables.Limits(folder)) as con:
        cells = ", ".join(f"{tables.cell(column)} VARCHAR" for column in COLUMNS)
        con.execute(f"CREATE TABLE given (row_id BIGINT, key VARCHAR, parent_row BIGINT, {cells})")
        for number, row in enumerate(rows):
            con.execute("INSERT INTO given VALUES (?, NULL, NULL, ?, ?)", [number, *row])
        planned = chunks.plan(con, "SELECT * FROM given ORDER BY row_id", COLUMNS, job_bytes=job_bytes, out_ready=ready)
        paths = [folder / f"{chunk.number}.csv" for chunk in planned]
        for chunk, path in zip(planned, paths, strict=True):
            chunks.write(con, ready, chunk, COLUMNS, path)
    return planned, paths


def read(path: Path) -> list[list[str]]:
    """Read a CSV strictly."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=12), job_bytes=st.integers(200, 400))
def test_chunks_cover_every_row_once_and_none_is_over_the_limit(rows: list[tuple[str | None, str | None]], job_bytes: int) -> None:
    """Whatever stands in the cells: all rows in order, each file of the planned size, none larger than a job."""
    with tempfile.TemporaryDirectory() as folder:
        planned, paths = cut(Path(folder), rows, job_bytes)
        found = [row for path in paths for row in read(path)[1:]]
        assert [[a or "", b or ""] for a, b in rows] == found
        assert [chunk.bytes for chunk in planned] == [path.stat().st_size for path in paths]
        assert all(chunk.bytes <= job_bytes for chunk in planned)


def test_a_cut_is_greedy_to_the_byte(tmp_path: Path) -> None:
    """Two rows of 10 bytes fit a job of header + 20 bytes; one byte less and they don't."""
    header, rows = chunks.header_bytes(COLUMNS), [("ab", "cd")] * 4
    assert [2, 2] == [chunk.rows for chunk in cut(tmp_path, rows, header + 20)[0]]
    (tmp_path / "again").mkdir()
    assert [1, 1, 1, 1] == [chunk.rows for chunk in cut(tmp_path / "again", rows, header + 19)[0]]


def test_a_row_larger_than_a_job_stops_the_load(tmp_path: Path) -> None:
    """It is named, with its size and the remedy."""
    with pytest.raises(errors.MustStop, match=r"row 1 takes 306 bytes.*raise job_bytes"):
        cut(tmp_path, [("a", "b"), ("x" * 150, "y" * 150)], 200)


def test_no_rows_make_no_job(tmp_path: Path) -> None:
    """An empty object has no chunks."""
    assert ([], []) == cut(tmp_path, [], 200)
