"""Records that no second pass has looked at, rows that no task sent → named, and the run is red."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import journal, replay, submit, summarize, wait
from tests.include.bulkload.steps import replays, test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def without_settling(load: Load, *rows: tuple[str, str | None], **more: Any) -> dict[str, Any]:
    """Load accounts whose task `settle_Account` somebody marked success before it began; the summary."""
    load.mapping = {"Account": {**test_waves.ACCOUNT, **more}}
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    load.stage()
    jobs = [submit.chunk(load.run, "Account", number) for number in load.cut("Account")]
    load.waited(jobs)
    wait.ended(load.run, "Account", jobs)
    return summarize.close(load.run, [])


def test_a_second_pass_that_never_came_is_red_and_its_rows_are_named(load: Load) -> None:
    """Whatever `max_failed` allows: the record stands and lacks its link. A replay sets it."""
    link = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}
    found = without_settling(load, ("p", None), ("q", "p"), parents=link, max_failed="100%")
    account = found["summary"]["objects"]["Account"]
    assert (1, 1, False) == (account["succeeded"], account["failed"], found["clean"])
    (row,) = load.listed(account["files"]["failed"])
    assert ("q", 18, "no second pass") == (row["External_Id__c"], len(row["sf_id"]), row["error"].partition(":")[0])
    assert any("1 records lack a link" in sentence for sentence in found["why"])
    assert replays.replayed(load)["clean"]
    assert ({"p": None, "q": "p"}, "COMPLETED") == (test_waves.parents(load), replays.whole(load)["status"])


def test_a_second_pass_comes_once_its_task_is_cleared(load: Load) -> None:
    """Nothing that was said of the rows meanwhile stays."""
    rows = [("a", "b"), ("b", "a")]
    assert not without_settling(load, *rows, max_failed="100%")["clean"]
    load.settled("Account")
    assert (True, dict(rows)) == (summarize.close(load.run, [])["clean"], test_waves.parents(load))


def test_rows_that_no_task_sent_are_red_whatever_is_allowed(load: Load) -> None:
    """The second layer never came, and nothing had stopped the object."""
    found = without_settling(load, ("a", None), ("b", "a"), max_failed="100%")
    assert (1, False) == (found["summary"]["objects"]["Account"]["unprocessed"], found["clean"])
    assert any("1 rows never came into a job" in sentence for sentence in found["why"])


def test_a_stopped_object_names_its_records_that_lack_a_link(load: Load) -> None:
    """Its second pass doesn't come either: such a row is failed, as any whose second pass failed."""
    link = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}
    faults = [{"object": "Account", "field": "Name", "value": f"f{n}", "error": "SOME_RULE:no:--"} for n in range(3)]
    load.org.behave(row_faults=faults)
    rows = [("p", None), ("q", "p"), ("f0", None), ("f1", None), ("f2", None), *[(f"z{n}", None) for n in range(20)]]
    account = test_waves.of(load, *rows, parents=link, canary_rows=5, max_failed="100%")["summary"]["objects"]["Account"]
    assert (1, 4, 20) == (account["succeeded"], account["failed"], account["unprocessed"])
    (row,) = [each for each in load.listed(account["files"]["failed"]) if each["sf_id"]]
    assert "q" == row["External_Id__c"]
    assert "stopped after its first job" in row["error"]


# So that a job of the smallest size holds few rows.
LONG = "x" * 100
LATER = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}


def accounts(*rows: tuple[str, str | None]) -> bytes:
    """Accounts, each a key and its parent's."""
    return json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()


def test_records_that_came_after_the_second_pass_have_one_of_their_own(load: Load) -> None:
    """The last submitting task was marked success, the second pass went without its rows; then it was cleared with all that follows."""
    load.mapping, load.more = {"Account": {**test_waves.ACCOUNT, "parents": LATER}}, {"job_bytes": 1000, "verify": True}
    rows = [("p", None), *[(f"{LONG}{n}", "p") for n in range(6)]]
    load.payload = accounts(*rows)
    load.stage()
    chunks = load.cut("Account")
    load.sent("Account", chunks[:-1])
    assert not summarize.close(load.run, [])["clean"]
    load.sent("Account", chunks)
    found = summarize.close(load.run, [])
    assert (True, len(rows), dict(rows)) == (
        found["clean"],
        replays.whole(load)["objects"]["Account"]["succeeded"],
        test_waves.parents(load),
    )
    before = test_waves.jobs(load)
    load.sent("Account", chunks)
    assert (found["summary"], before) == (summarize.close(load.run, [])["summary"], test_waves.jobs(load))


def test_a_row_that_a_replay_sends_with_its_link_lacks_none(load: Load) -> None:
    """The run itself cut the circle at this row, and no second pass found its record; alone it is in no circle, and goes whole."""
    link = {"ParentId": {"object": "Account", "from": "parent", "missing": "blank"}}
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    account = test_waves.of(load, ("a", "b"), ("b", "a"), parents=link)["summary"]["objects"]["Account"]
    assert (1, 1) == (account["succeeded"], account["failed"])
    load.org.behave(row_faults=[])
    assert replays.replayed(load)["clean"]
    assert ({"a": None, "b": "a"}, "COMPLETED") == (test_waves.parents(load), replays.whole(load)["status"])


def test_an_edited_copy_excuses_no_task_either(load: Load) -> None:
    """Its rows were chosen, and the task that sends them was marked success before it made a job."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    account = test_waves.of(load, ("a", None), ("b", None), max_failed="100%")["summary"]["objects"]["Account"]
    file = replays.copied(load, load.listed(account["files"]["failed"]), Name="mended")
    number, run = replays.begun(load, file=file)["replay"], replays.again(load)
    with pytest.raises(replays.KilledError):
        replay.advance(dataclasses.replace(run, folder=replays.Dying(run.folder, "/intent", after=False)), number, "Account")
    found = replay.close(replays.again(load), number, [], replays.home(load, "again"))
    assert (False, True) == (found["clean"], any("1 rows never came into a job" in sentence for sentence in found["why"]))


def test_an_earlier_stop_excuses_no_task_of_a_replay(load: Load) -> None:
    """The small first job had stopped the run; the replay's task was marked success after its first job."""
    load.more = {"job_bytes": 1000}
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": f"{LONG}0", "error": "SOME_RULE:no:--"}])
    rows = [(f"{LONG}{n}", None) for n in range(6)]
    assert 5 == test_waves.of(load, *rows, canary_rows=1, max_failed="100%")["summary"]["objects"]["Account"]["unprocessed"]
    load.org.behave(row_faults=[])
    number = replays.begun(load)["replay"]
    stood = sum(len(wave.chunks) for wave in journal.waves_of(load.run, "Account"))
    run = replays.again(load)
    with pytest.raises(replays.KilledError):
        replay.advance(
            dataclasses.replace(run, folder=replays.Dying(run.folder, f"chunk-{stood + 1:05d}/intent", after=False)), number, "Account"
        )
    load.waited([each["id"] for each in load.org.jobs()])
    found = replay.close(replays.again(load), number, [], replays.home(load, "again"))
    left = replays.whole(load)["objects"]["Account"]["unprocessed"]
    assert (False, True) == (found["clean"], any(f"{left} rows never came into a job" in sentence for sentence in found["why"]))
