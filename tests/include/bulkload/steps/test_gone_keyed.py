"""Inserts that we key (`row_key_field`), and whose job Salesforce doesn't know any more: the org tells which rows were written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import duckdb

from include.bulkload.basics import entities
from include.bulkload.steps import ids, settle, summarize
from tests.include.bulkload.steps import test_gone, undoings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load


def keyed(load: Load, *, noted: bool = False) -> None:
    """An insert that we key loses its job; the first of its records is gone, too."""
    test_gone.accounts(load, "insert")
    load.mapping["Account"] |= {"external_id": None, "row_key_field": "External_Id__c"}
    load.mapping["Account"]["fields"] = {"Name": "name"}
    load.split()
    test_gone.lost(load, noted=noted)
    load.org.remove("Account", load.org.query("SELECT Id FROM Account WHERE Name = 'new K1'")[0]["Id"])


def test_the_org_is_asked_for_an_inserts_keys(load: Load) -> None:
    """A row whose key isn't there was not written, and may go again; one that is there was, for nobody else makes such keys."""
    keyed(load)
    (there,) = load.org.query("SELECT Id FROM Account")
    assert {entities.Fate.UNPROCESSED: 1, entities.Fate.SUCCEEDED: 1} == load.settled("Account")
    assert [(there["Id"],)] == duckdb.sql(f"SELECT sf_id FROM '{ids.known(load.run, 'Account')}'").fetchall()
    part = summarize.close(load.run, [])["summary"]["objects"]["Account"]
    assert (1, 1, 1, 0) == (part["unprocessed"], part["succeeded"], part["created"], part["in_doubt"])


def test_an_undo_deletes_what_the_org_told_of(load: Load) -> None:
    """A record that was found by its key is one that the run created, as is the one that a round brought: nothing isn't known."""
    keyed(load, noted=True)
    load.settled("Account")
    dry = undoings.planned(load)
    assert (test_gone.ROWS, []) == (dry["summary"]["objects"]["Account"]["delete"], dry["summary"].get("notKnown", []))
    undoings.undone(load)
    assert not test_gone.names(load)


class Copied:
    """A client whose org has a copy of each record that is asked for: its key is the same, its Id is another."""

    def __init__(self, of: Any) -> None:
        self._of = of

    def __getattr__(self, name: str) -> Any:
        """All else is as it was."""
        return getattr(self._of, name)

    def query_rows(self, soql: str, path: Path) -> int:
        """Answer with the copies, too."""
        rows = int(self._of.query_rows(soql, path))
        header, *lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([header, *lines, *(line.replace("001", "0019", 1) for line in lines)]))
        return 2 * rows


def test_a_key_that_two_records_have_proves_nothing(load: Load) -> None:
    """Somebody copied the record with all its fields: which of both the row became can't be told."""
    keyed(load)
    run = dataclasses.replace(load.run, salesforce=Copied(load.run.salesforce))
    assert {entities.Fate.UNPROCESSED: 1, entities.Fate.IN_DOUBT: 1} == settle.advance(run, "Account")["tally"]
