"""A folder → a local org that runs as a process of its own, on free ports, until the block ends."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

PATIENCE = 20
# Hundreds of tests have an org of their own; each is forked from a process that has imported it once, which is most of a start.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "include.local_org.__main__"])


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """Start what `python -m include.local_org` starts, on loopback; yield its start line. Ends it, and only it."""
    given = ["--http-port", "0", "--https-port", "0", "--proxy-port", "0", "--data", str(folder / "org.db")]
    given += ["--end-with-parent", str(os.getpid()), *options]
    told, telling = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_serve, args=(given, telling))
    process.start()
    telling.close()
    try:
        with told, open(told.fileno(), encoding="utf-8", closefd=False) as lines:
            line = lines.readline()
        if not line:
            process.join(PATIENCE)
            raise RuntimeError(f"the local org didn't start: exit status {process.exitcode}")
        yield json.loads(line)
    finally:
        process.terminate()
        process.join(PATIENCE)
        process.close()


def _serve(given: list[str], telling: Connection) -> None:
    """Be the command, with what it prints going into the pipe."""
    from include.local_org import __main__ as command

    os.dup2(telling.fileno(), 1)
    sys.argv = ["local_org", *given]
    command.main()
