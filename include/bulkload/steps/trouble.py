"""A task's error → a note in the run folder that the summary reads; no part of the ledger's facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.steps import ports


def note(folder: ports.RunFolder, task: str, error: str, *, last: bool = False) -> None:
    """Remember a task's last error; the next try of the task replaces it. `last`: no try follows by itself."""
    folder.write(_name(task), {"task": task, "error": error, "last": last})


def ended_by_others(folder: ports.RunFolder, tasks: Sequence[str]) -> list[str]:
    """Those of some failed tasks whose last try didn't say why: a person marked them, or their worker was lost in it."""
    return [task for task in tasks if not (folder.read(_name(task)) or {"last": False})["last"]]


def told(folder: ports.RunFolder, tasks: Sequence[str]) -> list[str]:
    """What the given tasks last said, one sentence each."""
    notes = [(task, folder.read(_name(task))) for task in tasks]
    return [f"{task}: {found['error']}" if found else f"{task}: failed, or never ran, without a word; see its log" for task, found in notes]


def _name(task: str) -> str:
    return f"trouble/{task}.json"
