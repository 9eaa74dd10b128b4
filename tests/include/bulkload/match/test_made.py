"""Fates and results → the records that a run wrote, each once, whatever is known of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import columns, made

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
        assert 3 == made.records(con, [[first], [second]], [results], out)
        found = con.execute(f"SELECT row_id, sf_id, created FROM {tables.parquet(out)} ORDER BY sf_id").fetchall()
    assert [(1, a, True), (2, b, False), (-1, c, True)] == found


def test_each_record_of_a_row_has_a_row_id_of_its_own(tmp_path: Path) -> None:
    """An edit gave the row another key, or it was stored twice: the last record has the row's, and all of them name the row."""
    first, second, out = (tmp_path / name for name in ("1.parquet", "2.parquet", "out.parquet"))
    a, b = (f"003{letter * 12}AAA" for letter in "ab")
    with tables.connect(tables.Limits(tmp_path)) as con:
        for path, record in ((first, b), (second, a)):
            told = f"(7::BIGINT, 'succeeded', '{record}', true, NULL, 'j')"
            tables.write_parquet(con, f"SELECT * FROM {FATES.format(told)}", path)
        made.records(con, [[first], [second]], [], out)
        found = con.execute(f"SELECT row_id, sf_id, row FROM {tables.parquet(out)} ORDER BY sf_id").fetchall()
    assert [(7, a, 7), (-1, b, 7)] == found


def test_each_record_of_a_row_gets_back_what_it_held_itself(tmp_path: Path) -> None:
    """A row wrote two records, as an edit gave it another key in between."""
    a, b = (f"001{letter * 12}AAA" for letter in "ab")
    field = columns.Field("Name", "Name", "Name", {"type": "string"})
    with tables.connect(tables.Limits(tmp_path)) as con:
        waves = []
        for place, (record, ours, was) in enumerate([(b, "one", "old b"), (a, "two", "old a")]):
            ready, before, fates = (tmp_path / f"{name}-{place}.parquet" for name in ("ready", "before", "fates"))
            tables.write_parquet(con, f"SELECT 7::BIGINT AS row_id, '{ours}' AS {tables.cell('Name')}", ready)
            tables.write_parquet(con, f"SELECT 7::BIGINT AS row_id, '{record}' AS sf_id, '{was}' AS {tables.cell('Name')}", before)
            told = f"(7::BIGINT, 'succeeded', '{record}', false, NULL, 'j')"
            tables.write_parquet(con, f"SELECT * FROM {FATES.format(told)}", fates)
            waves.append(made.Wrote("Account", ready, before, [fates], [field]))
        out = tmp_path / "values.parquet"
        made.values(con, waves, [field], [fates], out)
        found = con.execute(f"SELECT row_id, sf_id, our0, was0 FROM {tables.parquet(out)} ORDER BY sf_id").fetchall()
    assert [(7, a, "two", "old a"), (-1, b, "one", "old b")] == found


def test_a_lookup_that_two_columns_set_goes_back_to_before_both(tmp_path: Path) -> None:
    """By the parent's key, then by its Id: what the last one wrote is compared, what was before the first one goes back."""
    record, out = "003" + "a" * 12 + "AAA", tmp_path / "values.parquet"
    by_key = columns.Field("Account.Key__c", "AccountId", "Account.Key__c", {"type": "reference"}, {"type": "string"})
    by_id = columns.Field("AccountId", "AccountId", "AccountId", {"type": "reference"})
    with tables.connect(tables.Limits(tmp_path)) as con:
        waves = []
        for place, (field, ours, was) in enumerate([(by_key, "A", "orig"), (by_id, "id of B", "id of A")]):
            ready, before, fates = (tmp_path / f"{name}-{place}.parquet" for name in ("ready", "before", "fates"))
            tables.write_parquet(con, f"SELECT 7::BIGINT AS row_id, '{ours}' AS {tables.cell(field.column)}", ready)
            tables.write_parquet(con, f"SELECT 7::BIGINT AS row_id, '{record}' AS sf_id, '{was}' AS {tables.cell('AccountId')}", before)
            told = f"(7::BIGINT, 'succeeded', '{record}', false, NULL, 'j')"
            tables.write_parquet(con, f"SELECT * FROM {FATES.format(told)}", fates)
            waves.append(made.Wrote("Contact", ready, before, [fates], [field]))
        made.values(con, waves, [by_id, by_key], [fates], out)
        found = con.execute(f"SELECT our0, was0, our1, was1 FROM {tables.parquet(out)}").fetchall()
    assert [("id of B", "orig", None, "orig")] == found
