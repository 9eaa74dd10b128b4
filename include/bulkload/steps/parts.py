"""One object's entries in the run folder → its part of the summary: account, jobs, lists for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries, resume
from include.bulkload.load import job
from include.bulkload.report import reconcile, summary
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from include.bulkload.steps import ports

LISTED = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT)


def of(run: ports.Run, opened: journal.Opened, name: str) -> summary.Part:
    """Gather an object's part. Reads only what the ledger names."""
    staged = journal.demand(run, entries.STAGED)["objects"][name]
    planned = run.folder.read(entries.planned_name(name))
    aside = run.folder.read(entries.set_aside_name(name))
    jobs = resume.counting(journal.jobs(run, name))
    chunks = {each["number"]: journal.chunk(each) for each in planned["chunks"]} if planned else {}
    files = reconcile.Files(
        name=name,
        source_rows=staged["rows"],
        staged=journal.bring(run, staged["file"]),
        ready=journal.bring(run, planned["ready"]) if planned else None,
        orphans=journal.bring(run, aside["orphans"]) if aside else None,
        fates=[journal.bring(run, facts.facts["matched"]["fates"]) for facts in jobs.values() if facts.has("matched")],
        collected=[chunk for number, chunk in chunks.items() if number in jobs and jobs[number].has("matched")],
        running=[chunk for number, chunk in chunks.items() if number in jobs and not jobs[number].has("matched")],
        unsent=[chunk for number, chunk in chunks.items() if number not in jobs],
    )
    with tables.connect(run.limits) as con:
        account = reconcile.account(con, files)
        uris = {str(fate): uri for fate in LISTED if account.fates[fate] and (uri := _list(run, con, files, opened, fate))}
    uris |= {"rejected": run.folder.uri(staged["rejected_csv"]["name"])} if account.fates[entities.Fate.REJECTED] else {}
    uris |= {"orphaned": run.folder.uri(aside["for_people"]["name"])} if aside and aside["rows"] else {}
    told = [_job(facts) for facts in jobs.values()]
    return summary.Part(name, account, told, uris, staged["changes"], _rows(chunks, jobs))


def _list(run: ports.Run, con: duckdb.DuckDBPyConnection, files: reconcile.Files, opened: journal.Opened, fate: entities.Fate) -> str:
    """Write and store the rows of one fate for people; say where."""
    local = run.scratch / f"{files.name}-{fate}.csv"
    reconcile.lists(con, files, list(opened.plan.objects[files.name].fields), fate, local)
    return run.folder.uri(journal.keep(run, local, f"{files.name}/{fate}.csv")["name"])


def _job(facts: resume.JobFacts) -> dict[str, Any]:
    """Say what is known of a job: its end in its own numbers, or that it still runs."""
    if not facts.has("ended"):
        return {"id": facts.place.job_id, "state": summary.STILL_RUNNING}
    end = job.end(facts.facts["ended"]["job"])
    told: dict[str, Any] = {"id": end.job_id, "state": str(end.state), "processed": end.processed, "failed": end.failed}
    tally = facts.facts["matched"]["tally"] if facts.has("matched") else {}
    told["notThrough"] = sum(rows for fate, rows in tally.items() if fate != entities.Fate.SUCCEEDED)
    return told | ({"errorMessage": end.error_message} if end.error_message else {})


def _rows(chunks: dict[int, entities.Chunk], jobs: Iterable[int]) -> int:
    """Count the distinct rows that were in a closed job."""
    return sum(chunks[number].rows for number in jobs if number in chunks)
