"""The accounts of all objects, their jobs and files → the summary document and the verdict over the run.

The document's schema stands in docs/summary.schema.json; its upper keys are those of the load it replaces.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.intake import plan
    from include.bulkload.report import reconcile

COMPLETED, WITH_ERRORS, FAILED = "COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED"
SKIPPED, NOT_CREATED = "SKIPPED", "NOT_CREATED"
# What it is called in the folder of its run, and by which key it says when it was made.
FILE, STAMPS = "summary.json", ("completedAt", "failedAt")
STILL_RUNNING = "still running"
A_FAMILY = 2
# Whatever max_failed says: it is about rows that were tried.
CLEAR = "clear the task that should have seen to it, with all that follows, or replay the run"
ANEW = (
    "mend what it says and start a new run; this one keeps its rows and its plan, so clear it only if neither was the cause: the org "
    "was down, a day's limits were short, or the run that it names is undone by now"
)
REFUSED = f"since the run was refused: {ANEW}"
REPLAY = "no task sends them any more; replay the run: that sends those that no other run had, and names those that may be another's"
# Rows without a key that a replay left, by the id of the run that had others below the same parents.
HELD_BACK = "heldBack"
# Which other run has inserted the same payload, and how many rows a replay left for that.
INSERTED_ELSEWHERE = "insertedElsewhere"
DIFFERENCES = {
    "missing": "are missing",
    "twice": "are there more than once",
    "otherParent": "hang on another parent",
    "stillThere": "are still there",
}
NOT_THROUGH = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Part:
    """One object of the load.

    Its account, its jobs (documents, in order), files' URIs (one, or a list), changed values, distinct rows sent, and
    notes for people.
    """

    name: str
    account: reconcile.Account
    jobs: Sequence[dict[str, Any]]
    files: dict[str, str | list[str]]
    changes: dict[str, int]
    submitted: int
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def differs(self) -> list[str]:
        """What verifying found that can't be left: problems, each with its rows. Fields that automation changed are none."""
        found = self.notes.get("verified", {})
        return [f"{found[problem]} {said}" for problem, said in DIFFERENCES.items() if found.get(problem)]

    @property
    def held_back(self) -> list[str]:
        """Which rows a replay left as they may be another run's, by that run: sentences."""
        then = "nobody can tell whether they are the same, edited since; a replay from this run's own list (replay_file) sends them"
        return [
            f"{rows} rows without a key stay, as the run {run} had others below the same parents, or may have: {then}"
            for run, rows in self.notes.get(HELD_BACK, {}).items()
        ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The summary, whether the run may be green, and in sentences why not."""

    document: dict[str, Any]
    clean: bool
    why: tuple[str, ...]


def never_began(troubles: Sequence[str], now: str) -> Verdict:
    """Sum up a run that wrote no ledger: nothing was staged, nothing sent. `now`: ISO 8601, UTC."""
    why = tuple(troubles) or ("the run never began",)
    document = {
        "status": FAILED,
        "parentJob": NOT_CREATED,
        "childJob": NOT_CREATED,
        "parentSuccessCount": 0,
        "parentFailureCount": 0,
        "childRecordsSubmitted": 0,
        "totalParents": 0,
        "totalChildren": 0,
        "submittedAt": None,
        "error": "; ".join(why),
        "failedAt": now,
        "objects": {},
    }
    return Verdict(document, clean=False, why=why)


def judge(
    checked: plan.Plan,
    parts: Sequence[Part],
    troubles: Sequence[str],
    began: str,
    now: str,
    warnings: Sequence[str] = (),
    *,
    refused: bool = False,
) -> Verdict:
    """Sum up a run that began: parts in the plan's order, parents first; `began` and `now` in ISO 8601, UTC.

    `troubles` are tasks that failed, one sentence each: with any, the flow broke. `warnings`: what preflight said may go wrong.
    `refused`: nothing of it may be sent, whoever asks, before its first task comes through.
    """
    stranded = [part for part in parts if _is_stranded(checked, part)]
    gaps = [f"{part.name}: the sums don't close, {part.account.gap:+d} rows have no fate" for part in parts if part.account.gap]
    broke = [*troubles, *gaps]
    why = [*broke, *(sentence for part in parts for sentence in _red(checked, part, refused=refused))]
    why += [f"{part.name}: none of {part.account.source} rows got through" for part in stranded]
    status = FAILED if broke or stranded else WITH_ERRORS if any(_has_errors(part) for part in parts) else COMPLETED
    document = {"status": status, **_family(parts, stranded=bool(stranded)), "submittedAt": began}
    if status == FAILED:
        document |= {"error": "; ".join(why), "failedAt": now}
    else:
        document |= {"completedAt": now}
    document |= {"trial": checked.only_first} if checked.only_first else {}
    warnings = [*warnings, *(said for part in parts if (said := _inserted_elsewhere(part, whole=True)))]
    document |= {"warnings": warnings} if warnings else {}
    document["objects"] = {part.name: _told(part) for part in parts}
    return Verdict(document, clean=not why, why=tuple(why))


def _has_errors(part: Part) -> bool:
    """Whether something of an object is lost, wrong, or somebody's to look at, whatever the plan allows."""
    lost = part.account.lost or part.account.stored_twice
    return bool(lost or part.differs or part.held_back or _inserted_elsewhere(part, whole=False))


def _is_stranded(checked: plan.Plan, part: Part) -> bool:
    """Whether others wait for this object's records, or nobody else does anything, and none of its rows got through."""
    inner = [link.object for each in checked.objects.values() for links in each.links.values() for link in links]
    fates = part.account.fates
    through = fates[entities.Fate.SUCCEEDED] + fates[entities.Fate.UNCHANGED] + fates[entities.Fate.FILTERED]
    return (part.name in inner or len(checked.objects) == 1) and part.account.source > 0 and not through


def _red(checked: plan.Plan, part: Part, *, refused: bool) -> list[str]:
    """Say what makes a run red though the flow went through."""
    said, account = [], part.account
    allowed = checked.objects[part.name].loss_allowed(account.source)
    if account.lost > allowed:
        said.append(f"{part.name}: {account.lost} of {account.source} rows are lost, max_failed allows {allowed}")
    if account.uncollected:
        said.append(f"{part.name}: {account.uncollected} rows are in doubt as their jobs aren't collected; clear the run to look again")
    if doubtful := account.fates[entities.Fate.IN_DOUBT] - account.uncollected:
        said.append(f"{part.name}: {doubtful} rows are in doubt, no result tells whether they were written; look for their records")
    unsent = REFUSED if refused else f"and nothing stopped them; {CLEAR}"
    for rows, then in ((account.unsent - account.void, unsent), (account.void, f"and nothing stopped them; {REPLAY}")):
        said += [f"{part.name}: {rows} rows never came into a job, {then}"] if rows else []
    if account.unlinked:
        said.append(f"{part.name}: {account.unlinked} records lack a link, as no second pass that sets it has met them; {CLEAR}")
    if account.stored_twice:
        then = "undo the run, or give the children of one of each to the other, and delete it"
        said.append(f"{part.name}: {account.stored_twice} rows were stored twice, see their list; {then}")
    said += [each] if (each := _inserted_elsewhere(part, whole=False)) else []
    said += [f"{part.name}: {each}" for each in part.held_back]
    said += [f"{part.name}: verified, {each} of the rows that succeeded; see its list" for each in part.differs]
    said += [
        f"{part.name}: job {job['id']} is gone from Salesforce, what became of {job['notThrough']} rows can't be told"
        for job in part.jobs
        if job["state"] == entities.JobState.GONE and job["notThrough"]
    ]
    for job in part.jobs:
        if job["state"] in {entities.JobState.FAILED, entities.JobState.ABORTED} and job["notThrough"]:
            message = f" ({job['errorMessage']})" if job.get("errorMessage") else ""
            said.append(f"{part.name}: job {job['id']} ended {job['state']}{message}, {job['notThrough']} rows didn't get through")
    return said


def _inserted_elsewhere(part: Part, *, whole: bool) -> str:
    """Say that rows stay since another run has inserted their payload, as a whole or not; "" if none do."""
    other = part.notes.get(INSERTED_ELSEWHERE)
    if other is None or other["whole"] != whole:
        return ""
    return f"{part.name}: {other['rows']} rows stay: {inserted_by(other['run'], whole=whole)}"


def inserted_by(run: str, *, whole: bool) -> str:
    """Say which other run, by its URI, has inserted the same payload as this one, or part of it, and what to do."""
    if whole:
        has = "has inserted the same payload, so its rows would stand twice, but for those that it lost itself, which a replay of it brings"
        then = "to send them all the same, undo that run"
    else:
        has, then = "has inserted part of the same payload, or may have", "replay that run, which brings what it lost; or undo it"
    return f"the run {run} {has}; {then} and replay this one, or replay this one from an edited copy: what that names goes"


def _family(parts: Sequence[Part], *, stranded: bool) -> dict[str, Any]:
    """The keys that speak of one parent and one child; a plan of another shape has none."""
    if len(parts) > A_FAMILY:
        return {}
    parent, child = parts[0], parts[1] if len(parts) == A_FAMILY else None
    fates = parent.account.fates
    return {
        "parentJob": _job(parent, NOT_CREATED if parent.account.source else SKIPPED),
        "childJob": _job(child, NOT_CREATED if stranded else SKIPPED) if child else SKIPPED,
        "parentSuccessCount": fates[entities.Fate.SUCCEEDED],
        "parentFailureCount": sum(fates[fate] for fate in (*NOT_THROUGH, entities.Fate.REJECTED)),
        "childRecordsSubmitted": child.submitted if child else 0,
        "totalParents": parent.account.source,
        "totalChildren": child.account.source if child else 0,
    }


def _job(part: Part, without: str) -> str | list[str]:
    """The id of the one job, or a list where there were several."""
    ids = [str(job["id"]) for job in part.jobs]
    return ids[0] if len(ids) == 1 else ids or without


def _told(part: Part) -> dict[str, Any]:
    account = part.account
    return {
        "source": account.source,
        **account.fates,
        "created": account.created,
        "updated": account.updated,
        "submitted": part.submitted,
        "jobs": list(part.jobs),
        "topErrors": account.top_errors,
        "changes": part.changes,
        "files": part.files,
        **part.notes,
    }
