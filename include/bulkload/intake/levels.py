"""A plan's links → which object waits for which: the shape of its flow, known before any row is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.bulkload.intake import plan


def above(checked: plan.Plan, name: str) -> list[str]:
    """Name the objects whose Ids an object's rows carry when they are first sent, in the plan's order."""
    return _ordered(checked, _parents(checked, name, cut=False))


def before_settling(checked: plan.Plan, name: str) -> list[str]:
    """Name the objects whose Ids must be known before an object is settled: those of the second passes that end with it."""
    due = [each for each in checked.order() if checked.last_pass_in(each) == name and _parents(checked, each, cut=True)]
    named = {*due} | {parent for each in due for parent in _parents(checked, each, cut=True)}
    return _ordered(checked, named - {name})


def is_parent(checked: plan.Plan, name: str) -> bool:
    """Whether another object needs an object's Ids."""
    return any(name in _parents(checked, each, cut=cut) for each in checked.objects for cut in (False, True))


def of(checked: plan.Plan) -> list[list[str]]:
    """Group the objects by level: the first have no parents in this load, all others stand below their lowest parent."""
    depth: dict[str, int] = {}
    for name in checked.order():
        depth[name] = max((depth[parent] + 1 for parent in above(checked, name)), default=0)
    return [[name for name in checked.order() if depth[name] == level] for level in range(max(depth.values()) + 1)]


def _parents(checked: plan.Plan, name: str, *, cut: bool) -> set[str]:
    """The other objects that an object's links name, those of cut links or of all others."""
    links = [(field, nth, link.object) for field, each in checked.objects[name].links.items() for nth, link in enumerate(each)]
    return {parent for field, nth, parent in links if parent and parent != name and checked.is_cut(name, field, nth) == cut}


def _ordered(checked: plan.Plan, names: set[str]) -> list[str]:
    return [name for name in checked.order() if name in names]
