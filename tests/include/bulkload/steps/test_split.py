"""The sources of a plan are read once each, whatever their kinds, before anything is sent."""

from __future__ import annotations

import gzip
import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors, tables
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, split

if TYPE_CHECKING:
    from tests.include.bulkload.steps import conftest


def object_of(source: str, name: str = "n", **said: Any) -> dict[str, Any]:
    """An object of the plan that reads one value of a source."""
    return {"sobject": "Account", "source": source, "operation": "insert", "fields": {"Name": name}, **said}


@pytest.fixture
def mixed(load: conftest.Load) -> dict[str, Any]:
    """A plan of four objects from three sources: a folder of CSV files, a document of two lists, a query."""
    (load.root / "in").mkdir()
    (load.root / "in" / "b.csv").write_bytes(b"n\nthree\n")
    (load.root / "in" / "a.csv.gz").write_bytes(gzip.compress(b"n\none\ntwo,\n"))
    (load.root / "x.json").write_bytes(b'{"p": [{"n": 1}], "q": [{"n": 2}, {"n": 3}]}')
    with sqlite3.connect(load.root / "crm.db") as made:
        made.execute("CREATE TABLE people (n)")
        made.executemany("INSERT INTO people VALUES (?)", [("Ada",), (None,)])
    made.close()
    sources = {
        "files": {"uri": f"{load.root.as_uri()}/in/"},
        "document": {"uri": f"{load.root.as_uri()}/x.json"},
        "people": {"sql": "SELECT n FROM people ORDER BY rowid", "conn_id": "crm.db"},
    }
    objects = {
        "Files": object_of("files"),
        "P": object_of("document", records="p[]"),
        "Q": object_of("document", records="q[]"),
        "People": object_of("people"),
    }
    return {"name": "mixed", "sources": sources, "objects": objects}


def test_sources_of_all_kinds_are_staged(load: conftest.Load, mixed: dict[str, Any]) -> None:
    """Each object from its own, and the ledger has a checksum of each source."""
    run = load.run
    split.load(run, mixed, load)
    staged = journal.demand(run, entries.STAGED)
    with tables.connect(run.limits) as con:
        found = {}
        for name, each in staged["objects"].items():
            staged_file = tables.parquet(journal.bring(run, each["file"]))
            rows = con.execute(f'SELECT ".Name", reason FROM {staged_file} ORDER BY row_id').fetchall()
            found[name] = [reason or text for text, reason in rows]
    two = "2 cells, the first line has 1"
    assert {"Files": ["one", two, "three"], "P": ["1"], "Q": ["2", "3"], "People": ["Ada", "missing value: Name"]} == found
    assert hashlib.sha256(b"n\none\ntwo,\nn\nthree\n").hexdigest() == staged["sources"]["files"]
    assert ["files", "document", "people"] == [*staged["sources"]]


def test_a_retry_reads_what_stands(load: conftest.Load, mixed: dict[str, Any]) -> None:
    """Not the sources, which may have changed since."""
    first = split.load(load.run, mixed, load)
    (load.root / "x.json").write_bytes(b"nonsense")
    (load.root / "crm.db").unlink()
    assert first == split.load(load.run, mixed, load)


def test_a_source_that_cannot_be_read_stops_the_load(load: conftest.Load, mixed: dict[str, Any]) -> None:
    """Nothing is staged, nothing sent."""
    mixed["sources"]["people"]["sql"] = "SELECT n AS name FROM people"
    with pytest.raises(errors.PlanError, match="the query: it has no column n that the plan reads"):
        split.load(load.run, mixed, load)
    assert (None, []) == (load.run.folder.read(entries.STAGED), load.org.jobs())


def test_a_source_that_nobody_reads_is_refused(load: conftest.Load, mixed: dict[str, Any]) -> None:
    """A plan says what it needs and no more."""
    del mixed["objects"]["People"]
    with pytest.raises(errors.PlanError, match=r"sources\.people: no object reads it"):
        split.load(load.run, mixed, load)
