"""Plan files → a DAG each; what is wrong with them → one import error that names every mistake.

An exception in a DAG file hides all of its DAGs, and Airflow marks all DAGs of a file with an import error as
stale. So `dags/migrations.py` makes the DAGs of the good files, and `dags/plan_mistakes.py`, which has none,
raises for the others.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, get_parsing_context

from bulkload_airflow import bulk_about, bulk_config, bulk_dags, bulk_forms
from include.bulkload.basics import errors
from include.bulkload.intake import contradictions, modes, plan_file, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from airflow.sdk import Context

    from bulkload_airflow import settings
    from include.bulkload.intake import plan

# DAGs that the project has beside those of plan files.
TAKEN = ("parent_child_load", "adhoc_load", "sweep")


@dataclass(slots=True)
class Shelf:
    """What the plan files of a deployment are good for: DAGs by id, and the mistakes of the others."""

    dags: dict[str, DAG] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def dags(deployed: settings.Settings) -> dict[str, DAG]:
    """Make the DAGs of all good plan files, by id; the one that Airflow asks for if it asks for one."""
    return shelf(deployed, get_parsing_context().dag_id).dags


def check(deployed: settings.Settings) -> None:
    """Raise PlanError with the mistakes of all plan files, if there are any."""
    findings = shelf(deployed).findings
    if findings:
        raise errors.PlanError(f"{len(findings)} mistakes in plan files, whose DAGs are missing until they are mended:", *findings)


def shelf(deployed: settings.Settings, only: str | None = None) -> Shelf:
    """Read all plan files; make DAGs of the good ones, or of the one called `only`."""
    found, names = Shelf(), dict.fromkeys(TAKEN, "this project")
    for path in plan_file.files(deployed.plans):
        try:
            document, checked = plan_file.read(path)
            _claim(names, checked.name, path)
            if only in {None, checked.name}:
                found.dags[checked.name] = _made(path, document, checked, deployed)
        except errors.PlanError as wrong:
            found.findings += wrong.findings
    return found


def _claim(names: dict[str, str], name: str, path: Path) -> None:
    """Take a DAG's id for a file. Raises PlanError if it is taken."""
    if name in names:
        raise errors.PlanError(f"{path}: name: {names[name]} has a DAG {name} already; rename the plan")
    names[name] = str(path)


def _made(path: Path, document: dict[str, Any], checked: plan.Plan, deployed: settings.Settings) -> DAG:
    """Make one DAG. Raises PlanError naming the file, whatever Airflow doesn't like about it."""
    try:
        made = dag(document, checked, deployed, path.name)
        made.validate()
    except errors.PlanError as wrong:
        raise errors.PlanError(*(f"{path}: {each}" for each in wrong.findings)) from wrong
    except Exception as refused:
        # Whatever it is, it must not take the other plans' DAGs along.
        place = "schedule" if checked.schedule is not None else "plan"
        raise errors.PlanError(f"{path}: {place}: Airflow can't make a DAG of it ({refused}); mend it") from refused
    return made


def dag(document: Mapping[str, Any], checked: plan.Plan, deployed: settings.Settings, file: str) -> DAG:
    """Make the DAG of a plan, called like it; its runs may choose the switches, the plan's own params, and to replay or undo."""
    with DAG(
        dag_id=checked.name,
        description=f"{' · '.join(checked.order())}: loaded into Salesforce as {file} says.",
        doc_md=bulk_about.plan(checked, file),
        schedule=_schedule(checked),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["salesforce", "bulk-api-2", "load", *checked.tags],
        params=bulk_forms.plan(checked),
        default_args=bulk_dags.default_args(deployed),
        # What a DAG file's globals hold is registered, and nothing else: this is also called to find mistakes.
        auto_register=False,
    ) as made:
        flow = bulk_dags.Flow(reader(document, checked))
        flow.whole(checked)
        flow.summary()
    return made


def _schedule(checked: plan.Plan) -> Any:
    """A plan's schedule as Airflow takes it."""
    given = checked.schedule
    return given if given is None or isinstance(given, str) else [Asset(given.asset)]


def reader(document: Mapping[str, Any], checked: plan.Plan) -> Callable[[Context], bulk_config.Config]:
    """Make the reader of a run's plan: what was chosen for the run, and its dates in the places that may name them."""

    def read(context: Context) -> bulk_config.Config:
        chosen, run = context["params"], context["dag_run"]
        asked = [*contradictions.SWITCHES, *checked.params, *modes.KEYS]
        unknown = [_unknown(key, asked) for key in (run.conf or {}) if key not in asked]
        if unknown:
            raise errors.PlanError(*unknown)
        own = {name: chosen[name] for name in checked.params}
        switches = {name: chosen[name] for name in contradictions.SWITCHES}
        # A run that no schedule made may have no logical date: then the moment that it was to run after.
        logical = run.logical_date or run.run_after
        names = templates.known(run.run_id, logical, run.data_interval_start or logical, run.data_interval_end or logical, own)
        return bulk_config.Config(templates.filled({**document, **switches}, names))

    return read


def _unknown(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"{key}: this DAG lets nobody choose it; " + (f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}")
