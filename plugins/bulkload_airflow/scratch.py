"""A deployment's place for scratch → one task's folder in it, gone afterwards; what killed tasks left there, gone too.

A task that is killed can't clear up, and what it leaves are rows of people's data. So each folder is locked while
its task lives, and whoever makes the next one removes those that nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "bulkload-task-"
LOCK = ".lock"


@contextlib.contextmanager
def folder(within: str | None = None) -> Iterator[Path]:
    """Make a private folder in `within` (None: the system's temporary folder) that lasts as long as the block."""
    made, lock = _made(within)
    try:
        _clear(made.parent)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(lock)


def _made(within: str | None) -> tuple[Path, int]:
    """Make a folder and hold it; another one if somebody cleared it away before it was held."""
    while True:
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=within))
        lock = _held(made / LOCK, os.O_CREAT)
        if lock is not None:
            if made.is_dir():
                return made, lock
            os.close(lock)


def _clear(within: Path) -> None:
    """Remove the folders that nobody holds: their tasks were killed."""
    for each in within.glob(f"{PREFIX}*"):
        # Another's folder, another user's, or one that is gone by now.
        with contextlib.suppress(OSError):
            lock = _held(each / LOCK)
            if lock is not None:
                shutil.rmtree(each, ignore_errors=True)
                os.close(lock)


def _held(lock: Path, how: int = 0) -> int | None:
    """Open and lock a file; None if somebody else holds it. The lock ends with the descriptor, or with our process."""
    opened = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | how, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    return opened
