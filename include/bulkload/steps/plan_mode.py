"""A plan and its sources → its dry run, all steps in one go: for who has no DAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.steps import cut, journal, settle, split, summarize, trouble

if TYPE_CHECKING:
    from include.bulkload.steps import ports

STEP = "plan"


def whole(run: ports.Run, document: dict[str, Any], inlet: ports.Inlet) -> dict[str, Any]:
    """Check and count a plan; nothing is written to Salesforce, whatever it says of `dry_run`.

    Returns what `summarize.close` does; what a person must mend is told in the summary. Raises LoginRefused, and TryAgain kinds.
    """
    try:
        split.load(run, {**document, "dry_run": True}, inlet)
        for name in journal.opened(run).plan.order():
            cut.first(run, name)
            settle.advance(run, name)
    except errors.LoginRefused:
        raise
    except errors.MustStop as wrong:
        trouble.note(run.folder, STEP, str(wrong))
        return summarize.close(run, [STEP])
    return summarize.close(run, [])
