"""Rows with their folded keys → which can't be sent, and which share another row's record.

Two rows of one key: if all cells are equal as sent, links included, one is sent for both. If not, the plan's
`duplicates` says what happens: all rows of that key are rejected because nobody can say which is right, the load
stops, or the first or the last of them stands for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

MISSING = "missing key"
CONFLICTING = "conflicting duplicate"
# Whether a staged row's key may name its record; of rows that share one and differ nobody can say which it is.
IS_ITS_OWN = f"reason IS DISTINCT FROM '{CONFLICTING}'"
NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})


def described(describes: Mapping[str, Any], sobject: str, field: str) -> Mapping[str, Any]:
    """Find a field in the describes (sobject → describe), whatever its case. Raises PlanError if it isn't there."""
    for each in describes.get(sobject, {}).get("fields", ()):
        if each["name"].lower() == field.lower():
            return dict(each)
    raise errors.PlanError(f"{sobject} has no field {field}; mend its name, or give this user read access to it")


def rule(described: Mapping[str, Any]) -> entities.KeyRule:
    """How the org compares a field's keys, by its describe (contract 2.1.2; 8.11 for e-mail)."""
    if described["type"] in {"id", "reference"}:
        return entities.KeyRule.RECORD_ID
    if described["type"] in NUMBERS:
        return entities.KeyRule.NUMBER
    if described["type"] != "email" and (described["caseSensitive"] or not described["unique"]):
        return entities.KeyRule.EXACT
    return entities.KeyRule.CASELESS


def mark(con: duckdb.DuckDBPyConnection, rows: str, fields: Sequence[str], policy: str = "reject") -> int:
    """Fill the table `marks` (row_id, reason, merged_into) for the rows of a table expression; return its size.

    `rows` has row_id, key, reason, filtered and `fields` (as SQL), which must be equal in rows that merge. Rows
    that are rejected or filtered already don't count. `policy`: reject, fail, first or last. Raises SourceError if
    it is `fail` and rows of one key differ.
    """
    fine = f"{rows} WHERE reason IS NULL AND NOT filtered"
    con.execute(f"CREATE OR REPLACE TEMP TABLE twice AS SELECT key FROM {fine} AND key IS NOT NULL GROUP BY key HAVING count(*) > 1")
    kept = "max(row_id)" if policy == "last" else "min(row_id)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT key, {kept} AS kept, {_conflict(fields, policy)} AS conflict "
        f"FROM (SELECT * FROM {fine}) SEMI JOIN twice USING (key) GROUP BY key"
    )
    if policy == "fail":
        _stop_at_conflicts(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE marks AS "
        f"SELECT row_id, '{MISSING}' AS reason, NULL::BIGINT AS merged_into FROM {fine} AND key IS NULL UNION ALL "
        f"SELECT row_id, CASE WHEN conflict THEN '{CONFLICTING}' END, CASE WHEN NOT conflict THEN kept END "
        f"FROM (SELECT row_id, key FROM {fine}) JOIN judged USING (key) WHERE conflict OR row_id != kept"
    )
    counted = con.execute("SELECT count(*) FROM marks").fetchone()
    return int(counted[0]) if counted else 0


def _conflict(fields: Sequence[str], policy: str) -> str:
    """Whether the rows of a key differ, where that matters."""
    if policy in {"first", "last"}:
        return "false"
    return f"count(DISTINCT list_value({', '.join(fields)})) > 1"


def _stop_at_conflicts(con: duckdb.DuckDBPyConnection) -> None:
    count, example = con.execute("SELECT count(*), min(key) FROM judged WHERE conflict").fetchone() or (0, None)
    if count:
        raise errors.SourceError(
            f"{count} keys stand in rows that differ, {example!r} for example; "
            "mend the source, or let `duplicates` say which row counts (first, last) or that none does (reject)"
        )
