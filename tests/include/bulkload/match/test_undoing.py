"""Planned rows of an undo and what became of them, wave by wave → what is told of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import undoing

if TYPE_CHECKING:
    from pathlib import Path


def test_what_one_wave_did_is_done_though_a_later_one_found_it_done(tmp_path: Path) -> None:
    """Two acts at once: what the first deleted the second found gone; what was gone before both is told so."""
    rows, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    fate = "SELECT {}::BIGINT AS row_id, '{}' AS fate, NULL AS sf_id, NULL AS created, NULL AS error, NULL AS job_id"
    with tables.connect(tables.Limits(tmp_path)) as con:
        planned = "SELECT unnest([1, 2])::BIGINT AS row_id, 'x' AS sf_id, 'delete' AS act, 'due' AS state, NULL::VARCHAR AS why"
        tables.write_parquet(con, planned, rows)
        waves = [fate.format(1, "succeeded"), f"{fate.format(1, 'gone')} UNION ALL {fate.format(2, 'gone')}"]
        undoing.ended(con, rows, {undoing.DELETE: waves, undoing.RESTORE: []}, out)
        found = con.execute(f"SELECT row_id, state FROM {tables.parquet(out)} ORDER BY row_id").fetchall()
    assert [(1, "deleted"), (2, "gone")] == found
