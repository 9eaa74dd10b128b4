"""A plan → which of its objects may write the same records: what a later one does to a record is to count last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from include.bulkload.intake import mapping, plan


def after(checked: plan.Plan, name: str, *, links: bool = False) -> list[str]:
    """Name the later objects, in the plan's order, that write over what an object writes; `links`: over its lookups."""
    order = checked.order()
    return _of(checked, name, order[order.index(name) + 1 :], lambda one, other: _writes_over(other, one, links=links))


def before(checked: plan.Plan, name: str) -> list[str]:
    """Name the earlier objects, in the plan's order, over whose values an object writes."""
    order = checked.order()
    return _of(checked, name, order[: order.index(name)], _writes_over)


def sharing(checked: plan.Plan, name: str) -> list[str]:
    """Name the other objects, earlier and later, that write over what an object writes, or over whose values it writes."""
    return [*before(checked, name), *after(checked, name)]


def beside(checked: plan.Plan, name: str) -> list[str]:
    """Name the other objects of an object's sobject: whatever the field by which they know them, they may write the same records."""
    return _of(checked, name, [each for each in checked.order() if each != name], _is_of)


def keeps_before(checked: plan.Plan, name: str) -> bool:
    """Whether what an object changes is to be kept before: if any object of its sobject says so.

    What goes back is what a record held before all of them; kept of some alone, an undo would land in between.
    """
    return any(checked.objects[each].keep_before for each in (name, *beside(checked, name)))


def in_turn(checked: plan.Plan, name: str) -> list[str]:
    """Name the other objects that an object may not be sent beside: they write over each other, or one deletes what the other may write.

    A delete counts whatever the field by which either knows its records.
    """

    def meets(one: mapping.ObjectPlan, other: mapping.ObjectPlan) -> bool:
        return _deletes(one, other) or _writes_over(one, other)

    return _of(checked, name, beside(checked, name), meets)


def is_known(checked: plan.Plan, name: str, later: Iterable[dict[str, Any]] = ()) -> bool:
    """Whether newer sources can be asked for an object's rows: they have a key.

    And they delete nothing that another object writes which knows its records by another field, or by none. `later`: objects of
    newer runs' plans, as these stand in their folders.
    """
    each = checked.objects[name]
    others = [(other.sobject, other.operation, other.external_id) for other in checked.objects.values()]
    others += [(other["sobject"], other["operation"], other.get("external_id")) for other in later]
    own = [(operation, str(key or "").lower()) for sobject, operation, key in others if sobject.lower() == each.sobject.lower()]
    brought = {key for operation, key in own if operation not in entities.DELETES}
    return each.external_id is not None and not (_deletes(each) and brought - {_key(each)})


def _of(checked: plan.Plan, name: str, others: list[str], which: Callable[[mapping.ObjectPlan, mapping.ObjectPlan], bool]) -> list[str]:
    return [other for other in others if which(checked.objects[name], checked.objects[other])]


def _writes_over(later: mapping.ObjectPlan, each: mapping.ObjectPlan, *, links: bool = False) -> bool:
    """Whether both know their rows by the same field of the same sobject, and write another one both, or one of them deletes.

    A delete has all fields: it must not take away what was written after it, nor a row bring back what it took away.
    `links`: the field is a lookup of `each`.
    """
    if each.external_id is None or not _is_of(later, each) or _key(later) != _key(each):
        return False
    own = each.links if links else (*each.fields, *each.links)
    shared = {field.lower() for field in own} & {field.lower() for field in (*later.fields, *later.links)}
    return bool(shared - {_key(each)}) or _deletes(later, each)


def _is_of(one: mapping.ObjectPlan, other: mapping.ObjectPlan) -> bool:
    """Whether both are of one sobject."""
    return one.sobject.lower() == other.sobject.lower()


def _key(each: mapping.ObjectPlan) -> str:
    """The field by which an object knows its records; "": by none."""
    return str(each.external_id or "").lower()


def _deletes(*objects: mapping.ObjectPlan) -> bool:
    return any(each.operation in entities.DELETES for each in objects)
