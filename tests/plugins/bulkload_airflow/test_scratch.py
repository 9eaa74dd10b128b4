"""Scratch folders: a task's own, and what killed ones left."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from bulkload_airflow import scratch

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from bulkload_airflow import scratch
with scratch.folder(sys.argv[1]) as made:
    (made / "rows.csv").write_text("personal")
    print(made, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    """Nobody else reads it while the task runs."""
    with scratch.folder(str(tmp_path)) as made:
        rights = made.stat().st_mode & 0o777
    assert (0o700, []) == (rights, list(tmp_path.iterdir()))


def test_what_a_killed_task_left_goes_with_the_next_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    """A kill leaves no rows on the worker for ever; two tasks at once leave each other alone."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        left = killed.stdout.readline().strip()
        with scratch.folder(str(tmp_path)) as living:
            both = {str(each) for each in tmp_path.iterdir()}
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            with scratch.folder(str(tmp_path)):
                after = (living.is_dir(), left in {str(each) for each in tmp_path.iterdir()})
    assert ({left, str(living)}, (True, False)) == (both, after)


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    """The place may be the system's temporary folder."""
    for name in ("bulkload-pg-1", "strange", f"{scratch.PREFIX}without-a-lock"):
        (tmp_path / name).mkdir()
    with scratch.folder(str(tmp_path)):
        pass
    assert ["bulkload-pg-1", f"{scratch.PREFIX}without-a-lock", "strange"] == sorted(each.name for each in tmp_path.iterdir())
