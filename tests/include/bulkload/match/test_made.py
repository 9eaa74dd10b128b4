"""Fates and results → the records that a run wrote, each once, whatever is known of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import made

if TYPE_CHECKING:
    from pathlib import Path

FATES = "(VALUES {}) AS t (row_id, fate, sf_id, created, error, job_id)"


def test_a_record_is_there_once_and_created_if_any_job_says_so(tmp_path: Path) -> None:
    """A second pass changes what the first created; a refused row has none; a record whose row couldn't be told counts too."""
    first, second, results, out = (tmp_path / name for name in ("1.parquet", "2.parquet", "ok.csv", "out.parquet"))
    a, b, c = (f"003{letter * 12}AAA" for letter in "abc")
    results.write_text(f'"sf__Id","sf__Created",LastName\n"{a}","true","x"\n"{c}","true","y"\n', "utf-8")
    with tables.connect(tables.Limits(tmp_path)) as con:
        good = f"(1::BIGINT, 'succeeded', '{a}', true, NULL, 'j'), (2, 'succeeded', '{b}', false, NULL, 'j')"
        told = f"{good}, (3, 'failed', NULL, NULL, 'E', 'j')"
        tables.write_parquet(con, f"SELECT * FROM {FATES.format(told)}", first)
        again = f"(1::BIGINT, 'succeeded', '{a}', false, NULL, 'k')"
        tables.write_parquet(con, f"SELECT * FROM {FATES.format(again)}", second)
        assert 3 == made.records(con, [first, second], [results], out)
        found = con.execute(f"SELECT row_id, sf_id, created FROM {tables.parquet(out)} ORDER BY sf_id").fetchall()
    assert [(1, a, True), (2, b, False), (-1, c, True)] == found
