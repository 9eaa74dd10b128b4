"""Records that a run created → the org asked about them again, and about all that hangs on them, by few query jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.match import since
from include.bulkload.steps import org_rows, undo_newer, undo_written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.match import changes
    from include.bulkload.steps import journal, ports

ID = "Id"
# What Salesforce keeps beside a record by itself: it goes with the record, and nobody looks for it elsewhere. Beside those of a custom
# object it is `Order__History`; `Medical_History__c` is somebody's own object.
BESIDE = ("History", "Feed", "Share", "ChangeEvent", "Tag")


@dataclass
class Look:
    """The org asked once: what is known of its objects, and lookups that it doesn't answer for (`Case.AccountId: why`), by sobject.

    `late`: records that aborted jobs of the run wrote (`made.late`), if there are any.
    """

    run: ports.Run
    opened: journal.Opened
    windows: Sequence[changes.Window]
    late: Path | None
    describes: dict[str, dict[str, Any]] = field(default_factory=dict)
    unchecked: dict[str, list[str]] = field(default_factory=dict)

    def begin(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the tables of `since` anew."""
        since.begin(con)
        if self.late:
            since.land(con, self.late)

    def at(self, con: duckdb.DuckDBPyConnection, name: str, rows: str, doubtful: str = "") -> None:
        """Add an object's records (an SQL table expression of row_id, sf_id) to the candidates of `since`, and look at them.

        `doubtful`: those of `since.doubt`, if there are any.
        """
        sobject, keys, seen = (
            self.opened.sobject(name),
            self.run.scratch / f"{name}-keys.parquet",
            self.run.scratch / f"{name}-seen.parquet",
        )
        if doubtful:
            since.doubt(con, name, doubtful)
        if not since.add(con, name, rows, keys):
            return
        watched = self._watched(sobject, *([since.CREATED] if doubtful and not self.late else []))
        org_rows.read(self.run, (sobject, ID, entities.KeyRule.RECORD_ID), keys, watched, seen)
        # First, as it names the run.
        if newer := undo_newer.records(self.run, self.opened, name):
            since.keep(con, name, newer)
        since.compare(con, name, seen, watched, self.windows)
        for child, lookup in self._lookups(sobject):
            self._hanging(con, sobject, (child, lookup), keys)

    def _hanging(self, con: duckdb.DuckDBPyConnection, sobject: str, by: tuple[str, str], keys: Path) -> None:
        """Ask which records of one kind hang on the candidates by one lookup. What is refused is noted: it can't be checked."""
        child, lookup = by
        seen = self.run.scratch / f"{sobject}-{child}-{lookup}.parquet"
        watched = self._watched(child) if child in self._own() else []
        try:
            org_rows.read(self.run, (child, lookup, entities.KeyRule.RECORD_ID), keys, watched, seen)
        except errors.RequestRefused as refused:
            noted = self.unchecked.setdefault(sobject, [])
            if (message := f"{child}.{lookup}: {refused}") not in noted:
                noted.append(message)
            return
        since.hang(con, by, seen, watched, self.windows)

    def _own(self) -> set[str]:
        """The sobjects of the plan: whether their records were touched since matters."""
        return {each.sobject for each in self.opened.plan.objects.values()}

    def _watched(self, sobject: str, *more: str) -> list[str]:
        names = {each["name"] for each in self._described(sobject)["fields"]}
        created = (since.CREATED, since.CREATOR) if self.late else ()
        return [each for each in (*since.WATCHED, *created, *more) if each in names]

    def _lookups(self, sobject: str) -> list[tuple[str, str]]:
        """The lookups by which others hang on records of an sobject, as this user sees them now."""
        told = self._described(sobject)["childRelationships"]
        found = [(each["childSObject"], each["field"]) for each in told if each.get("field") and not each.get("deprecatedAndHidden")]
        return list(dict.fromkeys((child, lookup) for child, lookup in found if not child.endswith(BESIDE)))

    def _described(self, sobject: str) -> dict[str, Any]:
        if sobject not in self.describes:
            self.describes[sobject] = self.run.salesforce.describe(sobject)
        return self.describes[sobject]


def look(run: ports.Run, opened: journal.Opened, con: duckdb.DuckDBPyConnection) -> Look:
    """Begin to look at what a run created."""
    begun = Look(run, opened, undo_written.windows(run, opened), undo_written.late(run, opened))
    begun.begin(con)
    return begun
