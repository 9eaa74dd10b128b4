"""Everything that stands in the run folder → the account of all rows, the summary, and whether the run may be green."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries, replays, undos
from include.bulkload.report import dry_run, summary, table
from include.bulkload.steps import (
    at_work,
    forecast,
    foreseen,
    journal,
    lease,
    leftovers,
    parts,
    past_runs,
    payloads,
    remember,
    submit,
    trouble,
    undo,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.ledger import resume
    from include.bulkload.steps import ports

log = logging.getLogger(__name__)
SUMMARY, STAMPS = summary.FILE, summary.STAMPS


def close(run: ports.Run, broken: Sequence[str], troubles: Sequence[str] = (), *, keeps_lease: bool = False) -> dict[str, Any]:
    """Account for every row, write `summary.json`, and judge the run.

    `broken` names the tasks that failed or never ran because of one that did; `troubles`: what else went wrong, one sentence each.
    Returns {"summary": document, "clean": whether the run may be green, "why": sentences if not}. A run that never began is
    summed up too. `keeps_lease`: a later run calls it by itself and goes on writing by this plan; the summary keeps the time that it
    had, so that the run grows old for the sweep.
    """
    troubles = [*trouble.told(run.folder, broken), *troubles]
    began = run.folder.read(entries.BEGUN) is not None
    opened = journal.opened(run, compare=False) if began else None
    verdict = _closed(run, opened, troubles) if opened else summary.never_began(troubles, run.now())
    document = stamped(run.folder, verdict.document | _of_earlier_runs(run) | undo.told_of(run), keeps_time=keeps_lease)
    run.folder.write(SUMMARY, document)
    if opened and not keeps_lease and not _goes_on(run, opened):
        lease.give_back(run, opened)
    return {"summary": document, "clean": verdict.clean, "why": list(verdict.why)}


def _goes_on(run: ports.Run, opened: journal.Opened) -> bool:
    """Whether a job of the run may still write, its own or one of an earlier run that it replayed by itself."""
    if leftovers.running(run, opened):
        return True
    try:
        journal.same_org(opened.org_id, run.salesforce.org_id())
        return run.memory is not None and bool(at_work.of(run, run.memory, run.name, run.folder.run_id()))
    except errors.BulkloadError as wrong:
        log.warning("whether jobs go on can't be told, so the lease is kept: %s", wrong)
        return True


def _of_earlier_runs(run: ports.Run) -> dict[str, Any]:
    """What this run sent again of earlier ones, and which it passed over since they were undone or swept meanwhile."""
    standing = run.folder.read(replays.EARLIER) or {"told": {}}
    found = standing.get(replays.BROKEN_OFF, {}) | standing["told"]
    told = {run_id: each for run_id, each in found.items() if each}
    passed = standing.get("passedOver")
    return ({"leftovers": told} if told else {}) | ({"passedOver": passed} if passed else {})


def never_began(home: ports.RunFolder, broken: Sequence[str], now: str) -> dict[str, Any]:
    """Sum up a run that broke off before it had anything to account for; `home`: its folder. Returns like `close`."""
    verdict = summary.never_began(trouble.told(home, broken), now)
    home.write(SUMMARY, verdict.document)
    return {"summary": verdict.document, "clean": verdict.clean, "why": list(verdict.why)}


def _closed(run: ports.Run, opened: journal.Opened, troubles: list[str]) -> summary.Verdict:
    names = opened.plan.order()
    try:
        journal.same_org(opened.org_id, run.salesforce.org_id())
        left = [each for name in names for each in leftovers.tidy(run, opened, name)]
        remember.objects(run, opened)
        past_runs.note(run, opened)
    except errors.BulkloadError as wrong:
        left = [f"what the jobs left behind couldn't be looked at: {wrong}"]
    if run.folder.read(entries.STAGED) is None:
        return summary.never_began([*troubles, *left], run.now())
    found = [parts.of(run, opened, name) for name in names]
    warnings = [*opened.warnings, *foreseen.standing(run)["warnings"]]
    if opened.plan.dry_run:
        return _rehearsed(run, opened, found, [*troubles, *left], warnings)
    if run.folder.read(undos.BEGUN) is None:
        found, more = _verified(run, opened, found)
        left += more
    refused = run.folder.read(entries.FORESEEN) is None
    verdict = summary.judge(opened.plan, found, [*troubles, *left], opened.at, run.now(), warnings, refused=refused)
    if run.folder.read(undos.BEGUN) is None:
        _remembered(run, opened, found, whole=verdict.clean)
    return verdict


def _remembered(run: ports.Run, opened: journal.Opened, found: Sequence[summary.Part], *, whole: bool) -> None:
    """Say whose payloads were inserted; those of which nothing is stored, and no job can store anything, may be by another run."""
    nothing = [each.name for each in found if not (each.account.is_stored or _may_store(run, each.name))]
    payloads.loaded(run, opened, [each.name for each in found if each.name not in nothing], whole=whole)
    payloads.forget(run, opened, nothing)
    # A slow task notes its job before it looks for the mark: so it sees that there is none, or is seen here.
    payloads.loaded(run, opened, [name for name in nothing if _may_store(run, name)], whole=False)


def _may_store(run: ports.Run, name: str) -> bool:
    """Whether a job of an object may store rows even now, though none is known to be: it was aborted, or nobody knows its end."""
    return any(facts.may_store or (not facts.has("matched") and _is_kept(run, facts)) for facts in journal.jobs(run, name))


def _is_kept(run: ports.Run, facts: resume.JobFacts) -> bool:
    """Whether a job that nobody collected counts. One that nobody decided to close may not be closed from now on.

    Else it is given up as it is tidied; here Salesforce may not have been reached, and its task may be slow, not dead.
    """
    if facts.counts or facts.is_replaced:
        return facts.counts
    return submit.decide(run, facts.place, entities.Decision.ABANDON) is entities.Decision.CLOSE


def _verified(run: ports.Run, opened: journal.Opened, found: list[summary.Part]) -> tuple[list[summary.Part], list[str]]:
    """Add what verifying says to each part; what stood in its way."""
    told, troubles = [], []
    for part in found:
        try:
            told.append(dataclasses.replace(part, notes={**part.notes, **verify.told(run, opened, part.name)}))
        except errors.BulkloadError as wrong:
            told.append(part)
            troubles.append(f"{part.name} couldn't be verified: {wrong}; clear this task to try again")
    return told, troubles


def _rehearsed(
    run: ports.Run, opened: journal.Opened, found: Sequence[summary.Part], troubles: list[str], warnings: list[str]
) -> summary.Verdict:
    """Sum up a dry run, and write its table into the log."""
    outlook, more = forecast.of(run, opened)
    verdict = dry_run.told(summary.judge(opened.plan, found, troubles, opened.at, run.now(), [*warnings, *more]), outlook)
    log.info("%s", table.of(verdict.document))
    return verdict


def stamped(folder: ports.RunFolder, document: dict[str, Any], *, keeps_time: bool = False) -> dict[str, Any]:
    """Keep the time of an earlier summary that says the same: a cleared finished run writes the same summary.

    `keeps_time`: of one that says something else, too.
    """
    earlier = folder.read(SUMMARY)
    if earlier is not None and _timeless(earlier) == _timeless(document):
        return earlier
    stamp = next((earlier[each] for each in STAMPS if earlier.get(each)), None) if earlier and keeps_time else None
    return {key: stamp if stamp and key in STAMPS else value for key, value in document.items()}


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in STAMPS}
