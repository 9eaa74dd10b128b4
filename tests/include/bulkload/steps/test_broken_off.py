"""A night that broke off while it sent what an earlier one had lost → it tells what came of it, and goes on, or passes it over."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from include.bulkload.steps import earlier_runs, ports, replay, summarize
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_earlier_runs import SCHEMA, begun, lost, night, replayed

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


@pytest.fixture
def first(load: Load) -> Load:
    """A first night that lost a row."""
    return lost(load)


def taken(first: Load) -> tuple[ports.Run, ports.Run, int]:
    """The same once it has begun to replay the first: that night, its view of the first one's folder, the replay's number."""
    tonight = begun(first)
    earlier = dataclasses.replace(tonight, folder=replays.home(first, "one"))
    return tonight, earlier, earlier_runs.begin(earlier, "one", first)["replay"]


def test_a_night_that_broke_off_tells_what_came_of_it(first: Load) -> None:
    """Its task died after the job had ended: the job is collected, both summaries tell it; the task, cleared, says the same."""
    tonight, earlier, number = taken(first)
    first.waited(replay.advance(earlier, number, "Account")["waiting"])
    assert ["one"] == earlier_runs.left_off(tonight)
    earlier_runs.break_off(tonight, "one", earlier_runs.so_far(earlier))
    told = {"one": {"Account": {"taken": 1, "succeeded": 1, "left": {}}}}
    assert told == summarize.close(first.run, [], ["it broke off"])["summary"]["leftovers"]
    assert (2, 2, 0, 0, 0, 0, 0) == replays.account(replays.home(first, "one").read("summary.json") or {}, "Account")
    earlier_runs.tell(tonight, "one", replayed(first, tonight, "one"))
    assert ([], told) == (earlier_runs.left_off(tonight), summarize.close(first.run, [])["summary"]["leftovers"])


def test_a_night_that_died_while_it_uploaded_leaves_no_open_job(first: Load) -> None:
    """The job that stands in the earlier run's ledger is aborted; its row is left to the next night."""
    _, earlier, number = taken(first)
    dying = dataclasses.replace(earlier, folder=replays.Dying(earlier.folder, "/uploaded.json", after=False))
    with pytest.raises(replays.KilledError):
        replay.advance(dying, number, "Account")
    assert ["Open"] == [each["state"] for each in first.org.jobs() if each["state"] != "JobComplete"]
    assert {"Account": {"taken": 1, "succeeded": 0, "left": {"unprocessed": 1}}} == earlier_runs.so_far(earlier)
    assert ["Aborted"] == [each["state"] for each in first.org.jobs() if each["state"] != "JobComplete"]


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_another_run_has_gone_on_with_is_passed_over(first: Load, *, by_hand: bool) -> None:
    """A night broke off in the middle; somebody, or the next night, sends the rows. Cleared, the first says so, and is green."""
    two = dataclasses.replace(first, run_name="two", payload=replays.family(c=[]), more={"replay_leftovers": True, "again": True})
    two.loaded()
    tonight = dataclasses.replace(two.run, is_over=lambda _: True)
    (of,) = earlier_runs.due(tonight)
    earlier = dataclasses.replace(tonight, folder=replays.home(two, of))
    assert 1 == earlier_runs.begin(earlier, of, two)["replay"]
    earlier_runs.break_off(tonight, of, earlier_runs.so_far(earlier))
    told = summarize.close(two.run, ["leftovers"])["summary"]["leftovers"]
    assert {of: {"Account": {"taken": 1, "succeeded": 0, "left": {"failed": 1}}}} == told
    other = dataclasses.replace(two)
    other.clock += 100
    if by_hand:
        replays.replayed(dataclasses.replace(other, run_name=of), "by hand", of=of)
    else:
        night(other, "three", replays.family(d=[]))
    assert {"A", "B", "C"} <= {each["External_Id__c"].upper() for each in first.org.query("SELECT External_Id__c FROM Account")}
    two.clock = other.clock + 100
    earlier_runs.tell(two.run, of, replayed(two, tonight, of))
    found = summarize.close(two.run, [])
    assert (True, {of: "takenOver"}, None) == (found["clean"], found["summary"]["passedOver"], found["summary"].get("leftovers"))
    jsonschema.validate(found["summary"], json.loads(SCHEMA.read_text("utf-8")))
