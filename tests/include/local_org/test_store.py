"""The database file → it grows with the schema."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from include.local_org import schema, store

if TYPE_CHECKING:
    from pathlib import Path

OBJECT = '{"name": "Ship__c", "label": "Ship", "keyPrefix": "a0S", "custom": true, "fields": [%s]}'
NAME = '{"name": "Name", "label": "Name", "nameField": true, "nillable": false}'
KEY = '{"name": "Key__c", "label": "Key", "externalId": true, "idLookup": true, "unique": true}'


def opened(folder: Path, fields: str) -> store.Store:
    """Open the file in a folder with a schema of one more object."""
    (folder / "schema").mkdir(exist_ok=True)
    (folder / "schema" / "Ship__c.json").write_text(OBJECT % fields)
    return store.Store(folder / "org.db", schema.load(folder / "schema"))


def test_fields_can_be_added_to_an_object_that_has_records(tmp_path: Path) -> None:
    """Its records stay, the new field is empty, its key has an index."""
    with opened(tmp_path, NAME).writing() as con:
        con.execute('INSERT INTO "Ship__c" ("Id", "Name") VALUES (\'a0S1\', \'Vasa\')')
    grown = opened(tmp_path, f"{NAME}, {KEY}").reading()
    assert [("Vasa", None, None)] == [tuple(row) for row in grown.execute('SELECT "Name", "Key__c", "Key__c~" FROM "Ship__c"')]
    assert "Ship__c.Key__c" in {row["name"] for row in grown.execute('PRAGMA index_list("Ship__c")')}


@pytest.mark.parametrize(("rows", "columns"), [(0, 1), (99, 1), (100, 2), (250, 3), (61, 1500)])
def test_rows_are_inserted_as_they_are_whatever_their_number(rows: int, columns: int) -> None:
    """None lost, none mixed up, where one statement wouldn't take them all too."""
    con = sqlite3.connect(":memory:")
    names = [f"c{number}" for number in range(columns)]
    con.execute(f"CREATE TABLE t ({', '.join(['same', *names])})")
    given = [tuple(f"{row} {name}" for name in names) for row in range(rows)]
    store.insert(con, "t", {"same": 7}, names, given)
    assert [(7, *cells) for cells in given] == con.execute("SELECT * FROM t ORDER BY rowid").fetchall()


def test_an_upload_that_a_kill_broke_off_is_taken_away(tmp_path: Path) -> None:
    """Whole ones stay."""
    first = store.Store(tmp_path / "org.db", {})
    for name in ("750a.csv", "750b.1.part"):
        (first.uploads / name).touch()
    assert ["750a.csv"] == [path.name for path in store.Store(tmp_path / "org.db", {}).uploads.iterdir()]
