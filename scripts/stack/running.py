"""A Wanted → a running stack, its REST API and its org; ended when the block or the process ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.stack import programs, rest, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A keeper that is told to end gives everybody time to do so.
ENDING = 60.0


class StackDown(RuntimeError):
    """The stack didn't start; the message says why and names the remedy."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: Airflow's address and user, the run base's URI, the org's start line (None: no org)."""

    url: str
    user: str
    password_file: Path
    run_base: str
    logs: Path
    org: dict[str, Any]
    keeper: int
    keeper_started: float

    @property
    def runs(self) -> Path:
        """The run base as a folder of this machine."""
        return Path(self.run_base.removeprefix("file://"))

    def rest(self) -> rest.Rest:
        """Open Airflow's REST API as the stack's user."""
        return rest.Rest(self.url, self.user, self.password_file.read_text().strip())

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Stack:
        """Read what the keeper wrote."""
        return cls(**{**state, "password_file": Path(state["password_file"]), "logs": Path(state["logs"])})


@contextlib.contextmanager
def stack(asked: wanted.Wanted, tell: Callable[[str], None] = lambda _: None) -> Iterator[Stack]:
    """Run a stack while the block lasts; `tell` hears what is being done. Raises StackDown."""
    keeper = launch(asked)
    try:
        yield await_ready(keeper, asked, tell)
    finally:
        end(keeper)


def launch(asked: wanted.Wanted) -> subprocess.Popen[str]:
    """Start the keeper of a stack and hand it what is wanted."""
    asked.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (asked.folder / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "scripts.stack.keeper"],
            cwd=wanted.PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    if keeper.stdin:
        keeper.stdin.write(asked.to_json() + "\n")
        keeper.stdin.flush()
    return keeper


def await_ready(keeper: subprocess.Popen[str], asked: wanted.Wanted, tell: Callable[[str], None]) -> Stack:
    """Listen to the keeper until the stack is ready. Raises StackDown."""
    for line in keeper.stdout or ():
        said = json.loads(line)
        if "ready" in said:
            return Stack.from_state(said["ready"])
        if "failed" in said:
            raise StackDown(said["failed"])
        tell(said["told"])
    raise StackDown(f"the stack's keeper ended:\n{programs.tail(asked.folder / 'keeper.log')}")


def is_kept(folder: Path) -> bool:
    """Whether a keeper holds this folder."""
    try:
        with (folder / wanted.LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def let_go(keeper: subprocess.Popen[str]) -> None:
    """Leave a keeper that stays to itself."""
    for pipe in (keeper.stdin, keeper.stdout):
        if pipe:
            pipe.close()
    # Not ours to wait for any more; else Python would complain that it still runs.
    keeper.returncode = 0


def end(keeper: subprocess.Popen[str]) -> None:
    """Tell the keeper to end, and wait until nothing of the stack is left."""
    if keeper.stdin:
        keeper.stdin.close()
    try:
        keeper.wait(ENDING)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
    if keeper.stdout:
        keeper.stdout.close()
