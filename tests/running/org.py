"""A folder → a local org that runs as a process of its own, on free ports, until the block ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PATIENCE = 20


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """Start `python -m include.local_org` on loopback; yield its start line. Ends it, and only it."""
    command = [sys.executable, "-m", "include.local_org", "--http-port", "0", "--https-port", "0", "--proxy-port", "0"]
    command += ["--data", str(folder / "org.db"), "--end-with-parent", str(os.getpid()), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError(f"the local org didn't start: exit status {process.wait(PATIENCE)}")
            yield json.loads(line)
        finally:
            process.terminate()
            process.wait(PATIENCE)
