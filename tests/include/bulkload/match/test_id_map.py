"""Whatever wave wrote a row, its Id is known, and so is that of the rows merged into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.load import fates
from include.bulkload.match import id_map
from tests.include.bulkload.match import worlds

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (
    worlds.Row("k0"),
    worlds.Row("k1"),
    worlds.Row("k0", merged_into=0),
    worlds.Row("k3", reason="conflicting duplicate"),
    worlds.Row("k4"),
    worlds.Row("k5", filtered=True),
    worlds.Row("k6"),
    worlds.Row("k6", merged_into=6),
    worlds.Row("k6", merged_into=6, filtered=True),
)


def learnt(folder: Path, *waves: tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Learn the Ids of ROWS from waves: rows settled, rows set aside (row, fate, Id, created)."""
    with tables.connect(tables.Limits(folder)) as con:
        worlds.stage(con, worlds.Thing("A", (), ROWS), folder / "staged.parquet")
        laid = []
        for number, parts in enumerate(waves):
            paths = [folder / f"{number}-{part}.parquet" for part in ("settled", "aside")]
            for path, rows in zip(paths, parts, strict=True):
                con.execute(f"CREATE OR REPLACE TABLE met AS SELECT {tables.NO_FATES} WHERE false")
                for row in rows:
                    con.execute("INSERT INTO met VALUES (?, ?, ?, ?, NULL, NULL)", row)
                tables.write_parquet(con, "FROM met", path)
            laid.append(fates.Wave(paths[:1], paths[1:]))
        count = id_map.learn(con, laid, folder / "staged.parquet", folder / "ids.parquet")
        found = con.execute(f"SELECT row_id, key, sf_id, created, sent_row FROM {tables.parquet(folder / 'ids.parquet')} ORDER BY row_id")
        rows = found.fetchall()
    assert len(rows) == count
    return rows


def test_merged_and_unchanged_rows_have_their_record(tmp_path: Path) -> None:
    """A merged row has the Id of the row sent for it; an unchanged one, and what is merged into it, that of an earlier run."""
    settled = [(0, "succeeded", "001A", True), (1, "failed", None, None), (4, "unprocessed", None, None)]
    expected = [(0, "k0", "001A", True, 0), (2, "k0", "001A", True, 0), (6, "k6", "001U", False, 6), (7, "k6", "001U", False, 6)]
    assert expected == learnt(tmp_path, (settled, [(6, "unchanged", "001U", False)]))


def test_a_second_pass_takes_no_id_away(tmp_path: Path) -> None:
    """A row whose lookup couldn't be set has its record all the same; a retry that got through adds one."""
    first = [(0, "succeeded", "001A", True), (1, "unprocessed", None, None)]
    second = [(1, "succeeded", "001B", False)]
    expected = [(0, "k0", "001A", True, 0), (1, "k1", "001B", False, 1), (2, "k0", "001A", True, 0)]
    assert expected == learnt(tmp_path, (first, []), (second, [(0, "failed", None, None)]))


def test_a_key_leads_to_one_record(tmp_path: Path) -> None:
    """Among the rows that were sent themselves no key is there twice."""
    rows = learnt(tmp_path, ([(0, "succeeded", "001A", True), (6, "succeeded", "001B", True)], []))
    assert ["k0", "k6"] == [key for row, key, _, _, sent_row in rows if row == sent_row]
