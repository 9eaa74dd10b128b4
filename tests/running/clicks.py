"""Airflow's REST API and a run → what people do there: mark, clear, pause, delete; and its tasks followed until they fit."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.stack import rest

PATIENCE = 240.0
ENDED = {"success", "failed"}
States = dict[str, str | None]


class NeverSo(AssertionError):
    """What was waited for didn't come; the message has the tasks' states."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one DAG."""

    api: rest.Rest
    dag: str
    run_id: str

    def states(self) -> States:
        """The states of all task instances, by name: `Account_job[0]`."""
        return {each.name: each.state for each in self.api.tasks(self.dag, self.run_id)}

    def instances(self, state: str) -> list[tuple[str, int]]:
        """Task and index of all task instances that read a state."""
        return [(each.task, each.index) for each in self.api.tasks(self.dag, self.run_id) if each.state == state]

    def until(self, is_so: Callable[[States], bool], patience: float = PATIENCE) -> States:
        """Follow it until the states fit; an API server that is away is waited for. Raises NeverSo."""
        late, seen = time.monotonic() + patience, {}
        while time.monotonic() < late:
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                seen = self.states()
                if is_so(seen):
                    return seen
            time.sleep(0.2)
        raise NeverSo(f"{self.dag} {self.run_id}: not so after {patience:g} s; the run reads {self.state()}, its tasks {seen}")

    def until_reads(self, task: str, *states: str | None) -> States:
        """Follow it until a task instance reads one of these states. Raises NeverSo."""
        return self.until(lambda seen: seen.get(task) in states)

    def state(self) -> str:
        """Return the run's state."""
        return self.api.state(self.dag, self.run_id)

    def ended(self) -> str:
        """Follow it until it and its summary have ended; the run's state. Raises NeverSo."""
        self.until(lambda seen: seen.get("summary") in ENDED and self.state() in ENDED)
        return self.state()

    def summary(self) -> dict[str, Any]:
        """The summary that it returned."""
        found: dict[str, Any] = self.api.xcom(self.dag, self.run_id, "summary")
        return found

    def running(self, task: str = "") -> list[str]:
        """The ids of the task instances that run now, of one task or of all: their processes are called so."""
        page = self.api.ask("GET", f"dags/{self.dag}/dagRuns/{self.run_id}/taskInstances", state="running")
        return [each["id"] for each in page["task_instances"] if task in {"", each["task_id"]}]

    def mark(self, task: str, state: str, index: int = -1) -> None:
        """Mark one task instance."""
        instance = task if index < 0 else f"{task}/{index}"
        self.api.ask("PATCH", f"dags/{self.dag}/dagRuns/{self.run_id}/taskInstances/{instance}", {"new_state": state})

    def mark_run(self, state: str) -> None:
        """Mark the run itself."""
        self.api.ask("PATCH", f"dags/{self.dag}/dagRuns/{self.run_id}", {"state": state})

    def clear(self, *tasks: str | tuple[str, int], downstream: bool = True) -> None:
        """Clear tasks, (task, index) of a mapped one; all of them if none is named."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": self.run_id, "only_failed": False, "include_downstream": downstream}
        named = [list(each) if isinstance(each, tuple) else each for each in tasks]
        self.api.ask("POST", f"dags/{self.dag}/clearTaskInstances", body | ({"task_ids": named} if named else {}))

    def cleared(self, *tasks: str | tuple[str, int], downstream: bool = True) -> str:
        """Clear tasks of a run that has ended, and follow it to its new end; the run's state."""
        self.clear(*tasks, downstream=downstream)
        self.until(lambda seen: not all(state in {*ENDED, "skipped", "upstream_failed", "removed"} for state in seen.values()))
        return self.ended()

    def delete(self) -> None:
        """Take it out of Airflow."""
        self.api.ask("DELETE", f"dags/{self.dag}/dagRuns/{self.run_id}")


def begun(api: rest.Rest, dag: str, conf: dict[str, Any]) -> Run:
    """Trigger a run, once the DAG is there."""
    api.await_dag(dag)
    return Run(api, dag, api.trigger(dag, conf))
