"""Keys of a chunk → the records that have them, one query a chunk and field, none for keys that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from include.local_org import schema

AT_ONCE = 500


class Lookups:
    """What a chunk asks of the org before it writes: each key is looked up once. `con`: the chunk's transaction."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self.con = con
        self._asked: dict[tuple[str, str], tuple[set[str], dict[str, list[str]]]] = {}

    def by_key(self, sobject: schema.SObject, field: schema.Field, keys: Iterable[str | None]) -> dict[str, list[str]]:
        """Find the Ids of records like the function; other keys that were asked for before may be there too."""
        asked, found = self._asked.setdefault((sobject.name, field.name), (set(), {}))
        wanted = {key for key in keys if key is not None} - asked
        asked |= wanted
        found.update(by_key(self.con, sobject, field, wanted))
        return found

    def known(self, sobject: schema.SObject, sf_ids: Iterable[str]) -> set[str]:
        """Tell which of these Ids are records of an object; others that were asked for before may be there too."""
        return set(self.by_key(sobject, sobject.fields["id"], sf_ids))


def by_key(con: sqlite3.Connection, sobject: schema.SObject, field: schema.Field, keys: Iterable[str | None]) -> dict[str, list[str]]:
    """Find the Ids of the records with these folded keys; keys without a record are missing. Deleted records have no keys."""
    column = "Id" if field.name == "Id" else f"{field.name}~"
    there = ' AND "IsDeleted" = 0' if field.name == "Id" else ""
    wanted = list({key for key in keys if key is not None})
    cursor = con.cursor()
    cursor.row_factory = None
    pairs: list[tuple[str, str]] = []
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        marks = ", ".join("?" * len(part))
        cursor.execute(f'SELECT "{column}", "Id" FROM "{sobject.name}" WHERE "{column}" IN ({marks}){there}', part)
        pairs += cursor.fetchall()
    found = {key: [sf_id] for key, sf_id in pairs}
    if len(found) < len(pairs):
        found = {key: [] for key in found}
        for key, sf_id in pairs:
            found[key].append(sf_id)
    return found
