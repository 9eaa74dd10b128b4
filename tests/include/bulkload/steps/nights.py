"""A plan with `changed_only` and the rows of a night → one run, as its steps leave it: waves, jobs and fates in its ledger."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import fsspec

from include import storage
from include.bulkload.basics import tables
from include.bulkload.intake import plan
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, memory, remember, untold

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports
    from tests.include.bulkload.steps.conftest import Load

COLUMNS = ["External_Id__c", "Name", "BillingCity"]
KEY = "External_Id__c"
Rows = dict[str, tuple[str | None, ...]]


@dataclass
class Night:
    """What a run did: what it was told of its rows, the keys that it sent, those set aside with their reason."""

    run: ports.Run
    opened: journal.Opened
    told: dict[str, int]
    sent: list[str]
    aside: dict[str, str | None]


@dataclass
class Nights:
    """Runs of one plan, one after the other, in one run base."""

    load: Load
    sobject: str = "Account"
    columns: list[str] = field(default_factory=lambda: list(COLUMNS))
    more: dict[str, Any] = field(default_factory=dict)
    of_plan: dict[str, Any] = field(default_factory=dict)
    describe: dict[str, Any] | None = None
    count: int = 0
    opened: journal.Opened | None = None

    def folder(self) -> str:
        """The run base."""
        return str(self.load.root / "runs")

    def task(self) -> ports.Run:
        """The last run as a new task sees it."""
        fs = fsspec.filesystem("file")
        of_run = storage.run_folder(fs, self.folder(), "dag", f"run {self.count}")
        return dataclasses.replace(self.load.run, folder=of_run, memory=storage.memory(fs, self.folder()))

    def begun(self) -> tuple[ports.Run, journal.Opened]:
        """Begin a run."""
        self.count += 1
        run = self.task()
        each = {"sobject": self.sobject, "operation": "upsert", "external_id": KEY, "changed_only": True, **self.more}
        each["fields"] = {column: column for column in self.columns}
        document = {"name": "nightly", "source": {"uri": "file:///nowhere"}, "objects": {self.sobject: each}, **self.of_plan}
        self.describe = self.describe or run.salesforce.describe(self.sobject)
        self.opened = journal.Opened(plan.plan_from(document), {self.sobject: self.describe}, run.salesforce.org_id(), run.now())
        return run, self.opened

    def night(self, rows: Rows, *, told: bool = True) -> Night:
        """Run one night: `rows` are key → the other cells; `told`: it lives long enough to say what it loaded."""
        run, opened = self.begun()
        ready, out, aside = (run.scratch / f"{part}.parquet" for part in ("linked", "ready", "aside"))
        laid(run, self.columns, rows, ready)
        found = memory.unchanged(run, opened, self.sobject, ready, self.columns, aside, out)
        job = self.sent(run, out, 0, "upsert", self.columns)
        waved(run, self.sobject, 0, "first", self.columns, out, aside, job)
        if told:
            remember.objects(run, opened)
        with tables.connect(run.limits) as con:
            sent = [key for (key,) in con.execute(f"SELECT key FROM {tables.parquet(out)}").fetchall()]
            left = con.execute(f"SELECT r.key, a.error FROM {tables.parquet(aside)} AS a JOIN {tables.parquet(ready)} AS r USING (row_id)")
            return Night(run, opened, found, sent, dict(left.fetchall()))

    def sent(self, run: ports.Run, ready: Path, number: int, operation: str, columns: list[str]) -> int | None:
        """Send rows by a job and settle it; the number of its chunk, None without rows."""
        upload = run.scratch / f"{number}.csv"
        with tables.connect(run.limits) as con:
            cells = ", ".join(f"{tables.cell(column)} AS {tables.quoted(column)}" for column in columns)
            if not tables.write_people_csv(con, f"SELECT {cells} FROM {tables.parquet(ready)}", upload):
                return None
        job_id = run.salesforce.create_job(self.sobject, operation, KEY if operation == "upsert" else None)
        place = entries.JobPlace(self.sobject, number, job_id)
        journal.note(run, place.created(0, run.now()))
        run.salesforce.upload(job_id, upload)
        assert self.opened is not None
        untold.leave(run, self.opened, place, 0)
        run.salesforce.close(job_id)
        journal.note(run, place.closed(run.now()))
        while (seen := run.salesforce.job(job_id))["state"] not in {"JobComplete", "Failed"}:
            pass
        journal.note(run, place.ended(seen, run.now()))
        fates = run.scratch / f"{number}-fates.parquet"
        fated(run, job_id, ready, KEY if operation == "upsert" else "Id", fates)
        journal.note(run, place.matched(journal.keep(run, fates, f"{self.sobject}/fates-{job_id}.parquet"), {}))
        return number

    def names(self) -> dict[str, str | None]:
        """What the org holds: key → name."""
        return {each[KEY]: each["Name"] for each in self.load.org.query(f"SELECT {KEY}, Name FROM {self.sobject}")}

    def ids(self) -> dict[str, str]:
        """Key → Id, in the org."""
        return {each[KEY]: each["Id"] for each in self.load.org.query(f"SELECT Id, {KEY} FROM {self.sobject}")}


def laid(run: ports.Run, columns: list[str], rows: Rows, out: Path) -> None:
    """Lay rows down as linked ones: the folded key, the cells."""
    with tables.connect(run.limits) as con:
        con.execute("CREATE TABLE rows (row_id BIGINT, cells VARCHAR[])")
        for row, (key, cells) in enumerate(rows.items()):
            con.execute("INSERT INTO rows VALUES (?, ?)", [row, [key, *cells]])
        cells = ", ".join(f"cells[{place + 1}] AS {tables.cell(column)}" for place, column in enumerate(columns))
        query = f"SELECT row_id, lower(cells[1]) AS key, NULL::BIGINT AS parent_row, {cells} FROM rows ORDER BY row_id DESC"
        tables.write_parquet(con, query, out)


def waved(
    run: ports.Run, name: str, number: int, kind: str, columns: list[str], ready: Path, aside: Path | None, chunk: int | None
) -> None:
    """Note a wave as the steps do."""
    document = {
        "kind": kind,
        "operation": "upsert",
        "external_id": KEY,
        "columns": columns,
        "key": None,
        "for_people": None,
        "notes": {},
        "ready": journal.keep(run, ready, f"{name}/ready-{number}.parquet") if chunk is not None else None,
        "chunks": [{"number": chunk}] if chunk is not None else [],
        "aside": journal.keep(run, aside, f"{name}/aside-{number}.parquet") if aside else None,
    }
    run.folder.create(f"ledger/{name}/wave-{number:03d}.json", document)


def fated(run: ports.Run, job_id: str, ready: Path, key: str, out: Path) -> None:
    """Read a job's results into fates, matched by their key."""
    with tables.connect(run.limits) as con:
        parts = []
        for kind, fate, error in (("successfulResults", "succeeded", "NULL"), ("failedResults", "failed", '"sf__Error"')):
            path = run.scratch / f"{job_id}-{kind}.csv"
            run.salesforce.fetch_result(job_id, kind, path)
            source = tables.strict_csv(path, tables.header_of(path))
            parts.append(f"SELECT {tables.quoted(key)} AS k, '{fate}' AS fate, \"sf__Id\" AS sf_id, {error} AS error FROM {source}")
        found = " UNION ALL ".join(parts)
        query = (
            "SELECT row_id, fate, f.sf_id, false AS created, f.error, "
            f"'{job_id}' AS job_id FROM ({found}) AS f JOIN {tables.parquet(ready)} AS r ON lower(r.{tables.cell(key)}) = lower(f.k)"
        )
        tables.write_parquet(con, query, out)


def generations(nights: Nights) -> list[dict[str, Any]]:
    """Read all generations that are kept, oldest first."""
    root = nights.load.root / "runs" / "~memory"
    return [json.loads(path.read_text("utf-8")) for path in sorted(root.rglob("generation-*.json"))]
