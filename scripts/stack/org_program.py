"""Options → the local org as a process of its own, and the line that it starts with."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from scripts.stack import programs, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FREE = ("--http-port", "0", "--https-port", "0", "--proxy-port", "0")


class OrgDown(RuntimeError):
    """The local org didn't start; the message ends with what it said."""


@contextlib.contextmanager
def running(folder: Path, log: Path, options: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Run a local org with fresh data in `folder` while the block lasts; yields its start line. Raises OrgDown."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "include.local_org", *FREE, "--data", str(folder / "org.db")]
    command += ["--end-with-parent", str(os.getpid()), *options]
    with log.open("ab") as said:
        process = subprocess.Popen(
            command, cwd=wanted.PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
        )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise OrgDown(f"the local org didn't start:\n{programs.tail(log)}")
        yield json.loads(line)
    finally:
        programs.end([process])
        if process.stdout:
            process.stdout.close()
