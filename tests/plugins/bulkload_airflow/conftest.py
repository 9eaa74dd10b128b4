"""A local org and an Airflow connection to it → what hook, sensor, trigger and operators are tried against."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bulkload_airflow import bulk_forms, bulk_hook, settings
from tests.running import org as running_org
from tests.running import steering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[steering.Org]:
    """A local org of this module's own."""
    with running_org.running(tmp_path_factory.mktemp("org"), "--control") as line:
        yield steering.Org(line)


@pytest.fixture
def org(started: steering.Org) -> Iterator[steering.Org]:
    """The module's org, plain again after each test."""
    yield started
    started.calm()


@pytest.fixture
def doors(org: steering.Org) -> dict[str, Any]:
    """How the org is reached under Salesforce's own host names."""
    return {"proxies": {"https": org["proxy_url"]}, "ca_file": org["ca_file"]}


@pytest.fixture
def connect(org: steering.Org, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set `salesforce_default` to this org; the extra's fields may be given, else it is a plain session id over HTTP."""

    def set_to(extra: dict[str, Any] | None = None, **fields: Any) -> bulk_hook.BulkHook:
        plain = {"session_id": org["access_token"], "instance_url": org["http_url"]}
        document = {"conn_type": "salesforce", "extra": {**(plain if extra is None else extra), "local_org": True}, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", json.dumps(document))
        return bulk_hook.BulkHook()

    return set_to


@dataclass
class TaskInstance:
    """As much of Airflow's task instance as operators use."""

    task_id: str
    dag_id: str = "parent_child_load"
    run_id: str = "manual__2026-11-23T00:00:00+00:00"
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0
    states: dict[str, str] = field(default_factory=dict)
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep what is pushed."""
        self.pushed[key] = value

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        """Tell the states that the test gave."""
        return {run_ids[0]: self.states}

    def get_first_reschedule_date(self, _: Any) -> None:
        """Never rescheduled."""


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks pause without waiting: the org, a process of its own, is asked again at once."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def run_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run base of this test's own."""
    monkeypatch.setenv("BULKLOAD_RUN_BASE", tmp_path.as_uri())
    return tmp_path


@pytest.fixture
def context(run_base: Path) -> Any:
    """Make the context of a task, as Airflow hands it over, for a config."""

    def of(task_id: str, config: dict[str, Any], **given: Any) -> dict[str, Any]:
        params = {
            name: param.resolve(config[name]) if name in config else param.resolve()
            for name, param in bulk_forms.parent_child(settings.current()).items()
        }
        return {"ti": TaskInstance(task_id, **given), "params": params, "dag_run": SimpleNamespace(conf=config)}

    assert run_base.is_dir()
    return of
