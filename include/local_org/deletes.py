"""Records that are deleted → gone from sight, kept for queryAll; their children with them, or without their lookup.

Which children go too is the schema's to say (`cascadeDelete`, `deletedWithParent`), and which keep their parent
(`keepsParent`); others lose the lookup [K].
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


def kept(con: sqlite3.Connection, objects: dict[str, schema.SObject], sobject: schema.SObject, sf_ids: Sequence[str]) -> dict[str, str]:
    """Say why records can't be deleted: others that keep them point at them; by Id."""
    found: dict[str, str] = {}
    for child in objects.values():
        for field in child.fields.values():
            if not (field.keeps_parent and sobject.name in field.reference_to):
                continue
            _indexed(con, child, field)
            label = next((each.name for each in child.fields.values() if each.describe["nameField"]), "Id")
            below = f'SELECT "{field.name}", group_concat("{label}", \', \') FROM "{child.name}"'
            where = f'WHERE "{field.name}" {GIVEN} AND "IsDeleted" = 0 GROUP BY "{field.name}"'
            plural = str(child.describe.get("labelPlural", child.label)).lower()
            for sf_id, names in con.execute(f"{below} {where}", [json.dumps(list(sf_ids))]):
                said = f"could not be completed because it is associated with the following {plural}.: {names}"
                found[sf_id] = f"DELETE_FAILED:Your attempt to delete {_name(con, sobject, sf_id)} {said}\n:--"
    return found


def _name(con: sqlite3.Connection, sobject: schema.SObject, sf_id: str) -> str:
    """A record's name, of a person the last one."""
    column = "LastName" if sobject.field("LastName") else "Name" if sobject.field("Name") else "Id"
    (found,) = con.execute(f'SELECT "{column}" FROM "{sobject.name}" WHERE "Id" = ?', [sf_id]).fetchone()
    return str(found)


def _indexed(con: sqlite3.Connection, child: schema.SObject, field: schema.Field) -> None:
    """Make children quick to find: only an org in which something is deleted pays for the index."""
    lookup = f'"{field.name}"'
    con.execute(f'CREATE INDEX IF NOT EXISTS "{child.name}.{field.name}.parent" ON "{child.name}" ({lookup}) WHERE {lookup} IS NOT NULL')


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
    _indexed(con, child, field)
    given = json.dumps(list(sf_ids))
    here = f'"{field.name}" {GIVEN} AND "IsDeleted" = 0'
    if field.deleted_with_parent:
        found = [row[0] for row in con.execute(f'SELECT "Id" FROM "{child.name}" WHERE {here}', [given])]
        records(con, objects, child, found, now, hard=False)
    else:
        con.execute(f'UPDATE "{child.name}" SET "{field.name}" = NULL, "SystemModstamp" = ? WHERE {here}', [now, given])
