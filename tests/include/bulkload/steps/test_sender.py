"""Who may send of a run: once a replay has begun, only that; whoever clears the run's own tasks collects what it did."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import submit, summarize
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_earlier_runs import B_FAILS, keys

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def broken_off(load: Load, entry: str) -> None:
    """A replay that dies before it writes an entry."""
    run = replays.again(load)
    with pytest.raises(replays.KilledError):
        replays.begun_and_sent(load, dataclasses.replace(run, folder=replays.Dying(run.folder, entry, after=False)))


def test_what_a_replay_left_isnt_sent_by_clearing_the_run(load: Load) -> None:
    """Its edit was wrong, and it was marked failed before its job was made: the clear says the same summary, the edit stays away."""
    load.mapping.pop("Contact")
    load.payload = replays.family(a=[], b=[])
    load.org.behave(row_faults=B_FAILS)
    copy = replays.copied(load, load.listed(load.whole()["summary"]["objects"]["Account"]["files"]["failed"]), Name="a wrong edit")
    load.org.behave(row_faults=[])
    run = replays.again(load)
    with pytest.raises(replays.KilledError):
        replays.begun_and_sent(load, dataclasses.replace(run, folder=replays.Dying(run.folder, "intent-", after=False)), copy)
    told = summarize.close(load.run, [])
    assert (told, {"a": "a"}, 1) == (load.whole(), keys(load), len(load.org.jobs()))
    with pytest.raises(errors.ChunkVoid, match="a replay has begun"):
        submit.chunk(load.run, "Account", 1)
    assert replays.replayed(load, file=copy)["clean"] is True
    assert {"a": "a", "b": "a wrong edit"} == keys(load)


@pytest.mark.parametrize("entry", ["Contact/wave-000", "Contact/chunk-00000/intent-"])
def test_an_object_that_only_the_replay_begins_is_the_replays(load: Load, entry: str) -> None:
    """The run broke off before its contacts were cut, its replay before they were in a job: clearing the run sends none."""
    load.payload = replays.family(a=["a1"])
    load.sent("Account", load.split())
    summarize.close(load.run, [])
    broken_off(load, entry)
    told = load.whole()["summary"]["objects"]
    assert ([], 1, 1) == (replays.kin(load), told["Account"]["succeeded"], told["Contact"]["unprocessed"])
    assert replays.replayed(load)["clean"] is True
    assert [("a1", "a")] == replays.kin(load)


def test_a_replays_job_that_goes_on_is_waited_for_by_whoever_clears_the_run(load: Load) -> None:
    """It was closed before the replay broke off: its results are the run's, its rows aren't sent once more."""
    load.mapping.pop("Contact")
    load.payload = replays.family(a=[], b=[])
    load.org.behave(row_faults=B_FAILS)
    load.whole()
    load.org.behave(row_faults=[])
    broken_off(load, "ended")
    told = load.whole()
    assert (2, True, 2) == (told["summary"]["objects"]["Account"]["succeeded"], told["clean"], len(load.org.jobs()))
