"""Undoing a run, in its own ledger → where its plans, its waves and its results stand.

The waves of an undo stand apart from those of the load, under `<object>~undo`: the account of the load stays as it is,
and the numbers of neither depend on the other. No object of a plan is called so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.ledger import entries

if TYPE_CHECKING:
    from collections.abc import Iterable

Document = dict[str, Any]
MARK = "~undo"
FOLDER = "ledger/~undo/"
BEGUN = f"{FOLDER}begun.json"
# In a wave's notes: rows that it restores in part, since somebody changed other fields of theirs.
PARTLY = "partly"
# What is left to do about rows that a run lost which is being undone, or was.
ANEW = "load its source by a new run, with `again: true` if the undo has left records of it"
PLAN, ENDED = f"{FOLDER}plan-", f"{FOLDER}ended-"


def place(name: str) -> str:
    """Where the waves and jobs stand that undo an object."""
    return f"{name}{MARK}"


def object_of(name: str) -> str:
    """The object whose waves stand there."""
    return name.removesuffix(MARK)


def planned(number: int, document: Document) -> entries.Entry:
    """A dry run: what would be undone, object by object, in stored files; by which run."""
    return entries.Entry(plan_name(number), document)


def plan_name(number: int) -> str:
    """Where a dry run stands."""
    return f"{PLAN}{number:03d}.json"


def begun(number: int, at: str) -> entries.Entry:
    """From here on nothing of the load is sent any more; written before the first record is touched."""
    return entries.Entry(BEGUN, {"plan": number, "at": at})


def ended(number: int, document: Document) -> entries.Entry:
    """What an undo did; nothing of it is sent any more."""
    return entries.Entry(ended_name(number), document)


def ended_name(number: int) -> str:
    """Where the result of an undo stands."""
    return f"{ENDED}{number:03d}.json"


def next_number(names: Iterable[str]) -> int:
    """The first number that no dry run has; `names`: the entries that begin with PLAN."""
    return max((int(each.removeprefix(PLAN).removesuffix(".json")) for each in names), default=-1) + 1
