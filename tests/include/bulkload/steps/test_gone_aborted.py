"""A job that somebody aborted, and that is gone before its results were fetched: no task sends its rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from include.bulkload.steps import cut, replay, submit, summarize, wait
from tests.include.bulkload.steps import replays, test_gone, test_submit

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


@pytest.mark.parametrize("canary", [0, 1])
def test_what_somebody_aborted_before_it_was_gone_goes_by_a_replay_alone(load: Load, canary: int) -> None:
    """No task sends it, nor, where it was the small first job, any other; the run is red, and a clear finds nothing to do."""
    test_gone.accounts(load, "upsert")
    load.mapping["Account"]["canary_rows"] = canary
    load.org.behave(job_ends=[{"object": "Account", "state": "Aborted", "at": 0.0}])
    load.stage()
    job_id = (cut.first(load.run, "Account")["canary"] or [submit.chunk(load.run, "Account", 0)])[0]
    load.waited([job_id])
    wait.ended(load.run, "Account", [job_id])
    load.run.salesforce.delete(job_id)
    load.org.behave(job_ends=[])
    for _ in range(2):
        load.sent("Account", load.cut("Account"))
        found = summarize.close(load.run, [])
        part = found["summary"]["objects"]["Account"]
        assert (False, test_gone.ROWS, []) == (found["clean"], part["unprocessed"], test_gone.names(load))
    assert f"Account: job {job_id} is gone from Salesforce, what became of {canary or test_gone.ROWS} rows can't be told" in found["why"]
    assert (test_gone.ROWS, True) == (replays.replayed(load)["chosen"]["Account"]["send"], test_gone.names(load) == ["new K1", "new K2"])


def test_a_replay_whose_job_somebody_aborted_before_it_was_gone_is_over(load: Load) -> None:
    """There is nothing that a clear could do: it is red for these rows alone, and the next one takes them."""
    test_gone.accounts(load, "upsert")
    load.org.behave(row_faults=[{"object": "Account", "error": "SOME_RULE:no:--"}])
    load.whole()
    load.org.behave(row_faults=[], job_ends=[{"object": "Account", "state": "Aborted", "at": 0.0}])
    number, run = replays.begun(load)["replay"], replays.again(load)

    def deleted() -> None:
        load.run.salesforce.delete(load.org.jobs()[-1]["id"])

    gone = dataclasses.replace(run, salesforce=test_submit.Overtaken(run.salesforce, "fetch_result", deleted))
    while waiting := replay.advance(gone, number, "Account")["waiting"]:
        load.waited(waiting)
    load.org.behave(job_ends=[])
    replays.advanced(load, "again", number, "Account")
    found = replay.close(replays.again(load), number, [], replays.home(load, "again"))
    assert (False, []) == (found["clean"], [each for each in found["why"] if replay.UNFINISHED in each])
    assert (test_gone.ROWS, True) == (replays.replayed(load, "another")["chosen"]["Account"]["send"], len(test_gone.names(load)) > 0)
