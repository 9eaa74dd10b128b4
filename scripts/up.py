"""Nothing → Airflow and the local org, left running in `.run/up`; says where, for whom, and how to stop them."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import psutil

from scripts import progress
from scripts.stack import running, wanted

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = wanted.PROJECT / ".run" / "up"
PORT = 8080
# What a person may set for a stack of their own; docs/operating.md lists it.
TAKEN_OVER = ("BULKLOAD_", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


def found(folder: Path = FOLDER) -> running.Stack | None:
    """Find the stack that runs in this folder; None if there is none, or only what a dead one left."""
    state = folder / "stack.json"
    if not state.is_file():
        return None
    stack = running.Stack.from_state(json.loads(state.read_text()))
    try:
        # A process id comes round again; its start doesn't.
        return stack if psutil.Process(stack.keeper).create_time() == stack.keeper_started else None
    except psutil.NoSuchProcess:
        return None


def main(folder: Path = FOLDER, port: int = PORT) -> int:
    """Start the stack, unless it is up already; returns the exit status."""
    already = found(folder)
    if already:
        print("It is up already.")
        print(described(already))
        return 0
    given = {name: value for name, value in os.environ.items() if name.startswith(TAKEN_OVER)}
    asked = wanted.Wanted(folder, given=given, port=port, stays=True)
    keeper = running.launch(asked)
    try:
        stack = running.await_ready(keeper, asked, progress.teller(time.monotonic()))
    except running.StackDown as failed:
        running.end(keeper)
        print(f"Not up: {failed}", file=sys.stderr)
        return 1
    running.let_go(keeper)
    print(described(stack))
    return 0


def described(stack: running.Stack) -> str:
    """Tell where the stack is and how to stop it."""
    org = stack.org["http_url"] if stack.org else "none"
    return "\n".join(
        [
            f"Airflow        {stack.url}",
            f"User           {stack.user}, password in {stack.password_file}",
            f"Local org      {org}",
            f"Runs' files    {stack.run_base}",
            f"Logs           {stack.logs}",
            "Stop it with   make down",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
