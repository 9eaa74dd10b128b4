"""Keys of a chunk → the records that have them, one query a chunk and field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from include.local_org import schema

AT_ONCE = 500


def by_key(con: sqlite3.Connection, sobject: schema.SObject, field: schema.Field, keys: Iterable[str | None]) -> dict[str, list[str]]:
    """Find the Ids of the records with these folded keys; keys without a record are missing. Deleted records have no keys."""
    column = "Id" if field.name == "Id" else f"{field.name}~"
    there = ' AND "IsDeleted" = 0' if field.name == "Id" else ""
    wanted = list({key for key in keys if key is not None})
    found: dict[str, list[str]] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        marks = ", ".join("?" * len(part))
        for key, sf_id in con.execute(f'SELECT "{column}", "Id" FROM "{sobject.name}" WHERE "{column}" IN ({marks}){there}', part):
            found.setdefault(key, []).append(sf_id)
    return found


def known(con: sqlite3.Connection, sobject: schema.SObject, sf_ids: Iterable[Any]) -> set[str]:
    """Tell which of these Ids are records of an object."""
    wanted = [str(each) for each in sf_ids]
    return set(by_key(con, sobject, sobject.fields["id"], wanted))
