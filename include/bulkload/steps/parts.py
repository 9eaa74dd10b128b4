"""One object's entries in the run folder → its part of the summary: account, jobs, lists for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries, resume, waves
from include.bulkload.load import job
from include.bulkload.report import reconcile, summary
from include.bulkload.steps import journal, outcome, rehearsal

if TYPE_CHECKING:
    import duckdb

    from include.bulkload.steps import ports

LISTED = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT)
SENT_ONCE = {waves.Kind.FIRST, waves.Kind.LAYER}


def of(run: ports.Run, opened: journal.Opened, name: str) -> summary.Part:
    """Gather an object's part. Reads only what the ledger names."""
    staged = journal.demand(run, entries.STAGED)["objects"][name]
    standing = outcome.of(run, name)
    canary = run.folder.read(entries.canary_name(name)) or {}
    files = _files(run, name, staged, standing, canary)
    with tables.connect(run.limits) as con:
        account = reconcile.account(con, files)
        lost = reconcile.not_through(con)
        uris: dict[str, str | list[str]] = {str(fate): _list(run, con, files, opened, fate) for fate in LISTED if account.fates[fate]}
        uris |= _set_aside(run, con, files, opened, staged, standing)
    told = [_job(facts, lost) for facts in standing.jobs.values()]
    return summary.Part(name, account, told, uris, staged["changes"], _rows(standing), _notes(standing, files))


def _files(run: ports.Run, name: str, staged: dict[str, Any], standing: outcome.Standing, canary: dict[str, Any]) -> reconcile.Files:
    running, unsent = [], []
    for wave in standing.waves:
        if wave.ready is None or rehearsal.NOTE in wave.notes:
            continue
        ready = journal.bring(run, wave.ready)
        for chunk in standing.chunks(wave):
            facts = standing.jobs.get(chunk.number)
            if facts is None:
                unsent.append(reconcile.Range(wave.number, ready, chunk))
            elif not facts.has("matched"):
                running.append(reconcile.Range(wave.number, ready, chunk, facts.place.job_id))
    sent = sum(wave.kind in SENT_ONCE for wave in standing.waves)
    return reconcile.Files(
        name=name,
        source_rows=staged["rows"],
        staged=journal.bring(run, staged["file"]),
        met=outcome.met(run, standing),
        running=running,
        unsent=unsent,
        complete=sent > 0 and sent == standing.waves[0].notes.get("layers", 1),
        stopped=_why(canary) if canary.get("stopped") else "",
    )


def _why(canary: dict[str, Any]) -> str:
    """Why an object was stopped after its first job."""
    told = canary["error"] or f"{canary['failed']} of {canary['rows']} rows failed for good"
    return f"stopped after its first job {canary['job']}: {told}"


def _list(run: ports.Run, con: duckdb.DuckDBPyConnection, files: reconcile.Files, opened: journal.Opened, fate: entities.Fate) -> str:
    """Write and store the rows of one fate for people; say where."""
    local = run.scratch / f"{files.name}-{fate}.csv"
    reconcile.lists(con, files, list(opened.plan.objects[files.name].fields), fate, local)
    return run.folder.uri(journal.keep(run, local, f"{files.name}/{fate}.csv")["name"])


def _set_aside(
    run: ports.Run,
    con: duckdb.DuckDBPyConnection,
    files: reconcile.Files,
    opened: journal.Opened,
    staged: dict[str, Any],
    standing: outcome.Standing,
) -> dict[str, str | list[str]]:
    """The lists of rows that were rejected or orphaned: one each, or several where several steps made them."""
    found: dict[str, list[str]] = {"rejected": [], "orphaned": []}
    if staged["rejected"]:
        found["rejected"].append(run.folder.uri(staged["rejected_csv"]["name"]))
    if any(wave.notes["aside"].get("rejected") for wave in standing.waves):
        found["rejected"].append(_list(run, con, files, opened, entities.Fate.REJECTED))
    found["orphaned"] = [run.folder.uri(wave.for_people["name"]) for wave in standing.waves if wave.for_people]
    return {fate: uris[0] if len(uris) == 1 else uris for fate, uris in found.items() if uris}


def _job(facts: resume.JobFacts, lost: dict[str, int]) -> dict[str, Any]:
    """Say what is known of a job: its end in its own numbers, or that it still runs."""
    if not facts.has("ended"):
        return {"id": facts.place.job_id, "state": summary.STILL_RUNNING}
    end = job.end(facts.facts["ended"]["job"])
    told: dict[str, Any] = {"id": end.job_id, "state": str(end.state), "processed": end.processed, "failed": end.failed}
    told["notThrough"] = lost.get(end.job_id, 0)
    return told | ({"errorMessage": end.error_message} if end.error_message else {})


def _rows(standing: outcome.Standing) -> int:
    """Count the distinct rows that were in a closed job: later waves repeat rows of these."""
    sent = [wave for wave in standing.waves if wave.kind in SENT_ONCE]
    return sum(chunk.rows for wave in sent for chunk in standing.chunks(wave) if chunk.number in standing.jobs)


def _notes(standing: outcome.Standing, files: reconcile.Files) -> dict[str, Any]:
    """What else people should know of an object."""
    found: dict[str, Any] = {"stopped": files.stopped} if files.stopped else {}
    edited = sum(int(wave.notes.get("edited", 0)) for wave in standing.waves)
    return found | ({"editedByOthers": edited} if edited else {})
