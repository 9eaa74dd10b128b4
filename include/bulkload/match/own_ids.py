"""Linked rows and what the org says of their keys → the same rows with their records' Ids; those without one set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

NOT_FOUND = "key not found in the org"
SEVERAL = "several records in the org have this key"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows have their Id, how many have a key that the org doesn't have, how many one that several records have."""

    found: int
    missing: int
    twice: int


def given(con: duckdb.DuckDBPyConnection, rows: Path, found: Path, out_ready: Path, out_aside: Path) -> Counts:
    """Give each row the Id of the record with its key, in a new column `Id`; set aside the others as rejected.

    `rows`: Parquet with row_id, key and whatever else, in sending order, which is kept. `found`: key, sf_id, twice, from
    `org_keys.found`. `out_aside`: row_id, fate, sf_id, created, error, job_id.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE asked AS SELECT r.file_row_number AS place, r.row_id, f.sf_id, f.twice "
        f"FROM {tables.numbered(rows)} AS r LEFT JOIN {tables.parquet(found)} AS f ON f.key = r.key"
    )
    ready = (
        f"SELECT r.* EXCLUDE (file_row_number), a.sf_id AS {tables.cell('Id')} FROM {tables.numbered(rows)} AS r "
        "JOIN asked AS a ON a.place = r.file_row_number WHERE NOT a.twice ORDER BY r.file_row_number"
    )
    aside = (
        f"SELECT row_id, '{entities.Fate.REJECTED}' AS fate, NULL::VARCHAR AS sf_id, NULL::BOOLEAN AS created, "
        f"CASE WHEN twice THEN '{SEVERAL}' ELSE '{NOT_FOUND}' END AS error, NULL::VARCHAR AS job_id "
        "FROM asked WHERE twice IS DISTINCT FROM false ORDER BY row_id"
    )
    with_id, without = tables.write_parquet(con, ready, out_ready), tables.write_parquet(con, aside, out_aside)
    (twice,) = con.execute("SELECT count(*) FROM asked WHERE twice").fetchone() or (0,)
    con.execute("DROP TABLE asked")
    return Counts(with_id, without - int(twice), int(twice))
