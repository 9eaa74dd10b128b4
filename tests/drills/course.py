"""Drills, as they end → how far they are, on standard error: a bar where a terminal is attached, else a line now and then."""

from __future__ import annotations

import contextlib
import datetime
import sys
import time
from typing import TYPE_CHECKING

from rich import console, progress

from scripts import progress as lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.drills import kills

# So often at most, unless another kind of drill begins.
PAUSE_SECONDS = 60.0
# How fast it goes is measured over all drills: kinds differ, and the last minute says little about hours.
WHOLE = float("inf")


@contextlib.contextmanager
def shown(
    part: str, drills: int, clock: Callable[[], float] = time.monotonic, tell: Callable[[str], None] | None = None
) -> Iterator[Callable[[str, kills.Figures], None]]:
    """Yield what to call when a drill has ended, with its name and figures. `part`: what is played, for the lines."""
    screen, tell = console.Console(stderr=True), tell or lines.teller(clock())
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(
        *columns, console=screen, transient=True, redirect_stdout=sys.stdout.isatty(), disable=not screen.is_terminal,
        get_time=clock, speed_estimate_period=WHOLE,
    ) as bar:  # fmt: skip
        task, wrong, last, told = bar.add_task(part, total=drills), 0, "", clock()

        def ended(name: str, figures: kills.Figures) -> None:
            nonlocal wrong, last, told
            wrong += len(figures.wrong)
            bar.update(task, advance=1, description=f"{part}, {name}; wrong {wrong}")
            if name != last or clock() - told >= PAUSE_SECONDS or bar.finished:
                last, told = name, clock()
                tell(f"{part}: {_far(bar.tasks[0])}, wrong {wrong}; {name}")

        yield ended


def _far(task: progress.Task) -> str:
    """How far a task is: `12 of 40, about 0:05:36 left`."""
    left = task.time_remaining
    about = "" if left is None else f", about {datetime.timedelta(seconds=left)} left"
    return f"{task.completed:.0f} of {task.total:.0f}{about}"
