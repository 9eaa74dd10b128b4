"""Files → the account: each fate from the file that says it, so that a lost row shows."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import entities, tables
from include.bulkload.load import fates
from include.bulkload.report import listed, reconcile

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

FIRST = entities.Chunk(0, 2, 30, 0, 20)
SECOND = entities.Chunk(1, 1, 20, 20, 30)


def files(con: duckdb.DuckDBPyConnection, folder: Path, **more: object) -> reconcile.Files:
    """Lay down five rows: one rejected, one merged, three ready in two chunks; fates of the first chunk."""
    staged, ready, settled = folder / "staged.parquet", folder / "ready.parquet", folder / "fates.parquet"
    tables.write_parquet(
        con,
        "SELECT unnest([1, 2, 3, 4, 5])::BIGINT AS row_id, unnest(['a', 'b', 'c', 'd', 'e']) AS \".Name\", "
        "unnest([NULL, NULL, NULL, 'missing key', NULL]) AS reason, unnest([NULL, NULL, NULL, NULL, 1])::BIGINT AS merged_into, "
        "false AS filtered",
        staged,
    )
    tables.write_parquet(con, "SELECT unnest([1, 2, 3])::BIGINT AS row_id, unnest([10, 20, 30])::BIGINT AS upto", ready)
    tables.write_parquet(
        con,
        "SELECT unnest([1, 2])::BIGINT AS row_id, unnest(['succeeded', 'failed']) AS fate, unnest(['001', NULL]) AS sf_id, "
        "unnest([true, NULL]) AS created, unnest([NULL, 'CODE:why: x:--']) AS error, '750' AS job_id",
        settled,
    )
    given: dict[str, object] = {"met": [fates.Wave([settled])], "unsent": [reconcile.Range(0, ready, SECOND)], "complete": True}
    return reconcile.Files("Account", 5, staged, **(given | more))  # type: ignore[arg-type]


@pytest.fixture
def con(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A connection of this test's own."""
    return tables.connect(tables.Limits(tmp_path / "spill"))


def test_the_sums_close(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Every source row has one fate."""
    found = reconcile.account(con, files(con, tmp_path))
    assert {"succeeded": 1, "failed": 1, "unprocessed": 1, "rejected": 1, "merged": 1} == {k: v for k, v in found.fates.items() if v}
    assert (0, 1, 0, 3) == (found.gap, found.created, found.updated, found.lost)


def test_a_lost_row_is_a_gap(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Six rows were read, five are accounted for."""
    given = files(con, tmp_path)
    assert 1 == reconcile.account(con, reconcile.Files(**{name: getattr(given, name) for name in given.__slots__} | {"source_rows": 6})).gap


def test_rows_of_a_job_that_nobody_collected_are_in_doubt(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Closed, but no results."""
    found = reconcile.account(con, files(con, tmp_path, unsent=[], running=[reconcile.Range(0, tmp_path / "ready.parquet", SECOND, "751")]))
    assert (1, 1, 0, 0) == (found.uncollected, found.fates["in_doubt"], found.fates["unprocessed"], found.gap)


def test_rows_whose_jobs_were_never_cut_are_unprocessed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The flow broke before."""
    found = reconcile.account(con, files(con, tmp_path, met=[], unsent=[], complete=False))
    assert (3, 0) == (found.fates["unprocessed"], found.gap)


def test_a_row_that_every_wave_forgot_is_a_gap(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Where all waves stand, nobody may be in none of them."""
    assert 1 == reconcile.account(con, files(con, tmp_path, unsent=[])).gap


def attempts(con: duckdb.DuckDBPyConnection, path: Path, *rows: tuple[int, str, str | None]) -> Path:
    """Write rows with their fate and Id."""
    values = ", ".join(f"({row}, {tables.literal(fate)}, {tables.literal(sf_id) if sf_id else 'NULL'})" for row, fate, sf_id in rows)
    told = "row_id::BIGINT AS row_id, fate, sf_id::VARCHAR AS sf_id, sf_id IS NOT NULL AS created, fate AS error, '751' AS job_id"
    tables.write_parquet(con, f"SELECT {told} FROM (VALUES {values}) AS t(row_id, fate, sf_id)", path)
    return path


def test_the_last_attempt_counts_and_an_id_stays(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Row 2 got through in its second wave; row 1's second pass failed, its record stands all the same."""
    given = files(con, tmp_path)
    later = attempts(con, tmp_path / "later.parquet", (1, "failed", None), (2, "succeeded", "002"))
    found = reconcile.account(con, files(con, tmp_path, met=[*given.met, fates.Wave([later])]))
    assert ({"succeeded": 1, "failed": 1, "unprocessed": 1}, 0) == (
        {fate: found.fates[fate] for fate in ("succeeded", "failed", "unprocessed")},
        found.gap,
    )
    assert [(1, "failed", "001"), (2, "succeeded", "002")] == con.execute(
        "SELECT row_id, fate, sf_id FROM final WHERE sf_id IS NOT NULL ORDER BY row_id"
    ).fetchall()


def test_what_became_of_rows_later_counts_before_an_insert_that_was_never_sent(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A replay sent the chunk that the run itself never sent, and the org refused it."""
    given, unsent = files(con, tmp_path), reconcile.Range(0, tmp_path / "ready.parquet", SECOND, inserts=True)
    later = attempts(con, tmp_path / "later.parquet", (3, "failed", None))
    found = reconcile.account(con, files(con, tmp_path, met=[*given.met, fates.Wave([later], inserts=True)], unsent=[unsent]))
    assert (2, 0, 0, 0) == (found.fates["failed"], found.fates["unprocessed"], found.unsent, found.gap)


def test_a_record_counts_before_a_later_insert_that_was_never_sent(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """An aborted job committed it late, when a replay had already planned its row anew."""
    first = fates.Wave([attempts(con, tmp_path / "first.parquet", (3, "succeeded", "003"))], inserts=True)
    given = files(con, tmp_path)
    unsent = reconcile.Range(1, tmp_path / "ready.parquet", SECOND, void=True, inserts=True)
    found = reconcile.account(con, files(con, tmp_path, met=[first, fates.Wave(given.met[0].settled, inserts=True)], unsent=[unsent]))
    assert (2, 0, 0) == (found.fates["succeeded"], found.fates["unprocessed"], found.gap)


def test_a_row_twice_in_one_wave_is_one_too_many(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Folding doesn't hide it."""
    given = files(con, tmp_path)
    later = attempts(con, tmp_path / "later.parquet", (1, "succeeded", "001"), (1, "succeeded", "001"))
    assert -1 == reconcile.account(con, files(con, tmp_path, met=[*given.met, fates.Wave([later])])).gap


def test_errors_are_counted_by_their_code(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Up to the first colon; rejections by their reason."""
    assert [{"code": "CODE", "rows": 1}, {"code": "missing key", "rows": 1}] == reconcile.account(con, files(con, tmp_path)).top_errors


@pytest.mark.parametrize(
    ("fate", "rows"),
    [
        (entities.Fate.FAILED, [("Account-0-2", "CODE:why: x:--", "750", "", "b")]),
        (entities.Fate.UNPROCESSED, [("Account-0-3", "", "", "", "c")]),
    ],
)
def test_people_find_the_rows_of_a_fate(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, fate: entities.Fate, rows: list[tuple[str, ...]]
) -> None:
    """Row id, error, job and data, also of rows that were never sent."""
    given = files(con, tmp_path)
    reconcile.account(con, given)
    listed.of_fate(con, given, 's.".Name" AS "Name"', fate, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [("row_id", "error", "job_id", "sf_id", "Name"), *rows] == [tuple(row) for row in csv.reader(file)]
