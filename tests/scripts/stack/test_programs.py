"""Programs that are ended, whatever was interrupted before."""

from __future__ import annotations

import operator
import os
from typing import TYPE_CHECKING

import psutil

from scripts.stack import programs

if TYPE_CHECKING:
    from pathlib import Path


def test_an_end_that_came_in_the_middle_of_a_poll_holds_nobody_up(tmp_path: Path) -> None:
    """Python's lock of the process is never given back then; the process is ended all the same."""
    process = programs.start(["sleep", "60"], os.environ, tmp_path / "log", tmp_path)
    lock = operator.attrgetter("_waitpid_lock")(process)
    lock.acquire()
    programs.end([process], patience=0.2)
    lock.release()
    assert (False, 0) == (psutil.pid_exists(process.pid), process.wait())
