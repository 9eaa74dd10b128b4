"""What a person stopped goes by that person's replay alone; a run of which nothing is taken stays as it was."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import submit, summarize, unasked, wait
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_earlier_runs import B_FAILS, keys, night

if TYPE_CHECKING:
    from include.bulkload.steps import ports
    from tests.include.bulkload.steps.conftest import Load

ACCOUNTS = replays.family(a=[], b=[])


def half(load: Load, payload: bytes = ACCOUNTS) -> str:
    """A first night whose accounts are in a job that goes on; the job's id."""
    load.run_name, load.payload, load.more = "one", payload, {"replay_leftovers": True, "again": True}
    load.stage()
    load.org.behave(looks=10**6)
    return submit.chunk(load.run, "Account", *load.cut("Account"))


def traces(folder: ports.RunFolder) -> list[str]:
    """All that a run's ledger says."""
    return list(folder.names("ledger/"))


def later(load: Load) -> dict[str, Any]:
    """The next night, in an org that goes on; its summary."""
    load.org.behave(looks=0)
    return night(load, "two", replays.family(c=[]))


def cleared(load: Load) -> Load:
    """The first night, whose tasks somebody clears."""
    again = dataclasses.replace(load, run_name="one")
    again.clock = load.clock
    return again


def test_a_job_that_a_person_cancelled_is_left_to_people(load: Load) -> None:
    """The next night says so and sends none of its rows; a replay that somebody starts sends them all."""
    job_id = half(load)
    wait.cancel(load.run, "Account", job_id)
    summarize.close(load.run, ["wait_for_parent"])
    told = later(load)
    assert ({"one": "cancelled"}, None, {"c"}) == (told["passedOver"], told.get("leftovers"), {*keys(load)})
    found = replays.replayed(cleared(load), "by hand", of="one")
    assert (2, {"a", "b", "c"}) == (found["chosen"]["Account"]["send"], {*keys(load)})
    assert "passedOver" not in night(load, "three", replays.family(d=[]))


def test_a_job_that_somebody_aborted_in_salesforce_is_left_to_people(load: Load) -> None:
    """Though it ran on when the summary was written, and nobody told us."""
    job_id = half(load)
    summarize.close(load.run, [])
    load.run.salesforce.abort(job_id)
    assert ({"one": "aborted"}, {"c"}) == (later(load)["passedOver"], {*keys(load)})


def test_a_job_that_somebody_aborted_and_deleted_is_left_to_people(load: Load) -> None:
    """Its end was noted before it was gone; a replay by hand sends its rows, and what that one loses is any night's."""
    job_id = half(load)
    load.run.salesforce.abort(job_id)
    wait.ended(load.run, "Account", [job_id])
    load.run.salesforce.delete(job_id)
    summarize.close(load.run, ["settle_parent"])
    assert ({"one": "aborted"}, {"c"}) == (later(load)["passedOver"], {*keys(load)})
    load.org.behave(row_faults=B_FAILS)
    replays.replayed(cleared(load), "by hand", of="one")
    load.org.behave(row_faults=[])
    assert "passedOver" not in night(load, "three", replays.family(d=[]))
    assert {"a", "b", "c", "d"} == {*keys(load)}


def test_a_run_that_a_person_marked_failed_is_left_to_people(load: Load) -> None:
    """Also where no job was cancelled by it: nothing had been sent yet."""
    load.run_name, load.payload, load.more = "one", ACCOUNTS, {"replay_leftovers": True, "again": True}
    load.stage()
    load.cut("Account")
    unasked.stopped(load.run)
    summarize.close(load.run, ["parent_job"])
    assert ({"one": "cancelled"}, {"c"}) == (later(load)["passedOver"], {*keys(load)})


def test_a_run_that_never_began_has_nothing_to_stop(load: Load) -> None:
    """No ledger is begun by it."""
    unasked.stopped(load.run)
    assert [] == traces(load.run.folder)


def test_a_replay_by_hand_that_isnt_finished_is_left_to_people(load: Load) -> None:
    """Somebody mends the row by an edited copy: as it was it must not come before."""
    load.org.behave(row_faults=B_FAILS)
    told = night(load, "one", ACCOUNTS)
    load.org.behave(row_faults=[])
    path = replays.copied(load, load.listed(told["objects"]["Account"]["files"]["failed"]), Name="mended")
    replays.begun(load, "by hand", path, of="one")
    assert ({"one": "unfinished"}, {"a", "c"}) == (later(load)["passedOver"], {*keys(load)})
    assert replays.replayed(cleared(load), "by hand", path, of="one")["clean"] is True
    assert "mended" == keys(load)["b"]


FIVE = replays.family(**{name: [] for name in "abghi"})
REFUSED = {"row_faults": [{"object": "Account", "error": "FIELD_CUSTOM_VALIDATION_EXCEPTION:no:--"}]}
ENDS = {
    "somebody aborted the small first job when its rows were written": {"object": "Account", "state": "Aborted", "at": 1.0, "job": 1},
    "a job failed for its header": {"object": "Account", "state": "Failed", "at": 0.0, "message": "InvalidBatch : no"},
}


@pytest.mark.parametrize("how", ENDS.values(), ids=ENDS)
def test_what_stopped_an_object_is_left_to_people(load: Load, how: dict[str, Any]) -> None:
    """By itself nobody tries whether it is mended."""
    load.mapping["Account"]["canary_rows"] = 2
    load.org.behave(job_ends=[how])
    night(load, "one", FIVE)
    load.org.behave(job_ends=[])
    there = {*keys(load)}
    assert ({"one": "stopped"}, there | {"c"}) == (later(load)["passedOver"], {*keys(load)})


def test_who_mends_one_row_of_a_stopped_object_mends_no_other(load: Load) -> None:
    """An edited copy of it goes, the others wait on for somebody who replays the run."""
    load.mapping["Account"]["canary_rows"] = 2
    load.org.behave(**REFUSED)
    lost = load.listed(night(load, "one", FIVE)["objects"]["Account"]["files"]["unprocessed"])
    load.org.behave(row_faults=[])
    mended = replays.copied(load, [row for row in lost if row["External_Id__c"] == "i"], Name="mended")
    assert replays.replayed(cleared(load), "one row", mended, of="one")["clean"] is True
    assert ({"one": "stopped"}, {"c": "c", "i": "mended"}) == (later(load)["passedOver"], keys(load))
    assert replays.replayed(cleared(load), "all", of="one")["clean"] is True
    assert {*"abcghi"} == {*keys(load)}


def test_what_a_daily_limit_left_goes_the_next_night(load: Load) -> None:
    """Nobody decided that: the limit is over, and the rows have keys."""
    load.mapping["Account"]["retry_rounds"] = 0
    load.org.behave(job_ends=[{"object": "Account", "state": "Failed", "at": 0.5, "message": "ExceededQuota : of the day"}])
    night(load, "one", ACCOUNTS)
    load.org.behave(job_ends=[])
    assert ({"one"}, {"a", "b", "c"}) == ({*later(load)["leftovers"]}, {*keys(load)})


def test_a_run_of_which_nothing_is_taken_is_left_as_it_was(load: Load) -> None:
    """Keyless contacts that were never sent: no entry is added to its ledger, and whoever clears it sends them."""
    load.run_name, load.more = "one", {"replay_leftovers": True, "again": True}
    load.payload = replays.family(a=["a1"], b=["b1"])
    load.sent("Account", load.split())
    load.learned("Account")
    load.cut("Contact")
    summarize.close(load.run, [])
    before = traces(load.run.folder)
    told = night(load, "two", replays.family(c=["c1"]))
    first = cleared(load)
    assert (before, None, None) == (traces(first.run.folder), told.get("leftovers"), told.get("passedOver"))
    first.payload = replays.family(a=["a1"], b=["b1"])
    assert first.whole()["clean"] is True
    assert [("a1", "a"), ("b1", "b"), ("c1", "c")] == replays.kin(load)


def test_rows_of_a_void_chunk_that_arent_taken_wait_for_a_replay_by_hand(load: Load) -> None:
    """One of two accounts goes by itself, the other's key was named since; the contacts have no key: none is lost from the account."""
    load.run_name, load.more = "one", {"replay_leftovers": True, "again": True}
    load.payload = replays.family(a=["a1"], b=["b1"])
    load.split()
    summarize.close(load.run, [])
    told = night(load, "two", replays.family(a=[]))
    assert {"one": {"Account": {"taken": 1, "succeeded": 1, "left": {"unprocessed": 1}}}} == told["leftovers"]
    found = replays.replayed(cleared(load), "by hand", of="one")
    assert (0, 1, 2) == tuple(
        found["chosen"][name][how] for name, how in (("Account", "send"), ("Account", "superseded"), ("Contact", "send"))
    )
    assert [("a1", "a"), ("b1", "b")] == replays.kin(load)


def test_a_job_that_went_on_is_collected_by_the_next_night(load: Load) -> None:
    """Its results live for seven days: its run tells what became of its rows, though nothing of it is sent."""
    job_id = half(load)
    assert 2 == summarize.close(load.run, [])["summary"]["objects"]["Account"]["in_doubt"]
    load.org.behave(looks=0)
    load.waited([job_id])
    told = later(load)
    stands = (replays.home(load, "one").read("summary.json") or {})["objects"]["Account"]
    assert (2, 0, None) == (stands["succeeded"], stands["in_doubt"], told.get("leftovers"))
