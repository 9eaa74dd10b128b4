"""A load to drill → a process that plays it to its end, or to where it is struck; what came of it in a file: the summary, or the error."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from tests.drills import drilled, points, timed

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

STOPPED, WORN_OUT, LEFT_ALONE = 3, 4, 5


def _end_with_parent() -> None:
    """End this process when the one that drills has ended: nobody would wait for it, or let it go on."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(LEFT_ALONE)


def played(task: drilled.Task, reached: Event | None = None, go: Event | None = None) -> None:
    """Play a load to its end and write down how it ended; the process's whole life.

    With `reached` and `go` it isn't killed where it is struck: it says so, and waits.
    """
    struck = points.die

    if reached is not None and go is not None:
        told, awaited = reached, go

        def struck() -> None:
            told.set()
            awaited.wait()

    threading.Thread(target=_end_with_parent, daemon=True).start()
    met = points.Points(task.strike, struck, task.trace)
    load = timed.Timed(task, met) if task.down else drilled.Drilled(task, met)
    if isinstance(load, timed.Timed):
        met.struck = load.goes_down
    try:
        found = {drilled.LOAD: load.retried, drilled.SUMMARY: load.summed, drilled.REPLAY: load.replayed}[task.part]()
    except errors.BulkloadError as wrong:
        task.outcome.write_text(json.dumps({"error": f"{type(wrong).__name__}: {wrong}"}))
        sys.exit(STOPPED if isinstance(wrong, errors.MustStop) else WORN_OUT)
    task.outcome.write_text(json.dumps(found))
