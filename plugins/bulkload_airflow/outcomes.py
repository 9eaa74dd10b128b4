"""An error of a step → Airflow's retry or failure, and a note that the summary reads. The one place that maps them.

MustStop: a person must act, so AirflowFailException, no retry. TryAgain: as it is, Airflow retries.
SetAside never leaves the steps. Anything else is a bug of ours and shows as what it is.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    # Takes an error's text, and whether it is never retried.
    Note = Callable[[str, bool], None]

log = logging.getLogger(__name__)
SUCCESS = "success"
FAILED = "failed"
SKIPPED = "skipped"


@contextlib.contextmanager
def mapped(note: Note, *, final: tuple[type[errors.BulkloadError], ...] = ()) -> Iterator[None]:
    """Run a step; note its error, and whether it is never retried, and raise what Airflow shall do. `final` kinds aren't retried either."""
    try:
        yield
    except errors.BulkloadError as wrong:
        ends = isinstance(wrong, (errors.MustStop, *final))
        _noted(note, str(wrong), ends=ends)
        if ends:
            raise AirflowFailException(str(wrong)) from wrong
        raise
    except (AirflowFailException, AirflowSkipException):
        # The one was mapped and noted by a step within this one, the other isn't an error.
        raise
    except Exception as bug:
        # Its text may quote a row, and the summary is for everybody; the log has the whole of it.
        _noted(note, f"{type(bug).__name__}; see the task's log", ends=False)
        raise


def together(wrong: Mapping[str, errors.BulkloadError]) -> errors.BulkloadError:
    """One error of several, by what each is about: to be tried again if any is, whatever else a person must look at."""
    kind = errors.TryAgain if any(isinstance(each, errors.TryAgain) for each in wrong.values()) else errors.MustStop
    return kind("; ".join(f"{about}: {each}" for about, each in wrong.items()))


def _noted(note: Note, error: str, *, ends: bool) -> None:
    try:
        note(error, ends)
    except Exception:
        log.warning("the run folder can't take the note of this error; the summary won't have it", exc_info=True)


def label(task_id: str, map_index: int | None) -> str:
    """Name a task's instance as notes and summary do: `parent_job`, mapped `parent_job-3`."""
    return task_id if map_index is None or map_index < 0 else f"{task_id}-{map_index}"


def broken(states: Mapping[str, str | None], tasks: Sequence[str], by_chunk: Collection[str]) -> list[str]:
    """Name the task instances that broke the flow, in the flow's order, given Airflow's states (`task`, mapped `task_3`).

    An empty mapped task (one of `by_chunk`) is skipped and broke nothing. A run that somebody stopped between
    two tasks has no failed one: then the first task that never ran is named.
    """
    return failed(states, tasks) or [task for task in tasks if task not in by_chunk and states.get(task) != SUCCESS][:1]


def was_stopped(states: Mapping[str, str | None], tasks: Sequence[str], by_chunk: Collection[str]) -> bool:
    """Whether a person marked the run failed: Airflow then skips what hasn't begun, while a failure's followers read upstream_failed."""
    return any(states.get(task) == SKIPPED for task in tasks if task not in by_chunk)


def failed(states: Mapping[str, str | None], tasks: Sequence[str]) -> list[str]:
    """Name the instances of the given tasks that read failed."""
    return [named for task in tasks for named, state in _instances(states, task) if state == FAILED]


def _instances(states: Mapping[str, str | None], task: str) -> list[tuple[str, str | None]]:
    own = [(task, states[task])] if task in states else []
    tails = [each.removeprefix(f"{task}_") for each in states if each.startswith(f"{task}_")]
    numbers = sorted(int(tail) for tail in tails if tail.isdigit())
    return own + [(label(task, number), states[f"{task}_{number}"]) for number in numbers]
