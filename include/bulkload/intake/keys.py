"""Rows with their folded keys → which can't be sent, and which share another row's record.

Two rows of one key: if all cells are equal as sent, one is sent for both; if not, nobody can say which is
right, and all rows of that key are rejected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

MISSING = "missing key"
CONFLICTING = "conflicting duplicate"


NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})


def rule(described: Mapping[str, Any]) -> entities.KeyRule:
    """How the org compares a field's keys, by its describe (contract 2.1.2; 8.11 for e-mail)."""
    if described["type"] in {"id", "reference"}:
        return entities.KeyRule.RECORD_ID
    if described["type"] in NUMBERS:
        return entities.KeyRule.NUMBER
    if described["type"] != "email" and (described["caseSensitive"] or not described["unique"]):
        return entities.KeyRule.EXACT
    return entities.KeyRule.CASELESS


def mark(con: duckdb.DuckDBPyConnection, rows: str, fields: Sequence[str]) -> int:
    """Fill the table `marks` (row_id, reason, merged_into) for the rows of a table expression; return its size.

    `rows` has row_id, key, reason and `fields`, the columns that must be equal in rows that merge. Rows that are
    rejected already don't count.
    """
    cells = "list_value(" + ", ".join(tables.quoted(field) for field in fields) + ")"
    fine = f"{rows} WHERE reason IS NULL"
    con.execute(f"CREATE OR REPLACE TEMP TABLE twice AS SELECT key FROM {fine} AND key IS NOT NULL GROUP BY key HAVING count(*) > 1")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE judged AS SELECT key, min(row_id) AS first, "
        f"count(DISTINCT {cells}) > 1 AS conflict FROM (SELECT * FROM {fine}) SEMI JOIN twice USING (key) GROUP BY key"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE marks AS "
        f"SELECT row_id, '{MISSING}' AS reason, NULL::BIGINT AS merged_into FROM {fine} AND key IS NULL UNION ALL "
        f"SELECT row_id, CASE WHEN conflict THEN '{CONFLICTING}' END, CASE WHEN NOT conflict THEN first END "
        f"FROM (SELECT row_id, key FROM {fine}) JOIN judged USING (key) WHERE conflict OR row_id != first"
    )
    counted = con.execute("SELECT count(*) FROM marks").fetchone()
    return int(counted[0]) if counted else 0
