"""Plans' links → who waits for whom."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.intake import levels, plan


def made(**parents: list[str]) -> plan.Plan:
    """A plan of objects with their parents: `B=["A"]`, a cut link `"A!"`."""
    objects: dict[str, Any] = {}
    for name, named in parents.items():
        links = {
            f"{each.rstrip('!')}Id": {"object": each.rstrip("!"), "by": "key", "from": each.lower(), "cut": each.endswith("!")}
            for each in named
        }
        objects[name] = {"sobject": name, "operation": "upsert", "external_id": "Key__c", "fields": {"Key__c": "key"}, "parents": links}
    return plan.plan_from({"name": "p", "source": {"uri": "file:///p.json"}, "objects": objects})


def test_an_object_waits_for_all_its_parents() -> None:
    """A junction has two."""
    found = made(Role=["Opportunity", "Contact"], Contact=["Account"], Opportunity=["Account"], Account=[])
    assert ["Contact", "Opportunity"] == sorted(levels.above(found, "Role"))
    assert [["Account"], ["Contact", "Opportunity"], ["Role"]] == [sorted(each) for each in levels.of(found)]


def test_a_self_reference_waits_for_nobody() -> None:
    """Its layers are its own settling's business."""
    found = made(Account=["Account"])
    assert ([], [], False) == (levels.above(found, "Account"), levels.before_settling(found, "Account"), levels.is_parent(found, "Account"))


def test_the_last_object_of_a_cycle_is_settled_when_the_others_are_known() -> None:
    """Its settling sets the lookup that was cut, so it needs the Ids of the object that has it."""
    found = made(Account=["Contact"], Contact=["Account"])
    first, last = found.order()
    assert ([first], [first]) == (levels.above(found, last), levels.before_settling(found, last))
    assert ([], True) == (levels.above(found, first), levels.is_parent(found, first))


def test_a_link_that_is_cut_by_hand_waits_in_the_settling_of_its_last_object() -> None:
    """Neither object waits for the other to be sent; the later one's settling waits for the earlier one's Ids."""
    found = made(Account=["Campaign!"], Campaign=[])
    last = found.last_pass_in("Account")
    other = next(name for name in found.order() if name != last)
    assert ([], [], [other]) == (levels.above(found, "Account"), levels.above(found, "Campaign"), levels.before_settling(found, last))


@given(st.dictionaries(st.sampled_from("ABCDEFG"), st.sets(st.sampled_from("ABCDEFG")), min_size=1))
def test_nobody_waits_for_somebody_who_waits_for_him(drawn: dict[str, set[str]]) -> None:
    """However objects name each other, the flow has no cycle: whom an object waits for stands before it in the order."""
    found = made(**{name: sorted(each & drawn.keys()) for name, each in drawn.items()})
    order = found.order()
    early = [(name, each) for name in order for each in levels.above(found, name) if order.index(each) >= order.index(name)]
    late = [(name, each) for name in order for each in levels.before_settling(found, name) if order.index(each) >= order.index(name)]
    assert ([], [], sorted(order)) == (early, late, sorted(name for level in levels.of(found) for name in level))
