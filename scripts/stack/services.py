"""An environment → Airflow's database migrated, its four services running and healthy."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import requests

from scripts.stack import programs, wanted

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

# Not `airflow standalone`: it leaves children behind when it is ended. Logs are files here, so nobody needs to serve them.
COMMANDS = {
    "migrate": ("db", "migrate"),
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
PATIENCE = 180.0
HEALTHY = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowDown(RuntimeError):
    """A service ended or never became healthy; the message ends with what it said."""


class PortTaken(AirflowDown):
    """Somebody took the port between our look and our start: take another one."""


@contextlib.contextmanager
def running(environment: Mapping[str, str], logs: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Make Airflow's tables and run the four services while the block lasts; ends them with the tasks that they run. Raises AirflowDown."""
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        # The API server takes longest to load and needs no tables for that.
        for name in ("api-server", "migrate", "scheduler", "dag-processor", "triggerer"):
            process = start(name, environment, logs)
            if name != "migrate":
                started[name] = process
            elif process.wait(PATIENCE) != 0:
                raise AirflowDown(f"airflow db migrate failed:\n{programs.tail(logs / 'migrate.log')}")
        yield started
    finally:
        # Their database goes with them, so there is nothing to wait for.
        programs.end(list(started.values()), patience=3)


def start(name: str, environment: Mapping[str, str], logs: Path) -> subprocess.Popen[bytes]:
    """Start one of COMMANDS; its output is added to its log."""
    return programs.start(_airflow(*COMMANDS[name]), environment, logs / f"{name}.log", wanted.PROJECT)


def await_health(url: str, started: Mapping[str, subprocess.Popen[bytes]], logs: Path, tell: Callable[[str], None]) -> None:
    """Wait until every service says that it is healthy; `tell` hears of each. Raises AirflowDown, PortTaken."""
    until, told = time.monotonic() + PATIENCE, set[str]()
    while set(HEALTHY) - told:
        _still_alive(started, logs)
        if time.monotonic() > until:
            missing = ", ".join(sorted(set(HEALTHY) - told))
            raise AirflowDown(f"not healthy after {PATIENCE:.0f} s: {missing}; the logs stand in {logs}")
        found = _healthy(url)
        if found and not told:
            # The API server builds what tasks talk to on the first such request: now, while the others load.
            _asked(f"{url}/execution/health")
        for name in sorted(found - told):
            told.add(name)
            tell(f"{name.replace('_', '-')} is healthy")
        time.sleep(0.2)


def _still_alive(started: Mapping[str, subprocess.Popen[bytes]], logs: Path) -> None:
    for name, process in started.items():
        if process.poll() is not None:
            said = programs.tail(logs / f"{name}.log")
            kind = PortTaken if "address already in use" in said.lower() else AirflowDown
            raise kind(f"airflow {name} ended with status {process.returncode}:\n{said}")


def _healthy(url: str) -> set[str]:
    """Ask the API server which parts are healthy; none while it doesn't answer."""
    answer = _asked(f"{url}/api/v2/monitor/health")
    return {name for name in HEALTHY if (answer.get(name) or {}).get("status") == "healthy"}


def _asked(url: str) -> dict[str, Any]:
    """GET a JSON object; an empty one while nobody answers."""
    with contextlib.suppress(requests.RequestException, ValueError), requests.Session() as session:
        session.trust_env = False
        return dict(session.get(url, timeout=20).json())
    return {}


def free_port(wished: int = 0) -> int:
    """Find a free port on loopback: the wished one if it is free, else any."""
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", wished))
        except OSError:
            return free_port()
        return int(asked.getsockname()[1])


def _airflow(*command: str) -> list[str]:
    # Not bin/airflow: its first line names the folder that the environment was made in.
    return [sys.executable, "-m", "airflow", *command]
