"""Plans' links → who waits for whom."""

from __future__ import annotations

import json
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


def of_one_sobject(found: plan.Plan, *names: str) -> plan.Plan:
    """The same plan, some of its objects of one sobject."""
    document = json.loads(found.model_dump_json(by_alias=True, exclude_unset=True))
    for name in names:
        document["objects"][name]["sobject"] = "Shared"
    return plan.plan_from(document)


def shared(**parents: list[str]) -> plan.Plan:
    """A plan as of `made`; objects called by a digit give the same records and share a lookup."""
    found = made(**parents)
    return of_one_sobject(found, *[name for name in parents if name[-1].isdigit()])


def test_objects_of_the_same_records_go_one_after_the_other() -> None:
    """In the plan's order: what the later one does to a record is to count last. Others still wait for nobody."""
    found = shared(A1=["Top"], Between=[], Top=[], A2=["Top"])
    assert [[], [], ["Top"], ["Top", "A1"]] == [levels.before_cutting(found, name) for name in ("Top", "Between", "A1", "A2")]
    assert [["Between", "Top"], ["A1"], ["A2"]] == levels.of(found)


def test_an_object_waits_for_second_passes_over_its_records() -> None:
    """That of the first ends with the object between them."""
    found = shared(A1=["Between!"], Between=[], A2=["Between!"])
    assert [[], ["A1", "Between"]] == [levels.before_cutting(found, name) for name in ("Between", "A2")]
    assert [["A1", "Between"], ["A2"]] == levels.of(found)


def test_a_second_pass_that_ends_later_waits_for_who_comes_between() -> None:
    """So that it leaves what that one wrote. The object whose settling sends it stands no higher."""
    found = shared(A1=["Last!"], A2=["Last!"], Last=[])
    assert (["A1"], ["A1", "A2"]) == (levels.before_cutting(found, "A2"), levels.before_settling(found, "Last"))
    assert [["A1"], ["A2", "Last"]] == levels.of(found)


NAMES = st.sampled_from([*"ABCD", "E1", "F2", "G3"])


@given(st.dictionaries(NAMES, st.sets(st.tuples(NAMES, st.sampled_from(["", "!"]))), min_size=1))
def test_nobody_waits_for_somebody_who_waits_for_him(drawn: dict[str, set[tuple[str, str]]]) -> None:
    """However objects name each other, the flow has no cycle: whom an object waits for stands before it, in the order and the levels."""
    named = {name: {parent: cut for parent, cut in sorted(each) if parent in drawn} for name, each in drawn.items()}
    found = shared(**{name: [f"{parent}{cut}" for parent, cut in each.items()] for name, each in named.items()})
    order, by_level = found.order(), levels.of(found)
    depth = {name: nth for nth, level in enumerate(by_level) for name in level}
    early = [(each, name) for name in order for each in levels.before_cutting(found, name)]
    late = [(each, name) for name in order for each in levels.before_settling(found, name)]
    assert [] == [(each, name) for each, name in early + late if order.index(each) >= order.index(name)]
    assert ([], []) == ([one for one in early if depth[one[0]] >= depth[one[1]]], [one for one in late if depth[one[0]] > depth[one[1]]])
    assert sorted(order) == sorted(name for level in by_level for name in level)
