"""A link that leads nowhere tells why, whoever set the parent aside; down the generations test_link.py tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import tables
from include.bulkload.load import fates
from include.bulkload.match import causes, link, ways
from tests.include.bulkload.match import worlds

if TYPE_CHECKING:
    from pathlib import Path

Met = tuple[int, str, str | None]
ROW = (worlds.Row("k0"),)
IN_A = worlds.Thing("B", (worlds.Link("AId", "A", nested=True),), (worlds.Row("b0", 0, (None,)),))


def cause(folder: Path, waves: list[tuple[list[Met], list[Met]]], parents: tuple[worlds.Row, ...] = ROW) -> tuple[Any, ...]:
    """Say why the child of A's row 0 isn't sent. `waves` of A: rows settled and set aside (row, fate, error), without more columns."""
    with tables.connect(tables.Limits(folder)) as con:
        worlds.stage(con, worlds.Thing("A", (), parents), folder / "a.parquet")
        worlds.stage(con, IN_A, folder / "b.parquet")
        laid = []
        for number, parts in enumerate(waves):
            paths = [folder / f"{number}-{part}.parquet" for part in ("settled", "aside")]
            for path, rows in zip(paths, parts, strict=True):
                con.execute(f"CREATE OR REPLACE TABLE met AS SELECT {tables.NO_FATES} WHERE false")
                for row in rows:
                    con.execute("INSERT INTO met VALUES (?, ?, NULL, NULL, ?, NULL)", row)
                tables.write_parquet(con, "FROM met", path)
            laid.append(fates.Wave(paths[:1], paths[1:]))
        lost = worlds.lost("A", folder / "a.parquet", laid, "Key__c")
        way = ways.Way("AId", 0, True, None, None, "AId", False, "quarantine", False, lost)
        link.resolve(con, folder / "b.parquet", "B", [], [way], None, folder / "aside.parquet")
        told = "parent_fate, parent_error, ancestor_row, ancestor_key, ancestor_error, depth"
        (found,) = con.execute(f"SELECT {told} FROM {tables.parquet(folder / 'aside.parquet')}").fetchall()
        return tuple(found)


@pytest.mark.parametrize(
    ("waves", "expected"),
    [
        ([], ("unprocessed", None)),
        ([([(0, "failed", "CODE:no:--")], [])], ("failed", "CODE:no:--")),
        ([([], [(0, "rejected", "key not found in the org")])], ("rejected", "key not found in the org")),
        ([([(0, "failed", "UNABLE_TO_LOCK_ROW:x:--")], []), ([(0, "unprocessed", "aborted")], [])], ("unprocessed", "aborted")),
        ([([], [(0, "orphaned", "no parent: XId")])], ("orphaned", "no parent: XId")),
    ],
    ids=["never sent", "failed", "set aside", "sent again", "an orphan of whom no more is known"],
)
def test_the_parents_last_fate_is_the_cause(tmp_path: Path, waves: list[tuple[list[Met], list[Met]]], expected: tuple[Any, ...]) -> None:
    """Of all waves, from jobs and from what was set aside; the files of others may lack the columns of orphans."""
    assert (*expected, 0, "K0", expected[1], 1) == cause(tmp_path, waves)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (worlds.Row("k0", reason="conflicting duplicate"), ("rejected", "conflicting duplicate")),
        (worlds.Row("k0", filtered=True), ("filtered", None)),
    ],
    ids=["rejected", "filtered"],
)
def test_a_parent_that_was_never_to_be_sent_is_the_cause(tmp_path: Path, row: worlds.Row, expected: tuple[Any, ...]) -> None:
    """Its reason is the error."""
    assert (*expected, 0, "K0", expected[1], 1) == cause(tmp_path, [], (row,))


def test_a_merged_parents_cause_is_that_of_the_row_sent_for_it(tmp_path: Path) -> None:
    """The ancestor is the row that failed."""
    parents = (worlds.Row("k0", merged_into=1), worlds.Row("k0"))
    assert ("failed", "CODE:no:--", 1, "K0", "CODE:no:--", 1) == cause(tmp_path, [([(1, "failed", "CODE:no:--")], [])], parents)


def test_an_orphan_of_several_waves_is_explained_by_the_last(tmp_path: Path) -> None:
    """Sent again, it may hang on another ancestor than before."""
    with tables.connect(tables.Limits(tmp_path)) as con:
        for number in range(3):
            began = f"'orphaned' AS fate, 'X' AS ancestor_object, {number} AS ancestor_row, 'x{number}' AS ancestor_key, {number} AS depth"
            query = f"SELECT * REPLACE ({began}) FROM ({causes.NONE.replace('WHERE false', '')})"
            tables.write_parquet(con, f"SELECT * REPLACE (0::BIGINT AS row_id) FROM ({query})", tmp_path / f"aside-{number}.parquet")
        worlds.stage(con, worlds.Thing("A", (), ROW), tmp_path / "a.parquet")
        worlds.stage(con, IN_A, tmp_path / "b.parquet")
        lost = worlds.lost("A", tmp_path / "a.parquet", [fates.Wave(asides=[tmp_path / f"aside-{number}.parquet"]) for number in (2, 0, 1)])
        way = ways.Way("AId", 0, True, None, None, "AId", False, "quarantine", False, lost)
        link.resolve(con, tmp_path / "b.parquet", "B", [], [way], None, tmp_path / "aside.parquet")
        found = con.execute(f"SELECT ancestor_object, ancestor_row, ancestor_key, depth FROM {tables.parquet(tmp_path / 'aside.parquet')}")
        assert [("X", 1, "x1", 2)] == found.fetchall()


def test_no_rows_have_all_columns(tmp_path: Path) -> None:
    """What is set aside can be read by name even where it is empty."""
    with tables.connect(tables.Limits(tmp_path)) as con:
        found = con.execute(causes.NONE)
        assert causes.COLUMNS.split(", ") == [each[0] for each in found.description or []]
