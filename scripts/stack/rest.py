"""URL, user, password → Airflow's REST API: runs triggered and followed, states, XComs, pools."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENDED = ("success", "failed")
NOT_FOUND = 404
PATIENCE = 60.0
PAGE = 100


class ApiRefused(RuntimeError):
    """Airflow's API answered with an error; the message holds what it said."""


class RunStuck(RuntimeError):
    """A run or a task didn't get where it was expected in time."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A task instance as one look found it; `index` is -1 where the task isn't mapped."""

    task: str
    index: int
    state: str | None
    attempt: int

    @property
    def name(self) -> str:
        """As people write it: `parent_job[0]`."""
        return self.task if self.index < 0 else f"{self.task}[{self.index}]"


@dataclass(slots=True)
class Rest:
    """Airflow's REST API, logged in as one user; `url` without a path."""

    url: str
    user: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def ask(self, method: str, path: str, body: object = None, **query: Any) -> Any:
        """Ask for `/api/v2/<path>` and return the answer's JSON. Raises ApiRefused."""
        answer = self._sent(method, path, body, query)
        if not answer.ok:
            raise ApiRefused(f"{method} {path}: {answer.status_code} {answer.text[:1000]}")
        return answer.json() if answer.content else None

    def _sent(self, method: str, path: str, body: object, query: Mapping[str, Any]) -> requests.Response:
        if "Authorization" not in self.session.headers:
            given = {"username": self.user, "password": self.password}
            found = self.session.post(f"{self.url}/auth/token", json=given, timeout=PATIENCE)
            found.raise_for_status()
            self.session.headers["Authorization"] = f"Bearer {found.json()['access_token']}"
        return self.session.request(method, f"{self.url}/api/v2/{path}", json=body, params=query, timeout=PATIENCE)

    def create_pool(self, name: str, slots: int = 128) -> None:
        """Create a pool that counts deferred tasks too, unless it is there."""
        answer = self._sent("GET", f"pools/{name}", None, {})
        if answer.status_code == NOT_FOUND:
            about = {"name": name, "slots": slots, "include_deferred": True, "description": "Jobs in Salesforce at a time"}
            self.ask("POST", "pools", about)

    def await_dag(self, dag: str, patience: float = PATIENCE) -> None:
        """Wait until a DAG has been parsed. Raises RunStuck with the import errors."""
        until = time.monotonic() + patience
        while self._sent("GET", f"dags/{dag}", None, {}).status_code == NOT_FOUND:
            broken = self.ask("GET", "importErrors")["import_errors"]
            if broken or time.monotonic() > until:
                told = "\n".join(f"{each['filename']}:\n{each['stack_trace']}" for each in broken)
                raise RunStuck(f"the DAG {dag} isn't there. {told or 'No import errors are known.'}")
            time.sleep(0.2)

    def trigger(self, dag: str, conf: Mapping[str, Any]) -> str:
        """Start a run; returns its id."""
        return str(self.ask("POST", f"dags/{dag}/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Return the state of a run."""
        return str(self.ask("GET", f"dags/{dag}/dagRuns/{run}")["state"])

    def tasks(self, dag: str, run: str) -> list[Seen]:
        """List the run's task instances, mapped ones one by one."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.ask("GET", f"dags/{dag}/dagRuns/{run}/taskInstances", limit=PAGE, offset=len(found), order_by="id")
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return [Seen(each["task_id"], each["map_index"], each["state"], each["try_number"]) for each in found]

    def changes(self, dag: str, run: str, patience: float, pause: float = 0.3) -> Iterator[Seen]:
        """Yield each task instance whenever its state has changed, until the run has ended. Raises RunStuck."""
        known: dict[tuple[str, int], Seen] = {}
        until = time.monotonic() + patience
        ended = False
        while not ended:
            # First the run, then its tasks: so the last look at the tasks comes after the run's end.
            ended = self.state(dag, run) in ENDED
            for each in self.tasks(dag, run):
                if known.get((each.task, each.index)) != each and each.state is not None:
                    known[each.task, each.index] = each
                    yield each
            if time.monotonic() > until:
                raise RunStuck(f"{dag} {run} hasn't ended after {patience:.0f} s; last seen: {sorted(map(str, known.values()))}")
            time.sleep(0 if ended else pause)

    def xcom(self, dag: str, run: str, task: str, key: str = "return_value", index: int = -1) -> Any:
        """Read one XCom of a run."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}"
        return self.ask("GET", path, map_index=index, deserialize="true")["value"]

    def log(self, dag: str, run: str, seen: Seen) -> str:
        """Read the log of a task instance's last try, as text."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{seen.task}/logs/{max(seen.attempt, 1)}"
        lines = self.ask("GET", path, map_index=seen.index, full_content="true")["content"]
        return "\n".join(_line(each) for each in lines)


def _line(entry: Any) -> str:
    """Write one entry of a structured log; what an exception said belongs to it."""
    if not isinstance(entry, dict):
        return str(entry)
    details = [f"  {each.get('exc_type')}: {each.get('exc_value')}" for each in entry.get("error_detail") or []]
    return "\n".join([f"{entry.get('level', '') or ''} {entry.get('event', '')}".strip(), *details])


def follow(rest: Rest, dag: str, run: str, told: Callable[[Seen], None], patience: float = 600.0) -> str:
    """Tell of each change until the run has ended; returns its state."""
    for each in rest.changes(dag, run, patience):
        told(each)
    return rest.state(dag, run)
