"""Refused children of unchanged parents → those whose parent's record is gone from the org: orphans, with that cause.

Nothing but a question to the org tells: the errors don't name the lookup that they are about (contract 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.match import causes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

GONE = "the record that an earlier run loaded is gone from the org; the next run loads it again"
# Salesforce's words for a lookup to a record that isn't there: by Id, or by key in a relationship column.
REFUSALS = (
    "INVALID_CROSS_REFERENCE_KEY:",
    "ENTITY_IS_DELETED:",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY:",
    "INVALID_FIELD:Foreign key external ID:",
)


@dataclass(frozen=True, slots=True)
class Kin:
    """A lookup of the children to an object of this load that leaves unchanged rows out.

    `field`: the lookup (AccountId); `column`: what was sent for it; `rule`: how a relationship column's keys compare, None where it
    holds Ids; `parent`: the object's name; its staged rows; its rows that were set aside, with their fate; `key_field`: its key.
    """

    field: str
    column: str
    parent: str
    staged: Path
    asides: Sequence[Path]
    key_field: str
    rule: entities.KeyRule | None = None


def suspects(con: duckdb.DuckDBPyConnection, fates: Sequence[Path], ready: Path, kin: Sequence[Kin]) -> list[str]:
    """Fill the temporary table `suspects` (row_id, nth, sf_id, parent_row, parent_key, error, job_id); names of the parents in question.

    Each is a child whose refusal may be about the parent's record, which this run left as it was.
    """
    refused = " OR ".join(f"starts_with(error, {tables.literal(each)})" for each in REFUSALS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE refused AS SELECT row_id, error, job_id FROM {tables.parquets(fates)} "
        f"WHERE fate = '{entities.Fate.FAILED}' AND ({refused})"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE suspects (row_id BIGINT, nth INTEGER, sf_id VARCHAR, parent_row BIGINT, parent_key VARCHAR, "
        "error VARCHAR, job_id VARCHAR)"
    )
    for nth, each in enumerate(kin):
        cell = f"r.{tables.cell(each.column)}"
        named = f"p.{tables.cell(each.key_field)}"
        same = f"left({cell}, 15) = left(a.sf_id, 15)" if each.rule is None else f"{tables.folded(cell, each.rule)} = p.key"
        con.execute(
            f"INSERT INTO suspects SELECT f.row_id, {nth}, a.sf_id, p.row_id, {named}, f.error, f.job_id FROM refused AS f "
            f"JOIN {tables.parquet(ready)} AS r USING (row_id) JOIN (SELECT row_id, sf_id FROM {tables.parquets(each.asides)} "
            f"WHERE fate = '{entities.Fate.UNCHANGED}') AS a ON true JOIN {tables.parquet(each.staged)} AS p ON p.row_id = a.row_id "
            f"WHERE {same}"
        )
    numbers = con.execute("SELECT DISTINCT nth FROM suspects ORDER BY nth").fetchall()
    return list(dict.fromkeys(kin[nth].parent for (nth,) in numbers))


def keys(con: duckdb.DuckDBPyConnection, kin: Sequence[Kin], parent: str, out: Path) -> None:
    """Write the Ids of one parent object that are in question, as `org_keys.found` wants them."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE questioned AS SELECT DISTINCT sf_id FROM suspects WHERE nth IN ({_of(kin, parent)})")
    tables.write_parquet(con, "SELECT left(sf_id, 15) AS key, sf_id AS text FROM questioned", out)


def gone(con: duckdb.DuckDBPyConnection, kin: Sequence[Kin], parent: str, found: Path, out: Path) -> int:
    """Write the Ids (sf_id) that weren't found, and take the other suspects of this parent off the list; how many are gone."""
    con.execute(f"DELETE FROM suspects WHERE nth IN ({_of(kin, parent)}) AND left(sf_id, 15) IN (SELECT key FROM {tables.parquet(found)})")
    return tables.write_parquet(con, f"SELECT DISTINCT sf_id FROM suspects WHERE nth IN ({_of(kin, parent)}) ORDER BY sf_id", out)


def _of(kin: Sequence[Kin], parent: str) -> str:
    return ", ".join(str(nth) for nth, each in enumerate(kin) if each.parent == parent)


def orphaned(con: duckdb.DuckDBPyConnection, kin: Sequence[Kin], out: Path) -> int:
    """Write the suspects that are left as orphans (causes.COLUMNS), one row each: what Salesforce said, and the parent that is gone."""
    named = " ".join(f"WHEN {nth} THEN {tables.literal(each.field)}" for nth, each in enumerate(kin))
    parents = " ".join(f"WHEN {nth} THEN {tables.literal(each.parent)}" for nth, each in enumerate(kin))
    query = (
        f"SELECT row_id, '{entities.Fate.ORPHANED}' AS fate, NULL::VARCHAR AS sf_id, NULL::BOOLEAN AS created, error, job_id, "
        f"CASE nth {named} END AS field, CASE nth {parents} END AS parent_object, parent_row, parent_key, "
        f"'{entities.Fate.UNCHANGED}' AS parent_fate, {tables.literal(GONE)} AS parent_error, CASE nth {parents} END AS ancestor_object, "
        f"parent_row AS ancestor_row, parent_key AS ancestor_key, {tables.literal(GONE)} AS ancestor_error, 1 AS depth "
        "FROM suspects QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY nth, parent_row) = 1"
    )
    if not kin:
        query = causes.NONE
    return tables.write_parquet(con, f"SELECT {causes.COLUMNS} FROM ({query}) ORDER BY row_id", out)
