"""A run that replays or undoes another one → that other run, opened in its own folder with its own copy of the plan.

The run that does it keeps its own marks, notes and summary in its own folder, `home`.
"""

from __future__ import annotations

import contextlib
import difflib
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BranchMixIn
from airflow.sdk import BaseOperator

from bulkload_airflow import bulk_config, bulk_runs, outcomes, settings
from include.bulkload.basics import errors
from include.bulkload.intake import modes
from include.bulkload.ledger import entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.sdk import Context

    from include.bulkload.steps import ports

MODE, LEFTOVERS = "mode", "leftovers"
CHOOSE, SEND = "replay.choose", "replay.send"
DRY_RUN, APPROVE, ACT = "undo.dry_run", "undo.approve", "undo.act"
# What runs in each mode beside the load's own tasks, in order.
TASKS = {modes.Mode.REPLAY: (MODE, CHOOSE, SEND), modes.Mode.UNDO: (MODE, DRY_RUN, APPROVE, ACT)}
# What a run that replays or undoes says of itself, for those who take it for the one that loaded.
ABOUT = "about.json"
TOLD = 3


class ModeOperator(BaseOperator, BranchMixIn):
    """Reads what the run was asked for and follows that branch; the tasks of the others are skipped. Returns the mode.

    :param first: the first task of each mode.
    """

    ui_color = "#eeeeee"
    inherits_from_skipmixin = True

    def __init__(self, *, first: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = dict(first)

    def execute(self, context: Context) -> None:
        """Refuse contradictions, all at once, before anything else runs."""
        with outcomes.mapped(bulk_runs.noting(context)):
            found = asked(context)
            if found.mode is not modes.Mode.LOAD:
                modes.unknown(context["dag_run"].conf or {}, context["dag"].params)
        # Pushed here: Airflow skips by an exception, after which nothing is returned.
        context["ti"].xcom_push("return_value", str(found.mode))
        self.do_branch(context, self.first[found.mode])


def asked(context: Context) -> modes.Asked:
    """Read what the run was asked for. Raises PlanError with every contradiction."""
    return modes.asked(context["params"])


def only_here(context: Context) -> None:
    """Skip a task of another mode's branch; see `bulk_runs.only_in`."""
    bulk_runs.only_in(context, next(mode for mode, tasks in TASKS.items() if context["ti"].task_id in tasks))


@contextlib.contextmanager
def first(context: Context, found: modes.Asked) -> Iterator[bulk_runs.Step]:
    """Open the run that this one replays or undoes: its folder, its plan, its connection; by this run's name.

    Raises PlanError if there is no such run, naming what is there.
    """
    home = bulk_runs.place(context)
    where = bulk_runs.Place(home.dag_id, found.of)
    if where.folder().read(entries.BEGUN) is None:
        raise errors.PlanError(f"{found.key}: {_missing(where)}")
    with bulk_runs.opened(home, bulk_runs.unasked_hook(), found.of) as run:
        yield bulk_runs.planned(run, lambda: bulk_config.Config({}), found.of)


@contextlib.contextmanager
def stepped(context: Context, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> Iterator[bulk_runs.Step]:
    """Open the run that a task of these branches is about, map what its step raises; skip the task in a run of another mode."""
    with outcomes.mapped(bulk_runs.noting(context), final=final):
        only_here(context)
        with first(context, asked(context)) as step:
            yield step


def tell(home: ports.RunFolder, found: modes.Asked) -> None:
    """Say in a run's own folder which run it is about."""
    home.write(ABOUT, {"mode": str(found.mode), "of": found.of})


def _missing(where: bulk_runs.Place) -> str:
    """Say why a run can't be replayed or undone, and what was meant perhaps."""
    folder = where.folder()
    about = folder.read(ABOUT)
    if about is not None:
        return f"the run {where.run_id} is itself a run of mode {about['mode']}, of {about['of']}; name that one"
    if folder.names(""):
        return f"the run {where.run_id} broke off before it began, so nothing was sent ({folder.uri('')}); start a new run"
    standing = list(bulk_runs.archive().runs())
    others = [each.dag_id for each in standing if each.run_id == where.run_id]
    if others:
        return f"{where.run_id} is a run of the DAG {', '.join(others)}; trigger that one"
    own = sorted(each.run_id for each in standing if each.dag_id == where.dag_id)
    near = difflib.get_close_matches(where.run_id, own, TOLD)
    hint = (
        f"did you mean {' or '.join(near)}?" if near else f"the last ones are {', '.join(own[-TOLD:])}" if own else "there is none at all"
    )
    return f"no run of {where.dag_id} is called {where.run_id} under {settings.current().run_base}; {hint}"
