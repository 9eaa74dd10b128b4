"""An undo as a run of its own does it → one dry run, one answer, one end, kept in that run's folder.

`home` is that folder everywhere; `run` is in the folder of the run that is undone, by the name of the one that does it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.ledger import undos
from include.bulkload.report import undone
from include.bulkload.steps import journal, trouble, undo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.steps import ports

Document = dict[str, Any]
DRY_RUN, ANSWER = "undo-dry-run.json", "undo-answer.json"
NOTHING, AGREED, OPEN = "nothing", "agreed", "open"
STOPPED = "it was stopped before it was done; clear its tasks to go on, or undo the run anew"


def plan(run: ports.Run, of: str, home: ports.RunFolder) -> Document:
    """Make the dry run, or find the one that this run made before: {"number", "summary", "nothing"}. Raises like `undo.plan`."""
    if home.read(DRY_RUN) is None:
        made = undo.plan(run, of)
        # If another try was quicker, what people are asked about is its dry run.
        with contextlib.suppress(FileExistsError):
            home.create(DRY_RUN, {"of": of, "number": made["number"], "nothing": made["nothing"]})
    noted = home.read(DRY_RUN) or {}
    return {"number": noted["number"], "nothing": noted["nothing"], "summary": _dry(run, noted["number"])}


def _dry(run: ports.Run, number: int) -> Document:
    return dict(journal.demand(run, undos.plan_name(number))["summary"])


def standing(run: ports.Run, home: ports.RunFolder, *, confirmed: bool) -> str:
    """Whether somebody must be asked still: NOTHING is left to undo, it is AGREED to, or OPEN.

    `confirmed`: the run was told that nobody need be asked. Who agreed once isn't asked again when a task is cleared.
    """
    noted = home.read(DRY_RUN)
    if noted is None or noted["nothing"]:
        return NOTHING
    answer = home.read(ANSWER) or {"agreed": False}
    return AGREED if confirmed or answer["agreed"] or run.folder.read(undos.ended_name(noted["number"])) else OPEN


def answer(home: ports.RunFolder, *, agreed: bool, by: str, at: str) -> None:
    """Keep what somebody answered; a later answer counts."""
    home.write(ANSWER, {"agreed": agreed, "by": by, "at": at})


def act(run: ports.Run, of: str, home: ports.RunFolder) -> Document:
    """Undo what this run's dry run listed; see `undo.act`."""
    noted = home.read(DRY_RUN) or {"number": -1}
    return undo.act(run, of, noted["number"])


def close(run: ports.Run, home: ports.RunFolder, broken: Sequence[str]) -> Document:
    """Account for this run: {"summary", "clean", "why"}; the summary is written into its folder.

    `broken` names its tasks that failed. What was refused, or found nothing to undo, is told by the dry run. Jobs of an undo that
    broke off are collected if they have ended, and given up as after a load.
    """
    troubles, noted = trouble.told(home, broken), home.read(DRY_RUN)
    ended = run.folder.read(undos.ended_name(noted["number"])) if noted else None
    given = home.read(ANSWER)
    if noted and ended:
        document, why = ended, [*undone.why(ended), *troubles]
    elif noted and not troubles and (noted["nothing"] or (given and not given["agreed"])):
        document = undone.left_alone(_dry(run, noted["number"]), refused=not noted["nothing"])
        why = undone.in_doubt(document) if noted["nothing"] else []
    else:
        parts, more = _so_far(run, noted)
        why = [*(troubles or [STOPPED]), *more]
        document = undone.broke_off(why, run.folder.uri(""), run.now(), parts)
    document = document | ({"answer": given} if given else {})
    home.write(undo.SUMMARY, document)
    return {"summary": document, "clean": not why, "why": why}


def _so_far(run: ports.Run, noted: Document | None) -> tuple[Document, list[str]]:
    """What an undo that broke off did of each object, and what stood in the way of knowing it."""
    try:
        return undo.so_far(run, noted["number"]) if noted else ({}, [])
    except errors.BulkloadError as wrong:
        return {}, [f"what the jobs left behind couldn't be looked at: {wrong}"]
