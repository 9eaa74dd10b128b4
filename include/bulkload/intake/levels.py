"""A plan's links → which object waits for which: the shape of its flow, known before any row is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.intake import same_records

if TYPE_CHECKING:
    from include.bulkload.intake import plan


def above(checked: plan.Plan, name: str) -> list[str]:
    """Name the objects whose Ids an object's rows carry when they are first sent, in the plan's order."""
    return _ordered(checked, _parents(checked, name, cut=False))


def before_cutting(checked: plan.Plan, name: str) -> list[str]:
    """Name the objects that must be settled before an object is first sent: those above it, and those in turn with it that stand before it.

    Where a second pass of such a one ends with another object that stands before it, that one too.
    """
    before = _before(checked, name)
    writers = [each for each in same_records.in_turn(checked, name) if each in before]
    passes = {checked.last_pass_in(each) for each in writers} & {*before}
    return _ordered(checked, {*above(checked, name), *writers} | passes)


def before_settling(checked: plan.Plan, name: str) -> list[str]:
    """Name the objects that must be settled before an object is: those whose Ids the second passes need that end with it.

    And those before it whose turn comes between the first pass of these records and the second.
    """
    due = [each for each in checked.order() if checked.last_pass_in(each) == name and _parents(checked, each, cut=True)]
    named = {*due} | {parent for each in due for parent in _parents(checked, each, cut=True)}
    between = {other for each in due for other in same_records.in_turn(checked, each)} & {*_before(checked, name)}
    return _ordered(checked, (named | between) - {name})


def is_parent(checked: plan.Plan, name: str) -> bool:
    """Whether another object needs an object's Ids."""
    return any(name in _parents(checked, each, cut=cut) for each in checked.objects for cut in (False, True))


def of(checked: plan.Plan) -> list[list[str]]:
    """Group the objects by level: the first wait for nobody, all others stand below the lowest of those whom they wait for.

    Whom an object's settling waits for stands no lower than itself.
    """
    depth: dict[str, int] = {}
    for name in checked.order():
        early, late = before_cutting(checked, name), before_settling(checked, name)
        depth[name] = max([0, *(depth[each] + 1 for each in early), *(depth[each] for each in late)])
    return [[name for name in checked.order() if depth[name] == level] for level in range(max(depth.values()) + 1)]


def _parents(checked: plan.Plan, name: str, *, cut: bool) -> set[str]:
    """The other objects that an object's links name, those of cut links or of all others."""
    links = [(field, nth, link.object) for field, each in checked.objects[name].links.items() for nth, link in enumerate(each)]
    return {parent for field, nth, parent in links if parent and parent != name and checked.is_cut(name, field, nth) == cut}


def _before(checked: plan.Plan, name: str) -> list[str]:
    order = checked.order()
    return order[: order.index(name)]


def _ordered(checked: plan.Plan, names: set[str]) -> list[str]:
    return [name for name in checked.order() if name in names]
