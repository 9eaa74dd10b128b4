"""A run that is cleared after a later one of its plan → no older value is written over a newer one; the run is red and says why."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.report import summary
from include.bulkload.steps import journal, settle, submit, summarize
from tests.include.bulkload.steps import replays, test_submit, test_unlinked, test_waves
from tests.include.bulkload.steps.test_at_work import another
from tests.include.bulkload.steps.test_leftovers import left_open

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load


def keyed(*names: tuple[str, str]) -> bytes:
    """A payload of accounts: key, name."""
    return json.dumps({"accounts": [{"name": name, "sourceId": key} for key, name in names]}).encode()


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a job."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


OLD, NEW = keyed(("K1", "old"), ("K2", "old")), keyed(("K1", "new"))
STORED = [("K1", "new")]
REPLAYED = [("K1", "new"), ("K2", "old")]


def stored(load: Load) -> list[tuple[str, str]]:
    """All accounts of the org."""
    return sorted((each["External_Id__c"], each["Name"]) for each in load.org.query("SELECT External_Id__c, Name FROM Account"))


@pytest.fixture
def older(load: Load) -> Load:
    """Two rows are staged and cut."""
    load.mapping.pop("Contact")
    load.payload = OLD
    load.split()
    return load


def followed(load: Load) -> None:
    """The plan's next run writes the first row's key."""
    assert another(load, "two", NEW).whole()["clean"]
    load.clock += 100


def cleared(load: Load) -> dict[str, Any]:
    """The run is cleared: its tasks run until one fails, then its summary."""
    with pytest.raises(errors.ChunkVoid, match=r"later runs of this plan wrote 1 of its 2 rows.*replay this run"):
        load.whole()
    found = summarize.close(load.run, ["parent_job-0"])
    assert (False, 2) == (found["clean"], found["summary"]["objects"]["Account"]["unprocessed"])
    told = [each for each in found["why"] if "never came into a job" in each]
    assert [f"Account: 2 rows never came into a job, and nothing stopped them; {summary.REPLAY}"] == told
    return found


def test_a_chunk_that_was_never_sent_is_left_to_a_replay(older: Load) -> None:
    """Which sends the row that nobody wrote."""
    summarize.close(older.run, ["parent_job-0"])
    followed(older)
    cleared(older)
    assert STORED == stored(older)
    chosen = replays.replayed(older)["chosen"]["Account"]
    assert (1, 1, REPLAYED) == (chosen["send"], chosen["superseded"], stored(older))


def test_so_is_one_whose_job_is_gone(older: Load) -> None:
    """Its results were never fetched, and live seven days: the rows don't go again by themselves."""
    job_id = submit.chunk(older.run, "Account", 0)
    older.waited([job_id])
    followed(older)
    older.run.salesforce.delete(job_id)
    cleared(older)
    assert ("K1", "new") in stored(older)
    assert (False, 2) == (older.whole()["clean"], replays.whole(older)["objects"]["Account"]["unprocessed"])


def test_an_open_job_that_was_to_be_closed_is_aborted(older: Load) -> None:
    """Its rows are a replay's, too."""
    job_id = left_open(older, "uploaded", "close")
    followed(older)
    assert (False, "Aborted") == (older.whole()["clean"], older.run.salesforce.job(job_id)["state"])
    assert STORED == stored(older)
    replays.replayed(older)
    assert REPLAYED == stored(older)


def test_one_whose_rows_were_written_while_it_was_uploaded_is_given_up(older: Load) -> None:
    """Its task stood still that long, and another run had the lease meanwhile: nothing old is sent, a replay sends what is left."""
    slow = test_submit.Overtaken(older.run.salesforce, "upload", lambda: followed(older))
    with pytest.raises(errors.JobTakenOver, match="1 of its rows were written by others"):
        submit.chunk(dataclasses.replace(older.run, salesforce=slow), "Account", 0)
    cleared(older)
    assert STORED == stored(older)
    replays.replayed(older)
    assert REPLAYED == stored(older)


def test_a_run_that_nobody_followed_goes_on(older: Load) -> None:
    """Cleared after its summary gave the lease back: its rows go."""
    summarize.close(older.run, ["parent_job-0"])
    older.clock += 100
    assert (True, [("K1", "old"), ("K2", "old")]) == (older.whole()["clean"], stored(older))


def test_one_clear_is_enough_for_all_jobs_of_a_layer(load: Load) -> None:
    """Each that may not go is left to a replay, and what nobody wrote goes behind them; the task says so once."""
    load.mapping, load.more = {"Account": test_waves.ACCOUNT}, {"job_bytes": 1000}
    children = [{"name": f"{test_unlinked.LONG}{n}", "sourceId": f"K{n}", "parent": "p"} for n in range(24)]
    load.payload = json.dumps({"accounts": [{"name": "p", "sourceId": "p"}, *children]}).encode()
    load.stage()
    load.waited([submit.chunk(load.run, "Account", number) for number in load.cut("Account")])
    run = load.run
    with pytest.raises(replays.KilledError):
        settle.advance(dataclasses.replace(run, folder=replays.Dying(run.folder, "chunk-00001", after=False)), "Account")
    summarize.close(load.run, ["settle_Account"])
    layer = journal.waves_of(load.run, "Account")[1]
    taken = [rows_of(journal.bring(load.run, each["csv"]))[0]["External_Id__c"] for each in layer.chunks[:2]]
    later = another(load, "two", keyed(*[(key, "new") for key in taken]))
    assert later.whole()["clean"]
    load.clock = later.clock + 100
    with pytest.raises(errors.ChunkVoid, match="chunk 1 of Account: later runs of this plan wrote 1 of its"):
        load.settled("Account")
    load.settled("Account")
    assert {0, *layer.numbers[2:]} == {facts.place.number for facts in journal.jobs(load.run, "Account")}
    assert (4, dict.fromkeys(taken, "new")) == (len(layer.numbers), {key: name for key, name in stored(load) if key in taken})


def test_what_somebody_mended_in_an_earlier_run_stays(load: Load) -> None:
    """By an edited copy, since the cleared run read its source: that row isn't newer."""
    load.mapping.pop("Contact")
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "bad", "error": "SOME_RULE:no:--"}])
    zero = another(load, "zero", keyed(("K1", "bad")))
    failed = zero.whole()["summary"]["objects"]["Account"]["files"]["failed"]
    load.clock, load.payload = load.clock + 100, OLD
    load.split()
    summarize.close(load.run, ["parent_job-0"])
    zero.clock = load.clock + 100
    replays.replayed(zero, "by hand", replays.copied(zero, zero.listed(failed), Name="mended"), of="zero")
    load.clock = zero.clock + 100
    cleared(load)
    assert [("K1", "mended")] == stored(load)


def test_who_kept_the_lease_asks_nobody(older: Load) -> None:
    """The other runs aren't even looked at: nobody can have written."""

    class Alone:
        """A run folder that must not be asked what stands beside it."""

        def __getattr__(self, name: str) -> Any:
            assert name != "beside"
            return getattr(older.run.folder, name)

    job_id = submit.chunk(dataclasses.replace(older.run, folder=Alone()), "Account", 0)  # type: ignore[arg-type]
    older.waited([job_id])
    assert "JobComplete" == older.run.salesforce.job(job_id)["state"]
