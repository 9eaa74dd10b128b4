"""A command → a process in a group of its own that ends when we do; and an end for everything that it left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

LINUX = sys.platform == "linux"
# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make orphaned descendants our children (Linux), so that `end_descendants` finds them all."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury_adopted(ours: Collection[int]) -> None:
    """Collect adopted processes that have ended; those in `ours` are left to whoever started them."""
    while LINUX:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in ours:
            return
        os.waitpid(ended.si_pid, os.WNOHANG)


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    folder: Path,
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in `folder`, its output added to `log`; as `user` (uid, gid) if given, which only root can."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent(),  # noqa: PLW1509 - we start processes before any thread
            user=None if user is None else user[0],
            group=None if user is None else user[1],
            extra_groups=None if user is None else [],
        )


def _end_with_parent() -> Callable[[], None]:
    """Ask the kernel for SIGTERM when our own process is gone, whatever ended it; other systems rely on the keeper alone."""
    library = ctypes.CDLL(None) if LINUX else None

    def ask() -> None:
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    return ask


def end(processes: Sequence[subprocess.Popen[Any]], how: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
    """Signal the groups of these processes, all at once, and wait; who isn't gone after `patience` seconds is killed."""
    alive = [process for process in processes if process.poll() is None]
    for process in alive:
        _signal_group(process.pid, how)
    _, stubborn = psutil.wait_procs([psutil.Process(process.pid) for process in alive if psutil.pid_exists(process.pid)], patience)
    for each in stubborn:
        _signal_group(each.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, patience)
    for process in processes:
        # All have ended. But an Ended that came in the middle of a poll has left Python's lock of that process behind.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def end_descendants(patience: float = 3.0) -> None:
    """End whatever still descends from this process: ask first, then kill."""
    left = psutil.Process().children(recursive=True)
    for each in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.terminate()
    _, stubborn = psutil.wait_procs(left, patience)
    for each in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(stubborn, patience)


def tail(log: Path, lines: int = 25) -> str:
    """Read the last lines of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def private(path: Path, text: str) -> Path:
    """Write a file that only we can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    return path


def _signal_group(pid: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, how)
