"""A job that outlived its run → later runs of the plan wait for it, instead of being overwritten by it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.ledger import replays as ledger
from include.bulkload.steps import at_work, earlier_runs, ports, replay, submit, summarize
from tests.include.bulkload.steps import replays

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def named(name: str) -> bytes:
    """A payload of one account."""
    return f'{{"accounts": [{{"name": "{name}", "sourceId": "K1"}}]}}'.encode()


def timed_out(load: Load) -> str:
    """A run whose wait lasted too long: it is red and over, its job still queued in Salesforce; the job's id."""
    load.payload = named("old")
    load.org.behave(looks=10_000)
    job_id = submit.chunk(load.run, "Account", *load.split())
    assert not summarize.close(load.run, ["wait_for_parent"])["clean"]
    return job_id


def another(load: Load, name: str, payload: bytes) -> Load:
    """The plan's next run."""
    return dataclasses.replace(load, run_name=name, payload=payload, clock=load.clock + 10)


def stored(load: Load) -> list[str]:
    """The names of all accounts."""
    return [each["Name"] for each in load.org.query("SELECT Name FROM Account")]


@pytest.mark.parametrize("changed_only", [False, True])
def test_an_older_job_never_overwrites_a_newer_run(load: Load, *, changed_only: bool) -> None:
    """The next run sends nothing before the job has ended, and says so; then it stores what is newer, and the third agrees."""
    load.mapping = {"Account": load.mapping["Account"] | {"changed_only": changed_only}}
    job_id = timed_out(load)
    two = another(load, "two", named("new"))
    with pytest.raises(errors.AnotherRun, match=f"run 'run' .* works on its job {job_id}, .*clear that run's waiting task"):
        two.stage()
    load.org.behave(looks=0)
    load.waited([job_id])
    assert ["old"] == stored(load)
    assert (True, ["new"]) == (two.whole()["clean"], stored(load))
    three = another(two, "three", named("new")).whole()["summary"]["objects"]["Account"]
    assert (1, ["new"]) == (three["unchanged"] if changed_only else three["succeeded"], stored(load))


def test_a_job_that_is_gone_is_no_obstacle(load: Load) -> None:
    """Nor is one that was aborted: what writes no more keeps nobody waiting."""
    job_id = timed_out(load)
    load.run.salesforce.abort(job_id)
    assert [] == at_work.at_work(load.run, [load.run.folder])
    load.run.salesforce.delete(job_id)
    load.org.behave(looks=0)
    assert another(load, "two", named("new")).whole()["clean"]


def test_a_replay_waits_for_the_jobs_of_its_own_run_itself(load: Load) -> None:
    """It is told which, as ever: it collects them before it sends anything."""
    job_id = timed_out(load)
    assert [job_id] == replay.begin(replays.again(load), "run", None, load)["waiting"]


def failing(load: Load) -> str:
    """A run that lost a row, and a replay of it whose job outlives it: its id."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "old", "error": "SOME_RULE:no:--"}])
    load.payload = named("old")
    load.whole()
    load.org.behave(row_faults=[], looks=10_000)
    number = replays.begun(load)["replay"]
    (job_id,) = replay.advance(replays.again(load), number, "Account")["waiting"]
    return job_id


def test_a_job_of_a_replay_is_waited_for(load: Load) -> None:
    """It stands in the ledger of the run that is replayed."""
    job_id = failing(load)
    with pytest.raises(errors.AnotherRun, match=f"run 'again' .* works on its job {job_id}"):
        another(load, "two", named("new")).stage()


def test_so_is_one_of_an_earlier_run_that_was_replayed_by_itself(load: Load) -> None:
    """Until the night that sent it has told what came of it."""
    job_id = failing(load)
    night = another(load, "again", named("older"))
    folder = night.run.folder
    folder.write(ledger.EARLIER, {"runs": ["run"], "told": {}})
    name = ports.RunName("dag", "again")
    assert [job_id] == at_work.of(load_in(load, "two"), memory(load), name, "again")
    earlier_runs.tell(night.run, "run", {"objects": {}, "passedOver": ""})
    assert [] == at_work.of(load_in(load, "two"), memory(load), name, "again")


def load_in(load: Load, name: str) -> ports.Run:
    """A run as its task sees it."""
    return another(load, name, load.payload).run


def memory(load: Load) -> Any:
    """What stands beside all runs."""
    return load.run.memory
