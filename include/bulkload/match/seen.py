"""Answers of the org → its records as they stand now, with the fields that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import errors, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.basics import entities


def begin(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> None:
    """Make the temporary table `seen` (key, sf_id, and each column as text) anew."""
    cells = "".join(f", {tables.cell(column)} VARCHAR" for column in columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE seen (key VARCHAR, sf_id VARCHAR{cells})")


def read(con: duckdb.DuckDBPyConnection, answer: Path, keys: Path, field: str, rule: entities.KeyRule, columns: Sequence[str]) -> None:
    """Add the records of one answer whose `field` has one of `keys` (Parquet with key) to `seen`.

    Columns are found by name, whatever their case. Raises ResultsIncomplete if one that was asked for isn't there.
    """
    header = tables.header_of(answer)
    if not header:
        return
    by_name = {name.lower(): name for name in header}
    if missing := [each for each in ("Id", field, *columns) if each.lower() not in by_name]:
        raise errors.ResultsIncomplete(f"{answer.name}: the answer has no column {missing[0]}; the query may be run again")
    key = tables.folded(tables.quoted(by_name[field.lower()]), rule)
    cells = "".join(f", {tables.quoted(by_name[column.lower()])} AS c{place}" for place, column in enumerate(columns))
    con.execute(
        f"INSERT INTO seen SELECT * FROM (SELECT {key} AS key, {tables.quoted(by_name['id'])} AS sf_id{cells} "
        f"FROM {tables.strict_csv(answer, header)}) SEMI JOIN {tables.parquet(keys)} USING (key)"
    )


def write(con: duckdb.DuckDBPyConnection, out: Path) -> int:
    """Write `seen`, each record once a key; how many there are."""
    query = "SELECT * FROM seen QUALIFY row_number() OVER (PARTITION BY key, sf_id) = 1 ORDER BY key, sf_id"
    return tables.write_parquet(con, query, out)
