"""A replay that stood still while later runs wrote: what they wrote stays, what they haven't had is sent."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from include.bulkload.steps import replay
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_earlier_runs import keys
from tests.include.bulkload.steps.test_waves import ACCOUNT

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

A_AND_B_FAIL = [{"object": "Account", "field": "Name", "value": name, "error": "SOME_RULE:no:--"} for name in "ab"]


@pytest.fixture
def lost(load: Load) -> Load:
    """A run that lost the accounts a and b, of three; the rule is mended."""
    load.mapping.pop("Contact")
    load.payload = replays.family(a=[], b=[], c=[])
    load.org.behave(row_faults=A_AND_B_FAIL)
    load.whole()
    load.org.behave(row_faults=[])
    return load


def written_meanwhile(load: Load, key: str) -> None:
    """A later run writes an account."""
    later = dataclasses.replace(load, run_name="later", name="later.json")
    later.clock = load.clock
    later.payload = json.dumps({"accounts": [{"name": f"newer {key}", "sourceId": key}]}).encode()
    later.whole()
    load.clock = later.clock


def test_a_replay_that_goes_on_leaves_what_was_written_since_it_chose(lost: Load) -> None:
    """Its run was marked failed before anything was sent: the newer row stays, counts as superseded, and isn't taken."""
    replays.begun(lost)
    written_meanwhile(lost, "a")
    found = replays.replayed(lost)
    assert {"a": "newer a", "b": "b", "c": "c"} == keys(lost)
    assert ((1, 1, 0, 0, 0, 0, 0), 1, True) == (
        replays.account(found["summary"], "Account"),
        found["summary"]["objects"]["Account"]["superseded"],
        found["clean"],
    )
    assert (3, 2, 1, 0, 0, 0, 0) == replays.account(replays.whole(lost), "Account")
    jobs = len(lost.org.jobs())
    again = replays.replayed(lost, "once more")["chosen"]["Account"]
    assert (jobs, 0, 1) == (len(lost.org.jobs()), again["send"], again["superseded"])


def test_a_replay_that_goes_on_sends_what_of_a_planned_job_nobody_has_written(lost: Load) -> None:
    """It died between planning its jobs and sending them: the planned job is void, another one carries the rest."""
    dying = dataclasses.replace(replays.again(lost), folder=replays.Dying(lost.run.folder, "intent", after=False))
    with pytest.raises(replays.KilledError):
        replays.begun_and_sent(lost, dying)
    written_meanwhile(lost, "b")
    found = replays.replayed(lost)
    assert ({"a": "a", "b": "newer b", "c": "c"}, True) == (keys(lost), found["clean"])
    assert (1, 1) == tuple(found["summary"]["objects"]["Account"][count] for count in ("succeeded", "superseded"))
    assert lost.run.folder.read("ledger/replays/001-closed.json") is not None


def test_what_is_in_a_job_stays_there(lost: Load) -> None:
    """The job was closed before the later run wrote: Salesforce may have taken its rows first, and they go no second time."""
    number = replays.begun(lost)["replay"]
    lost.org.behave(looks=10**6)
    (job_id,) = replay.advance(replays.again(lost), number, "Account")["waiting"]
    lost.org.behave(looks=0)
    lost.waited([job_id])
    written_meanwhile(lost, "a")
    jobs, found = len(lost.org.jobs()), replays.replayed(lost)
    assert (jobs, "newer a", 2) == (len(lost.org.jobs()), keys(lost)["a"], found["summary"]["objects"]["Account"]["succeeded"])


def test_a_later_layer_leaves_what_was_written_since(load: Load) -> None:
    """The first layer was sent, the replay stood still, and a later run wrote a row of the second: it stays, the other goes."""
    load.mapping = {"Account": ACCOUNT}
    rows = [("a", None), ("b", "a"), ("c", "a")]
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    load.org.behave(row_faults=A_AND_B_FAIL)
    load.whole()
    load.org.behave(row_faults=[])
    dying = dataclasses.replace(replays.again(load), folder=replays.Dying(load.run.folder, "Account/wave-004", after=False))
    with pytest.raises(replays.KilledError):
        replays.begun_and_sent(load, dying)
    assert {"a"} == {*keys(load)}
    written_meanwhile(load, "b")
    found = replays.replayed(load)
    assert ({"a": "a", "b": "newer b", "c": "c"}, 1) == (keys(load), found["summary"]["objects"]["Account"]["superseded"])


def test_who_has_the_lease_all_along_reads_later_runs_once(lost: Load) -> None:
    """Nobody else can have written: as many entries are read whether there are later runs or not, once the rows are chosen."""
    written_meanwhile(lost, "x")
    number = replays.begun(lost)["replay"]
    run = replays.again(lost)
    counting = dataclasses.replace(run, folder=Alone(run.folder))
    while (found := replay.advance(counting, number, "Account"))["waiting"]:
        lost.waited(found["waiting"])
    assert {"a", "b", "c", "x"} == {*keys(lost)}


class Alone(replays.Dying):
    """A run folder that may not be asked for those beside it."""

    def __init__(self, folder: object) -> None:
        super().__init__(folder, "nothing is called so", after=False)  # type: ignore[arg-type]

    def beside(self) -> object:
        """Nobody may look."""
        raise AssertionError
