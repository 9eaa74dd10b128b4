"""A run's jobs → when they wrote: no change of then is anybody else's."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.steps import own_times, submit, summarize
from tests.include.bulkload.steps import test_memory_cleared

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

DAY = test_memory_cleared.DAY
SPANS = st.lists(st.tuples(st.integers(10, 59), st.integers(0, 20), st.sampled_from(["u", "v"])), max_size=6)


def covered(windows: list[dict[str, str]]) -> set[tuple[str, int]]:
    """All moments of windows, by user."""
    return {(each["by"], at) for each in windows for at in range(int(each["begin"]), int(each["end"]) + 1)}


@settings(max_examples=60)
@given(SPANS)
def test_windows_that_overlap_become_one(spans: list[tuple[int, int, str]]) -> None:
    """They cover exactly the same moments of the same users, and none touches another of its user."""
    windows = [{"begin": str(begin), "end": str(begin + length), "by": by} for begin, length, by in spans]
    found = own_times.merged(windows)
    assert covered(windows) == covered(found)
    alone = [before["end"] < after["begin"] for before, after in itertools.pairwise(found) if before["by"] == after["by"]]
    assert all(alone)


def part(**fields: str) -> dict[str, Any]:
    """An object that gives a part of the accounts."""
    of_all = {"sobject": "Account", "records": "accounts[]", "operation": "upsert", "external_id": "External_Id__c", "changed_only": True}
    return of_all | {"fields": {"External_Id__c": "sourceId", **fields}}


@pytest.fixture
def parts(load: Load) -> Load:
    """Two objects of a plan, each of which gives its part of the same accounts."""
    load.mapping = {"Names": part(Name="name"), "Cities": part(BillingCity="city")}
    return load


def night(load: Load, day: int, name: str, city: str) -> Load:
    """A run of its own, days after the first."""
    load.org.behave(clock_skew_seconds=day * DAY)
    payload = json.dumps({"accounts": [{"sourceId": "a", "name": name, "city": city}]}).encode()
    return dataclasses.replace(load, run_name=f"night {day}", payload=payload, name=f"{day}.json", clock=load.clock + day * DAY)


def told(summary: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Rows of both objects that were sent, unchanged, and left alone as somebody else had edited them."""
    objects = [summary["objects"][name] for name in ("Names", "Cities")]
    return [(each["succeeded"], each["unchanged"], each.get("editedByOthers", 0)) for each in objects]


def test_what_another_object_of_the_run_has_just_written_is_no_edit(parts: Load) -> None:
    """Both parts of a record go when they change, and only then."""
    cells = [("one", "Oslo"), ("two", "Rome"), ("three", "Rome")]
    found = [told(night(parts, day, *each).whole()["summary"]) for day, each in enumerate(cells)]
    assert [[(1, 0, 0)] * 2, [(1, 0, 0)] * 2, [(1, 0, 0), (0, 1, 0)]] == found
    (record,) = parts.org.query("SELECT Name, BillingCity FROM Account")
    assert ("three", "Rome") == (record["Name"], record["BillingCity"])


def test_what_another_object_is_writing_is_no_edit(parts: Load) -> None:
    """Airflow sends both at once: nobody has seen the other's job end yet."""
    assert night(parts, 0, "one", "Oslo").whole()["clean"]
    second = night(parts, 1, "two", "Rome")
    second.stage()
    jobs = [submit.chunk(second.run, "Names", number) for number in second.cut("Names")]
    second.waited([each for each in jobs if each])
    assert {"succeeded": 1} == {fate: rows for fate, rows in second.sent("Cities", second.cut("Cities")).items() if rows}


def test_an_edit_is_seen_though_another_object_writes_first(parts: Load) -> None:
    """Its own user and moment stand in the record by the time that the second object comes to it."""
    parts.mapping["Names"] |= {"changed_only": False}
    assert night(parts, 0, "one", "Oslo").whole()["clean"]
    second = night(parts, 1, "two", "Rome")
    (record,) = second.org.query("SELECT Id FROM Account")
    second.org.change("Account", record["Id"], BillingCity="Bonn")
    assert [(1, 0, 0), (0, 1, 1)] == told(second.whole()["summary"])


def test_what_a_run_wrote_is_told_to_an_object_that_it_never_came_to(parts: Load) -> None:
    """It broke off before: the other object's cells are no edit by somebody else the night after."""
    assert night(parts, 0, "one", "Oslo").whole()["clean"]
    second = night(parts, 1, "two", "Oslo")
    second.stage()
    second.sent("Names", second.cut("Names"))
    assert not summarize.close(second.run, ["Cities.split"])["clean"]
    assert [(0, 1, 0), (1, 0, 0)] == told(night(parts, 2, "two", "Rome").whole()["summary"])
