"""Fates of several waves: the last attempt counts, or the insert that made a record; a record once given stays."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.load import fates

Met = tuple[str, str | None, bool | None, str | None, str | None]
MET: st.SearchStrategy[Met] = st.one_of(
    st.tuples(st.just("succeeded"), st.sampled_from(["001A", "001B"]), st.booleans(), st.none(), st.sampled_from(["j1", "j2"])),
    st.tuples(st.sampled_from(["failed", "unprocessed"]), st.none(), st.none(), st.none() | st.just("CODE:no:--"), st.just("j3")),
    st.tuples(st.just("orphaned"), st.none(), st.none(), st.just("no parent"), st.none()),
)


def folded(waves: list[dict[int, Met]], *, inserts: bool = False) -> dict[int, Met]:
    """Fold waves (that insert, or don't): of each, rows without a job stand among those set aside, the others in two settled files."""
    with tempfile.TemporaryDirectory() as folder, tables.connect(tables.Limits(Path(folder))) as con:
        laid = []
        for number, met in enumerate(waves):
            parts: list[list[Any]] = [[], [], []]
            for row, each in met.items():
                parts[2 if each[4] is None else row % 2].append([row, *each])
            paths = [Path(folder) / f"{number}-{part}.parquet" for part in range(3)]
            for path, part in zip(paths, parts, strict=True):
                con.execute(f"CREATE OR REPLACE TABLE met AS SELECT {tables.NO_FATES} WHERE false")
                for each in part:
                    con.execute("INSERT INTO met VALUES (?, ?, ?, ?, ?, ?)", each)
                tables.write_parquet(con, "FROM met", path)
            laid.append(fates.Wave(paths[:2], paths[2:], inserts=inserts))
        return {row: tuple(each) for row, *each in con.execute(fates.folded(laid)).fetchall()}


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.integers(0, 3), MET, max_size=4), max_size=3))
def test_the_last_attempt_counts_and_a_record_stays_known(waves: list[dict[int, Met]]) -> None:
    """Fate, error and job are the last wave's that met the row; the Id is the first that was given, created if ever it was."""
    expected = {}
    for row in {row for met in waves for row in met}:
        met = [each[row] for each in waves if row in each]
        ids, created = [each[1] for each in met if each[1]], [each[2] for each in met if each[2] is not None]
        expected[row] = (met[-1][0], ids[0] if ids else None, any(created) if created else None, *met[-1][3:])
    assert expected == folded(waves)


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.integers(0, 3), MET, max_size=4), max_size=3))
def test_an_insert_that_made_a_record_counts_more_than_one_that_came_after(waves: list[dict[int, Met]]) -> None:
    """What was in flight when its job was aborted makes its record first, and the next attempt is refused as its duplicate."""
    said = {row: [each[row] for each in waves if row in each] for row in {row for met in waves for row in met}}
    made = {row: [each for each in met if each[0] == "succeeded"] for row, met in said.items()}
    expected = {row: (met[0], *met[3:]) for row, each in said.items() for met in [(made[row] or each)[-1]]}
    assert expected == {row: (met[0], *met[3:]) for row, met in folded(waves, inserts=True).items()}


def test_no_wave_has_no_rows() -> None:
    """Before anything is sent, nothing is known."""
    assert {} == folded([])
