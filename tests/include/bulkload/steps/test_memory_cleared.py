"""A run with `changed_only` that goes on after it was summed up → what it sends then is its own, and remembered as what it sent before."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import cut, replay, settle, submit, summarize, undo, wait
from tests.include.bulkload.steps import replays, test_waves

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.bulkload.steps import ports
    from tests.include.bulkload.steps.conftest import Load

DAY = 86_400


class NeverAsked:
    """An org that doesn't answer what its records hold; all else goes to the real one."""

    def __init__(self, org: ports.Salesforce) -> None:
        self._org = org

    def query_rows(self, soql: str, path: Path) -> int:
        """Answer whether records are there, and when they changed."""
        if "Name" in soql:
            raise errors.NetworkFault("no answer")
        return self._org.query_rows(soql, path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._org, name)


class OneJob:
    """An org that takes one more job, and then none; all else goes to the real one."""

    def __init__(self, org: ports.Salesforce) -> None:
        self._org, self._left = org, 1

    def create_job(self, sobject: str, operation: str, external_id: str | None) -> str:
        """Refuse all but the first."""
        self._left -= 1
        if self._left < 0:
            raise errors.NetworkFault("no answer")
        return self._org.create_job(sobject, operation, external_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._org, name)


@pytest.fixture
def nights(load: Load) -> Load:
    """Accounts, of which the first version is loaded."""
    load.mapping = {"Account": test_waves.ACCOUNT | {"changed_only": True, "keep_before": True}}
    assert (3, 0, 0) == told(night(load, 1))
    return load


def begun(load: Load, day: int, **above: str) -> Load:
    """A run of its own, days after the first: three accounts named after the day, some below others (key → key)."""
    load.org.behave(clock_skew_seconds=day * DAY)
    accounts = [{"name": f"{key}{day}", "sourceId": key, "parent": above.get(key)} for key in "abc"]
    payload = json.dumps({"accounts": accounts}).encode()
    return dataclasses.replace(load, run_name=f"night {day}", payload=payload, name=f"{day}.json", clock=load.clock + day * DAY)


def night(load: Load, day: int) -> dict[str, Any]:
    """Such a run from start to end; its summary."""
    found: dict[str, Any] = begun(load, day).whole()["summary"]
    return found


def told(summary: dict[str, Any]) -> tuple[int, int, int]:
    """How many accounts went through, needn't go, and were edited by others."""
    part = summary["objects"]["Account"]
    return part["succeeded"], part["unchanged"], part.get("editedByOthers", 0)


def names(load: Load) -> list[str]:
    """What the accounts are called in the org."""
    return sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


def without_settling(run: Load) -> Load:
    """The run up to its first layer, whose settling fails for good, and its summary."""
    run.stage()
    jobs = [submit.chunk(run.run, "Account", number) for number in run.cut("Account")]
    run.waited(jobs)
    wait.ended(run.run, "Account", jobs)
    assert not summarize.close(run.run, ["settle_Account"])["clean"]
    return run


def without_cut(run: Load) -> None:
    """The run up to its first wave, which can't be planned though the memory was asked, and its summary."""
    run.stage()
    broken = run.run
    with pytest.raises(errors.NetworkFault):
        cut.first(dataclasses.replace(broken, salesforce=NeverAsked(broken.salesforce)), "Account")
    assert not summarize.close(run.run, ["split"])["clean"]


def went_on(run: Load) -> dict[str, Any]:
    """The same run, cleared; its summary."""
    run.sent("Account", run.cut("Account"))
    found = summarize.close(run.run, [])
    assert found["clean"]
    return dict(found["summary"])


def one_job(load: Load, run: ports.Run, advance: Callable[[ports.Run], dict[str, Any]]) -> None:
    """Go on until a second job is due."""
    broken = dataclasses.replace(run, salesforce=OneJob(run.salesforce))
    while waiting := advance(broken)["waiting"]:
        load.waited(waiting)


def generations(load: Load) -> list[str]:
    """The generations of the memory, by the names of their entries."""
    return sorted(path.name for path in (load.root / "runs" / "~memory").rglob("generation-*"))


def test_what_a_cleared_run_sends_is_no_edit(nights: Load) -> None:
    """It broke before its first wave, and was summed up. The next night's values are newer and go; one more clear adds nothing."""
    second = begun(nights, 2)
    without_cut(second)
    assert (3, 0, 0) == told(went_on(second))
    kept = generations(nights)
    went_on(second)
    assert kept == generations(nights)
    assert ((3, 0, 0), ["a3", "b3", "c3"]) == (told(night(nights, 3)), names(nights))


def test_a_layer_that_came_after_the_summary_is_no_edit(nights: Load) -> None:
    """Its settling had failed before it planned what hangs below the first layer."""
    second = without_settling(begun(nights, 2, b="a", c="b"))
    nights.org.behave(clock_skew_seconds=2.5 * DAY)
    assert (3, 0, 0) == told(went_on(second))
    assert ((3, 0, 0), ["a3", "b3", "c3"]) == (told(night(nights, 3)), names(nights))


def test_a_cleared_run_that_never_told_what_it_sent_blocks_nothing(nights: Load) -> None:
    """It died before its second summary: its user's changes are no edits, though the first summary was written."""
    second = begun(nights, 2)
    without_cut(second)
    second.sent("Account", second.cut("Account"))
    assert ((3, 0, 0), ["a3", "b3", "c3"]) == (told(night(nights, 3)), names(nights))


def test_a_run_that_is_cleared_after_a_later_one_forgets_only_what_it_sends_then(nights: Load) -> None:
    """Who wrote that last can't be told. What others edited meanwhile stays theirs, though this run had sent it before."""
    second = without_settling(begun(nights, 2, c="b"))
    nights.org.change("Account", nights.org.query("SELECT Id FROM Account WHERE Name = 'a2'")[0]["Id"], Name="theirs")
    later = begun(nights, 3)
    later.payload = json.dumps({"accounts": [{"name": "a3", "sourceId": "a"}]}).encode()
    assert (0, 1, 1) == told(later.whole()["summary"])
    went_on(second)
    fourth = begun(nights, 4)
    fourth.payload = second.payload
    assert ((1, 2, 1), ["b2", "c2", "theirs"]) == (told(fourth.whole()["summary"]), names(nights))


def test_a_run_that_is_cleared_twice_after_a_later_one_leaves_what_that_told(nights: Load) -> None:
    """Its own word from after that isn't taken for one from before: what the later run overwrote goes again, should it be as before."""
    second = without_settling(begun(nights, 2, b="a", c="b"))
    later = begun(nights, 3)
    later.payload = json.dumps({"accounts": [{"name": "a3", "sourceId": "a"}]}).encode()
    later.whole()
    with pytest.raises(errors.NetworkFault):
        one_job(second, second.run, lambda broken: settle.advance(broken, "Account"))
    assert not summarize.close(second.run, ["settle_Account"])["clean"]
    went_on(second)
    fourth = begun(nights, 4)
    fourth.payload = second.payload
    assert ((3, 0, 0), ["a2", "b2", "c2"]) == (told(fourth.whole()["summary"]), names(nights))


def test_what_a_cleared_replay_sends_is_no_edit(nights: Load) -> None:
    """It was summed up after its first layer, and goes on."""
    second = begun(nights, 2, b="a", c="b")
    without_cut(second)
    number = replays.begun(second, of="night 2")["replay"]
    with pytest.raises(errors.NetworkFault):
        one_job(second, replays.again(second), lambda broken: replay.advance(broken, number, "Account"))
    assert not replay.close(replays.again(second), number, ["replay"], replays.home(second, "again"))["clean"]
    nights.org.behave(clock_skew_seconds=2.5 * DAY)
    assert replays.replayed(second, of="night 2")["clean"]
    assert ((3, 0, 0), ["a3", "b3", "c3"]) == (told(night(nights, 3)), names(nights))


def test_an_undo_that_broke_off_blocks_nothing(nights: Load) -> None:
    """What it had restored is sent again, not taken for an edit."""
    second = begun(nights, 2)
    second.whole()
    nights.org.behave(clock_skew_seconds=2.5 * DAY)
    run = replays.again(second, "undo")
    number = undo.plan(run, "night 2")["number"]
    second.waited(undo.act(run, "night 2", number)["waiting"])
    assert ["a1", "b1", "c1"] == names(nights)
    assert ((3, 0, 0), ["a3", "b3", "c3"]) == (told(night(nights, 3)), names(nights))
