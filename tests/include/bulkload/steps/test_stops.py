"""A job's end → whether anything more of its object is sent: after mistakes and aborts, for jobs that aren't made yet."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import cut, journal, submit, summarize, unasked, wait
from tests.include.bulkload.steps import replays, test_submit

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

ROWS, MANY = 200, 1_000
NO_CLOSE = [{"kind": "status", "path": "jobs/ingest/", "method": "PATCH", "nth": [1], "status": 503}]
MISTAKE = "InvalidBatch : Field name not found : Foo"


def staged(load: Load, rows: int = ROWS, **more: Any) -> None:
    """Stage accounts of some uploads; the first may be a small one."""
    load.mapping = {"Account": {**load.mapping["Account"], "canary_rows": 0, **more}}
    load.more = {"job_bytes": 1_000}
    load.payload = json.dumps({"accounts": [{"name": f"a{n}", "sourceId": f"K{n}"} for n in range(rows)]}).encode()
    load.stage()


def ends(load: Load, **how: Any) -> None:
    """Let the first job of accounts end so."""
    load.org.behave(job_ends=[{"object": "Account", "at": 0.0, **how}])


def test_a_mistake_of_any_job_stops_what_is_not_sent_yet(load: Load) -> None:
    """The header is as wrong in the next job, which isn't made; the summary says why. A replay tries once more."""
    staged(load)
    ends(load, state="Failed", message=MISTAKE, job=1)
    first, *others = load.cut("Account")
    job_id = submit.chunk(load.run, "Account", first)
    load.waited([job_id])
    wait.ended(load.run, "Account", [job_id])
    with pytest.raises(errors.ObjectStopped, match="Field name not found"):
        submit.chunk(load.run, "Account", others[0])
    assert [first] == cut.go_on(load.run, "Account")
    load.settled("Account")
    account = summarize.close(load.run, [])["summary"]["objects"]["Account"]
    assert (1, ROWS, f"stopped after job {job_id}: {MISTAKE}") == (len(load.org.jobs()), account["unprocessed"], account["stopped"])
    assert (True, ROWS) == (replays.replayed(load)["clean"], len(load.org.query("SELECT Id FROM Account")))


def test_a_mistake_ends_a_replay_too(load: Load) -> None:
    """Its later jobs aren't made; the next replay begins anew."""
    staged(load, MANY)
    ends(load, state="Failed", message=MISTAKE)
    first, *others = load.cut("Account")
    job_id = submit.chunk(load.run, "Account", first)
    load.waited([job_id])
    load.settled("Account")
    summarize.close(load.run, [])
    assert not replays.replayed(load)["clean"]
    # Of the run itself there is one; how many the replay had made before the org said that the first failed, is the org's affair.
    assert 1 < len(load.org.jobs()) < len(others)
    load.org.behave(job_ends=[])
    assert replays.replayed(load, "once more")["clean"]
    assert MANY == len(load.org.query("SELECT Id FROM Account"))


def test_a_small_first_job_that_somebody_aborted_stops_the_object(load: Load) -> None:
    """Whoever did it doesn't want the other rows either: it is his decision."""
    staged(load, canary_rows=2)
    ends(load, state="Aborted", job=1)
    assert [] == load.cut("Account")
    load.settled("Account")
    account = summarize.close(load.run, [])["summary"]["objects"]["Account"]
    assert (1, ROWS) == (len(load.org.jobs()), account["unprocessed"])
    assert account["stopped"].endswith("somebody aborted it in Salesforce")


@pytest.mark.parametrize(("breaks_off", "faults"), [(False, []), (True, []), (True, NO_CLOSE)])
def test_a_small_first_job_that_we_gave_up_ourselves_stops_nothing(load: Load, *, breaks_off: bool, faults: list[dict[str, Any]]) -> None:
    """Its task died before it closed it, and the summary aborted it: a clear sends all others, its own rows are a replay's.

    So it is if the summary broke off before it noted how the job had ended, whatever answers get lost then.
    """
    staged(load, canary_rows=2)
    dying = dataclasses.replace(load.run, salesforce=test_submit.Overtaken(load.run.salesforce, "close", died))
    with pytest.raises(replays.KilledError):
        cut.first(dying, "Account")
    summarize.close(dataclasses.replace(load.run, pause=no_answer) if breaks_off else load.run, ["split"])
    assert "Aborted" == load.org.jobs()[0]["state"]
    load.org.behave(http_faults=faults)
    load.sent("Account", load.cut("Account"))
    account = summarize.close(load.run, [])["summary"]["objects"]["Account"]
    assert (ROWS - 2, 2, None) == (account["succeeded"], account["unprocessed"], account.get("stopped"))
    assert (2, "") == unasked.look(replays.again(load), journal.opened(load.run))


def no_answer(_: float) -> None:
    """Salesforce doesn't answer any more after a pause."""
    raise errors.NetworkFault("no answer")


def died() -> None:
    """The process is gone."""
    raise replays.KilledError


def test_a_small_first_job_that_was_aborted_by_a_mark_stops_nothing(load: Load) -> None:
    """Somebody marked the task failed that waited for it, and cleared it: the load goes on."""
    staged(load, canary_rows=2)
    load.org.behave(looks=3)
    (canary,) = cut.first(load.run, "Account")["canary"]
    wait.cancel(load.run, "Account", canary)
    load.waited([canary])
    assert len(cut.go_on(load.run, "Account")) > 1
