"""What is being done → lines for people, and a bar where a terminal is attached."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from rich import console, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.stack import rest

SKIPPED = "skipped"
ENDED = ("success", "failed", SKIPPED, "upstream_failed", "removed")


def teller(begun: float) -> Callable[[str], None]:
    """Make a function that writes a line with the seconds since `begun` (monotonic) to standard error."""

    def tell(line: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {line}", file=sys.stderr, flush=True)

    return tell


@contextlib.contextmanager
def bar(begun: float, tasks: int) -> Iterator[Callable[[rest.Seen], None]]:
    """Show each change of a task's state as a line on standard output; below them, on a terminal, how many tasks have ended.

    `tasks` is their number as far as it is known by now: mapped ones turn out to be more.
    """
    states: dict[str, str | None] = {}
    screen = console.Console(stderr=True)
    # Lines that go to a file or a pipe must not be drawn above the bar instead.
    both = sys.stdout.isatty()
    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeElapsedColumn())
    with progress.Progress(
        *columns, console=screen, transient=True, redirect_stdout=both, disable=not screen.is_terminal, refresh_per_second=4
    ) as shown:
        task = shown.add_task("", total=tasks)

        def changed(seen: rest.Seen) -> None:
            states[seen.name] = seen.state
            # What wasn't asked for, a replay say, is no news.
            if seen.state != SKIPPED:
                print(line(seen, time.monotonic() - begun), flush=True)
            ended = sum(state in ENDED for state in states.values())
            shown.update(task, completed=ended, total=max(tasks, len(states)), description=seen.name)

        yield changed


def line(seen: rest.Seen, seconds: float) -> str:
    """Write one change: seconds, task, state, and the attempt if it isn't the first."""
    again = f" (attempt {seen.attempt})" if seen.attempt > 1 else ""
    return f"{seconds:6.1f} s  {seen.name:<24} {seen.state}{again}"
