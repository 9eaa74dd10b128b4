"""Records that are deleted → gone from sight, kept for queryAll; their children with them, or without their lookup.

Which children go too is the schema's to say (`cascadeDelete`, `deletedWithParent`); others lose the lookup [K].
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.local_org import schema

GIVEN = "IN (SELECT value FROM json_each(?))"


def records(
    con: sqlite3.Connection, objects: dict[str, schema.SObject], sobject: schema.SObject, sf_ids: Sequence[str], now: str, *, hard: bool
) -> None:
    """Delete records in the caller's transaction. `hard`: the records themselves past recall, their children as ever."""
    if not sf_ids:
        return
    given = json.dumps(list(sf_ids))
    if hard:
        con.execute(f'DELETE FROM "{sobject.name}" WHERE "Id" {GIVEN}', [given])
    else:
        emptied = "".join(f', "{name}~" = NULL' for name in _keys(sobject))
        con.execute(f'UPDATE "{sobject.name}" SET "IsDeleted" = 1, "SystemModstamp" = ?{emptied} WHERE "Id" {GIVEN}', [now, given])
    for child in objects.values():
        for field in child.fields.values():
            if field.type == "reference" and sobject.name in field.reference_to:
                _children(con, objects, child, field, sf_ids, now)


def _keys(sobject: schema.SObject) -> list[str]:
    """Fields with a folded column: a deleted record's keys are free again."""
    return [each.name for each in sobject.fields.values() if each.name != "Id" and (each.unique or each.external_id or each.id_lookup)]


def _children(
    con: sqlite3.Connection,
    objects: dict[str, schema.SObject],
    child: schema.SObject,
    field: schema.Field,
    sf_ids: Sequence[str],
    now: str,
) -> None:
    """Let one object's children go, or forget their parents."""
    # Only an org in which something is deleted pays for the index.
    lookup = f'"{field.name}"'
    con.execute(f'CREATE INDEX IF NOT EXISTS "{child.name}.{field.name}.parent" ON "{child.name}" ({lookup}) WHERE {lookup} IS NOT NULL')
    given = json.dumps(list(sf_ids))
    here = f'"{field.name}" {GIVEN} AND "IsDeleted" = 0'
    if field.deleted_with_parent:
        found = [row[0] for row in con.execute(f'SELECT "Id" FROM "{child.name}" WHERE {here}', [given])]
        records(con, objects, child, found, now, hard=False)
    else:
        con.execute(f'UPDATE "{child.name}" SET "{field.name}" = NULL, "SystemModstamp" = ? WHERE {here}', [now, given])
