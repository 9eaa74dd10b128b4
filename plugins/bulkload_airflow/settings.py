"""The environment → the deployment's settings, the same in every Airflow service (docs/operating.md lists them).

BULKLOAD_RUN_BASE       object storage URI of all run folders       default: `bulkload-runs` in Airflow's home
BULKLOAD_ALLOWED_ROOTS  URIs a payload may lie under, with commas   default: run base, include/samples, include/plans
BULKLOAD_CONNECTIONS    Airflow connections that a load may use     default: salesforce_default
BULKLOAD_SQL_CONNECTIONS  Airflow connections that queries may go to  default: none
BULKLOAD_POOL           pool of all tasks; it must exist            default: default_pool
BULKLOAD_MEMORY         DuckDB's memory limit per task              default: 600MB
BULKLOAD_THREADS        DuckDB's threads per task                   default: 1, a slot's
BULKLOAD_SCRATCH        local folder for tasks' scratch folders     default: the system's temporary folder
BULKLOAD_RETRIES        retries of each task                        default: 3
BULKLOAD_RETRY_SECONDS  first pause before a retry; it doubles      default: 30
BULKLOAD_PLANS          folders of plan files, with commas          default: include/plans
BULKLOAD_ADHOC_SQL      true: adhoc_load may send queries       default: false
BULKLOAD_ADHOC_TRANSFORMS  true: it may name transforms         default: false
BULKLOAD_SCHEDULE       cron or preset for parent_child_load        default: none, runs by hand
BULKLOAD_SOURCE_URI     payload of runs that name none              default: none
BULKLOAD_OBJECTS        mapping of runs that name none, JSON        default: accounts with contacts
BULKLOAD_SWEEP_SCHEDULE  cron or preset of the sweep                default: @daily
BULKLOAD_SWEEP_JOBS     `true`: it deletes finished jobs of old runs from Salesforce, too  default: they stay there
BULKLOAD_DUPLICATES_OK  why a schedule may insert rows again        default: none, keyless inserts can't be scheduled
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment decides; nothing here is a secret."""

    run_base: str
    allowed_roots: tuple[str, ...]
    connections: tuple[str, ...]
    sql_connections: tuple[str, ...]
    pool: str
    memory: str
    threads: int
    scratch: str | None
    retries: int
    retry_seconds: float
    plans: tuple[Path, ...]
    adhoc_sql: bool
    adhoc_transforms: bool
    schedule: str | None
    source_uri: str | None
    objects: dict[str, Any] | None
    duplicates_ok: str
    sweep_schedule: str
    sweep_jobs: bool


def current(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises PlanError naming the variable that can't be read."""
    given = os.environ if environment is None else environment
    run_base = given.get("BULKLOAD_RUN_BASE") or _at_home(given)
    return Settings(
        run_base=run_base,
        # The run base is always allowed: inline payloads are kept there and read like any other.
        allowed_roots=tuple(dict.fromkeys([run_base, *(_listed(given, "BULKLOAD_ALLOWED_ROOTS") or _shipped())])),
        connections=_listed(given, "BULKLOAD_CONNECTIONS") or ("salesforce_default",),
        sql_connections=_listed(given, "BULKLOAD_SQL_CONNECTIONS"),
        pool=given.get("BULKLOAD_POOL") or "default_pool",
        memory=given.get("BULKLOAD_MEMORY") or "600MB",
        threads=int(_number(given, "BULKLOAD_THREADS", 1)),
        scratch=given.get("BULKLOAD_SCRATCH") or None,
        retries=int(_number(given, "BULKLOAD_RETRIES", 3)),
        retry_seconds=_number(given, "BULKLOAD_RETRY_SECONDS", 30),
        # Relative to the project, since Airflow's services begin in folders of their own.
        plans=tuple(PROJECT / each for each in _listed(given, "BULKLOAD_PLANS") or ("include/plans",)),
        adhoc_sql=_switch(given, "BULKLOAD_ADHOC_SQL"),
        adhoc_transforms=_switch(given, "BULKLOAD_ADHOC_TRANSFORMS"),
        schedule=given.get("BULKLOAD_SCHEDULE") or None,
        source_uri=given.get("BULKLOAD_SOURCE_URI") or None,
        objects=_json_object(given, "BULKLOAD_OBJECTS"),
        duplicates_ok=given.get("BULKLOAD_DUPLICATES_OK", ""),
        sweep_schedule=given.get("BULKLOAD_SWEEP_SCHEDULE") or "@daily",
        sweep_jobs=given.get("BULKLOAD_SWEEP_JOBS", "").lower() == "true",
    )


def _at_home(given: Mapping[str, str]) -> str:
    home = given.get("AIRFLOW_HOME") or "~/airflow"
    return (Path(home).expanduser() / "bulkload-runs").as_uri()


def _shipped() -> tuple[str, ...]:
    return ((PROJECT / "include" / "samples").as_uri(), (PROJECT / "include" / "plans").as_uri())


def _listed(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in given.get(name, "").split(",") if each.strip())


def _number(given: Mapping[str, str], name: str, default: float) -> float:
    text = given.get(name) or str(default)
    try:
        return float(text)
    except ValueError as wrong:
        raise errors.PlanError(f"{name}: {text!r} is no number; mend this deployment setting") from wrong


def _switch(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name) or "false"
    if text.lower() not in {"true", "false"}:
        raise errors.PlanError(f"{name}: {text!r} is neither true nor false; mend this deployment setting")
    return text.lower() == "true"


def _json_object(given: Mapping[str, str], name: str) -> dict[str, Any] | None:
    text = given.get(name)
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError as wrong:
        raise errors.PlanError(f"{name}: it isn't JSON ({wrong}); mend this deployment setting") from wrong
    if not isinstance(found, dict):
        raise errors.PlanError(f"{name}: it must be a JSON object, name → object of the plan; mend this deployment setting")
    return found
