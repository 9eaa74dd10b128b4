"""Run folders and jobs that have had their time → gone; what others left is told."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from bulkload_airflow import bulk_dags, bulk_sweep, settings

ABOUT = """
### What old runs left behind

- `open_jobs` aborts jobs that are still Open though their run is over: they hold rows, and nobody will close them.
- `finished_jobs` deletes the jobs of runs past their `keep_days` from Salesforce (only with `BULKLOAD_SWEEP_JOBS=true`).
- `files` removes files with rows of runs past their plan's `keep_days`, and all of a run past `keep_ledger_days`.
- `strangers` lists Open jobs of our users that none of our ledgers names. It never touches them.

A run that Airflow calls running is left alone, and so is one of which a job may still work.
Trigger it with *Only tell* to see what would go. docs/operating.md says more.
"""

_deployed = settings.current()

with DAG(
    dag_id="sweep",
    description="Removes what old runs left behind.",
    doc_md=ABOUT,
    schedule=_deployed.sweep_schedule,
    # No start date: it begins with the next night, not with the first start of the stack.
    catchup=False,
    max_active_runs=1,
    tags=["salesforce", "bulk-api-2", "care"],
    params={"dry_run": Param(False, type="boolean", title="Only tell", description="Nothing is removed, aborted or deleted.")},
    default_args=bulk_dags.default_args(_deployed),
) as dag:
    # One after the other, whatever became of the one before: a job must be ended before its run's files may go.
    _before = None
    for _part in ("open_jobs", *(["finished_jobs"] if _deployed.sweep_jobs else []), "files", "strangers"):
        _task = bulk_sweep.SweepOperator(task_id=_part, part=_part, trigger_rule="all_done")
        if _before is not None:
            _before >> _task
        _before = _task
