"""An object's closed jobs → their results fetched whole, and the fate of each row, in stored files.

Results live seven days: they are fetched as soon as a job has ended, and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.intake import keys
from include.bulkload.ledger import entries, resume
from include.bulkload.load import results
from include.bulkload.steps import journal, wait

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports


def collect(run: ports.Run, name: str) -> dict[str, int]:
    """Settle all closed jobs of an object; return how many rows met which fate.

    Raises JobStillRunning if one hasn't finished (a waiting task was marked success), ResultsIncomplete if
    results don't add up yet, ContradictingIds if they fit no row.
    """
    opened = journal.opened(run)
    total: dict[str, int] = {}
    for facts in resume.counting(journal.jobs(run, name)).values():
        for fate, rows in one(run, opened, facts).items():
            total[fate] = total.get(fate, 0) + rows
    return total


def one(run: ports.Run, opened: journal.Opened, facts: resume.JobFacts) -> dict[str, int]:
    """Settle one closed job, or read how it was settled; rows by fate."""
    if facts.has("matched"):
        return dict(facts.facts["matched"]["tally"])
    end = wait.end(run, facts.place)
    if facts.has("collected"):
        files = {kind: journal.bring(run, stored) for kind, stored in facts.facts["collected"]["files"].items()}
        return _matched(run, opened, facts.place, end, files)
    files = _fetched(run, facts.place)
    # Matched before they are named in the ledger: a truncated download must not become the one that counts.
    fates, tally = _fates(run, opened, facts.place, end, files)
    journal.note(run, facts.place.collected({kind: _kept(run, facts.place, kind, path) for kind, path in files.items()}))
    return _noted(run, facts.place, fates, tally)


def _fetched(run: ports.Run, place: entries.JobPlace) -> dict[str, Path]:
    """Fetch the three result files; local paths by kind."""
    files = {kind: run.scratch / f"{place.job_id}-{kind}.csv" for kind in entities.RESULT_KINDS}
    for kind, local in files.items():
        run.salesforce.fetch_result(place.job_id, kind, local)
    return files


def _kept(run: ports.Run, place: entries.JobPlace, kind: str, local: Path) -> dict[str, Any]:
    return journal.keep(run, local, f"{place.name}/results/{place.job_id}/{kind}.csv")


def _matched(
    run: ports.Run, opened: journal.Opened, place: entries.JobPlace, end: entities.JobEnd, files: dict[str, Path]
) -> dict[str, int]:
    fates, tally = _fates(run, opened, place, end, files)
    return _noted(run, place, fates, tally)


def _fates(
    run: ports.Run, opened: journal.Opened, place: entries.JobPlace, end: entities.JobEnd, files: dict[str, Path]
) -> tuple[Path, dict[str, int]]:
    """Give each row of the job its fate."""
    out = run.scratch / f"{place.job_id}-fates.parquet"
    with tables.connect(run.limits) as con:
        tally = results.fates(
            con, _sent(run, opened, place), end, results.ResultFiles(*(files[kind] for kind in entities.RESULT_KINDS)), out
        )
    return out, tally


def _sent(run: ports.Run, opened: journal.Opened, place: entries.JobPlace) -> results.Sent:
    """Say what the job carried."""
    planned = journal.demand(run, entries.planned_name(place.name))
    each = opened.plan.objects[place.name]
    return results.Sent(
        ready=journal.bring(run, planned["ready"]),
        chunk=journal.chunk(planned["chunks"][place.number]),
        columns=(*each.fields, *each.parents),
        key=key_column(opened, place.name),
        types={field: described["type"] for field, described in _described(opened, place.name).items()},
    )


def _described(opened: journal.Opened, name: str) -> dict[str, dict[str, Any]]:
    """Describes of the sent fields, by the plan's spelling."""
    each = opened.plan.objects[name]
    fields = {field["name"].lower(): field for field in opened.describes[each.sobject]["fields"]}
    return {field: fields[field.lower()] for field in (*each.fields, *each.parents)}


def _noted(run: ports.Run, place: entries.JobPlace, fates: Path, tally: dict[str, int]) -> dict[str, int]:
    kept = journal.keep(run, fates, f"{place.name}/fates-{place.job_id}.parquet")
    return dict(journal.note(run, place.matched(kept, tally))["tally"])


def key_column(opened: journal.Opened, name: str) -> entities.KeyColumn | None:
    """The column by which an object's results find their rows, and its case rule (contract 2.1.2)."""
    each = opened.plan.objects[name]
    if each.key_field is None:
        return None
    described = _described(opened, name)[each.key_field]
    return entities.KeyColumn(each.key_field, keys.rule(described))


def fates(run: ports.Run, name: str) -> list[Path]:
    """Bring the fates of an object's settled jobs to local files."""
    return [journal.bring(run, facts.facts["matched"]["fates"]) for facts in journal.jobs(run, name) if facts.has("matched")]
