"""A run that replayed or undid another one → its account, and what the other's summary says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bulkload_airflow import bulk_cancels, bulk_modes, bulk_runs, outcomes
from include.bulkload.basics import errors
from include.bulkload.intake import modes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context


def closed(context: Context, states: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Close a run by its mode: {"summary", "clean", "why"}. None: it is a load, or nobody can tell what it is.

    `states`: Airflow's, of all its tasks.
    """
    try:
        asked = bulk_modes.asked(context)
    except errors.PlanError:
        return None
    if asked.mode is modes.Mode.LOAD:
        return None
    with outcomes.mapped(bulk_runs.noting(context)):
        return _closed(context, asked, states)


def _closed(context: Context, asked: modes.Asked, states: Mapping[str, str | None]) -> dict[str, Any]:
    from include.bulkload.steps import replay, summarize, undo_run

    home, tasks = bulk_runs.place(context).folder(), bulk_modes.TASKS[asked.mode]
    failed = outcomes.failed(states, tasks)
    try:
        with bulk_modes.first(context, asked) as step:
            bulk_cancels.obeyed(step.run, home, failed)
            if asked.mode is modes.Mode.UNDO:
                return undo_run.close(step.run, home, failed)
            return replay.account(step.run, _broken(states, tasks), home)
    except errors.PlanError:
        # There is no such run, as its first task said too.
        return summarize.never_began(home, _broken(states, tasks), datetime.now(UTC).isoformat(timespec="seconds"))


def _broken(states: Mapping[str, str | None], tasks: Sequence[str]) -> list[str]:
    """Name what broke: a task that never ran did, if none failed."""
    return outcomes.broken(states, tasks, ())
