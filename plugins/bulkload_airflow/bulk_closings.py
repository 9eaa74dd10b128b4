"""A run that replayed or undid others → its account, what it left behind in their folders, and what their summaries say of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bulkload_airflow import bulk_cancels, bulk_modes, bulk_runs, outcomes
from include.bulkload.basics import errors
from include.bulkload.intake import modes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from include.bulkload.steps import ports


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
    from include.bulkload.steps import replay, summarize, trouble, unasked, undo_run

    home, tasks = bulk_runs.place(context).folder(), bulk_modes.TASKS[asked.mode]
    failed = outcomes.failed(states, tasks)
    try:
        with bulk_modes.first(context, asked) as step:
            bulk_cancels.obeyed(step.run, home, failed, asked.of)
            if asked.mode is modes.Mode.UNDO:
                return undo_run.close(step.run, home, failed)
            if trouble.ended_by_others(home, [each for each in failed if each != bulk_modes.MODE]):
                unasked.stopped(step.run)
            return replay.account(step.run, _broken(states, tasks), home)
    except errors.PlanError:
        # There is no such run, as its first task said too.
        return summarize.never_began(home, _broken(states, tasks), datetime.now(UTC).isoformat(timespec="seconds"))


def left_off(context: Context, run: ports.Run, failed: Sequence[str]) -> list[str]:
    """Bring what a load left behind in folders of earlier runs (`replay_leftovers`) as far as it can go; what stood in the way.

    `run`: the load's; `failed`: its tasks that read failed. Jobs that they waited for are aborted if a person marked them so.
    """
    from include.bulkload.steps import earlier_runs, trouble, unasked

    troubles = []
    for of in earlier_runs.left_off(run):
        try:
            with bulk_modes.first(context, modes.Asked(modes.Mode.REPLAY, of)) as earlier:
                bulk_cancels.obeyed(earlier.run, run.folder, failed, of)
                # Those that it never came to go on: nobody stopped them.
                if bulk_modes.LEFTOVERS in trouble.ended_by_others(run.folder, failed) and earlier_runs.is_at_work(earlier.run):
                    unasked.stopped(earlier.run)
                earlier_runs.break_off(run, of, earlier_runs.so_far(earlier.run))
        except errors.BulkloadError as wrong:
            troubles.append(f"what was sent again of the run {of} couldn't be looked at: {wrong}")
    return troubles


def _broken(states: Mapping[str, str | None], tasks: Sequence[str]) -> list[str]:
    """Name what broke: a task that never ran did, if none failed."""
    return outcomes.broken(states, tasks, ())
