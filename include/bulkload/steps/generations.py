"""What is remembered of one object → numbered generations beside the run folders; the newest counts, three are kept.

A generation is created exclusively and names a stored file; two runs can't both write the same number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.steps import journal, ports

if TYPE_CHECKING:
    from pathlib import Path

Document = dict[str, Any]
KEPT = 3


def place(opened: journal.Opened, name: str) -> str:
    """Where an object's memory lies: its plan, its org, itself."""
    return f"{opened.plan.name}/{opened.org_id}/{name}"


def demanded(run: ports.Run, name: str) -> ports.Memory:
    """The run's memory. Raises PlanError if it was given none."""
    if run.memory is None:
        raise errors.PlanError(f"objects.{name}.changed_only: this run was given no place to remember in; leave it out")
    return run.memory


def newest(memory: ports.Memory, where: str) -> tuple[int, Document]:
    """The newest generation and its number; (0, {}) if there is none."""
    numbers = _numbers(memory, where)
    return (numbers[-1], memory.read(_name(where, numbers[-1])) or {}) if numbers else (0, {})


def file(memory: ports.Memory, document: Document, scratch: Path) -> Path:
    """Bring a generation's file. Raises LedgerDamaged if it is missing or differs."""
    try:
        return memory.get(journal.stored(document["file"]), scratch)
    except (errors.LedgerDamaged, KeyError) as wrong:
        raise errors.LedgerDamaged(f"{memory.uri('')}: what was remembered is damaged; run once with `forget: true`") from wrong


def add(memory: ports.Memory, where: str, number: int, document: Document) -> None:
    """Create a generation. Raises FileExistsError if its number is taken. What is older than the kept ones goes."""
    memory.create(_name(where, number), document)
    numbers = _numbers(memory, where)
    old = {each: memory.read(_name(where, each)) or {} for each in numbers}
    used = {old[each].get("file", {}).get("name") for each in numbers[-KEPT:]}
    for each in numbers[:-KEPT]:
        # The entry goes first: without its file it would be damaged, without its entry a file is only left behind.
        memory.remove(_name(where, each))
        if (left := old[each].get("file", {}).get("name")) and left not in used:
            memory.remove(left)


def _name(where: str, number: int) -> str:
    return f"{where}/generation-{number:08d}.json"


def _numbers(memory: ports.Memory, where: str) -> list[int]:
    return sorted(int(each.rpartition("-")[2].removesuffix(".json")) for each in memory.names(f"{where}/generation-"))
