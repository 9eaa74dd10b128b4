"""How a change of a task's state is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts import progress
from scripts.stack import rest

if TYPE_CHECKING:
    import pytest


def test_a_change_is_one_line() -> None:
    """Seconds, the task with its index, its state; the attempt only from the second on."""
    lines = [progress.line(rest.Seen("parent_job", 0, "running", 1), 12.34), progress.line(rest.Seen("split", -1, "failed", 2), 100.0)]
    assert ["  12.3 s  parent_job[0]            running", " 100.0 s  split                    failed (attempt 2)"] == lines


def test_without_a_terminal_there_is_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    """In a log file or a pipe stand the lines alone, and none of what was skipped."""
    with progress.bar(0.0, 10) as changed:
        changed(rest.Seen("split", -1, "success", 1))
        changed(rest.Seen("replay.choose", -1, "skipped", 0))
    out, err = capfd.readouterr()
    assert (1, "") == (len(out.splitlines()), err)
