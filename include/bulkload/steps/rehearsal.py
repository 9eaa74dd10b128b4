"""A wave of a dry run → made-up fates, as if Salesforce took every row; so that all that hangs on them is counted exactly.

Nothing of it reaches Salesforce: the org is only read. A made-up Id is no record's: as wide as a real one, its checksum wrong.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]
ID = "Id"
# With the row's number before it, 18 characters.
NO_CHECKSUM = "---"
NOTE = "rehearsed"


def noted(run: ports.Run, opened: journal.Opened, place: tuple[str, int], ready: Path, columns: Sequence[str]) -> Document:
    """What a wave of a dry run notes of its rows: a stored file of fates, all succeeded, with Ids.

    `place`: the object and the wave's number. Rows that are sent by their Id keep it, and those that are remembered have theirs.
    """
    name, number = place
    out = run.scratch / f"{name}-{number}-rehearsed.parquet"
    sf_id, known = f"concat(lpad(row_id::VARCHAR, 15, '0'), '{NO_CHECKSUM}')", ""
    if ID in columns:
        sf_id = tables.cell(ID)
    elif opened.plan.objects[name].changed_only:
        remembered = journal.bring(run, journal.demand(run, memory.compared_name(name))["known"])
        sf_id, known = f"coalesce(sf_id, {sf_id})", f"LEFT JOIN (SELECT key, sf_id FROM {tables.parquet(remembered)}) USING (key)"
    query = (
        f"SELECT row_id, '{entities.Fate.SUCCEEDED}' AS fate, {sf_id} AS sf_id, false AS created, NULL::VARCHAR AS error, "
        f"NULL::VARCHAR AS job_id FROM {tables.parquet(ready)} {known}"
    )
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, query, out)
    return {NOTE: journal.keep(run, out, f"{name}/rehearsed-{number:03d}.parquet")}


@dataclass(slots=True)
class Counting:
    """An org whose query jobs are counted."""

    org: Any
    queries: int = 0

    def query_rows(self, soql: str, path: Path) -> int:
        """Run a query, and count it."""
        self.queries += 1
        found: int = self.org.query_rows(soql, path)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.org, name)


def counting(run: ports.Run) -> tuple[ports.Run, Counting]:
    """The same run, and who counts its query jobs."""
    org = Counting(run.salesforce)
    return dataclasses.replace(run, salesforce=org), org


def asked(run: ports.Run, name: str, step: str, queries: int) -> None:
    """Write down how many query jobs a step of an object took; what was written first stands."""
    if queries:
        journal.note(run, entries.Entry(f"{_asked(name)}{step}.json", {"queries": queries}))


def queries(run: ports.Run, name: str) -> int:
    """How many query jobs an object took."""
    return sum(int(journal.demand(run, each)["queries"]) for each in run.folder.names(_asked(name)))


def _asked(name: str) -> str:
    return f"ledger/{name}/asked-"
