"""Planned faults of rows, jobs and requests → what a client sees, and that each is counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

TRIGGER = (
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Guard: execution of AfterInsert\n\ncaused by: System.DmlException: "
    'no "big" accounts, please\n\nTrigger.Guard: line 3, column 1:--'
)
LOCK = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
ROWS = 1000


def names(steered: Steered, count: int) -> str:
    """An upload of accounts."""
    return "Name\n" + "".join(f"{steered.key('f')}{n}\n" for n in range(count))


def counted(steered: Steered, before: dict[str, int]) -> dict[str, int]:
    """What was counted since then."""
    return {kind: count - before.get(kind, 0) for kind, count in steered.counts().items() if count != before.get(kind, 0)}


def test_a_trigger_that_throws_with_newlines_leaves_readable_results(steered: Steered) -> None:
    """Every line, comma and quote of its text is in one cell."""
    before = steered.counts()
    steered.steer(row_faults=[{"object": "Account", "field": "Name", "value": "big", "error": TRIGGER}])
    job = steered.run("Name,Phone\nbig,1\nsmall,2\nbig,3\n")
    assert [TRIGGER, TRIGGER] == steered.errors(job)
    assert {("1", "big"), ("3", "big")} == {(row["Phone"], row["Name"]) for row in steered.rows(job, "failedResults")}
    assert {"row": 2} == counted(steered, before)


def test_a_share_of_the_rows_falls(steered: Steered) -> None:
    """About a tenth of them; each is counted."""
    before = steered.counts()
    steered.steer(row_faults=[{"share": 0.1, "error": "E:m:--"}])
    failed = steered.run(names(steered, ROWS))["numberRecordsFailed"]
    assert ROWS * 0.05 < failed < ROWS * 0.15
    assert {"row": failed} == counted(steered, before)


def test_one_job_of_an_object_is_struck(steered: Steered) -> None:
    """The n-th one that was created of it."""
    known = sum(1 for each in steered.call("GET", "/jobs/ingest").json()["records"] if each["object"] == "Lead")
    steered.steer(row_faults=[{"object": "Lead", "job": known + 2, "error": "E:m:--"}])
    failed = [steered.run("LastName,Company\nx,y\n", "Lead")["numberRecordsFailed"] for _ in range(3)]
    assert [0, 1, 0] == failed


def test_rules_may_be_about_one_operation(steered: Steered) -> None:
    """Others get through."""
    steered.steer(row_faults=[{"operation": "insert", "error": "E:m:--"}])
    inserted = steered.run("Name\nx\n")
    upserted = steered.upsert(f"External_Id__c,Name\n{steered.key('op')},x\n")
    assert (1, 0) == (inserted["numberRecordsFailed"], upserted["numberRecordsFailed"])


def test_planned_locks_and_real_ones_are_counted(steered: Steered) -> None:
    """In Salesforce's words; the real one names the record."""
    before = steered.counts()
    steered.steer(row_faults=[{"field": "Name", "value": "held", "lock": True}])
    assert [LOCK] == steered.errors(steered.run("Name\nheld\n"))
    parent = steered.account("parent")
    steered.steer(held_locks=[parent], row_faults=[])
    steered.run(f"LastName,AccountId\nx,{parent}\n", "Contact")
    assert {"row": 1, "lock": 1} == counted(steered, before)


@pytest.mark.parametrize(("state", "message"), [("Failed", "InternalServerError : told to"), ("Aborted", None)])
def test_a_job_ends_where_it_is_planned_to(steered: Steered, state: str, message: str | None) -> None:
    """Half of its rows are stored, half unprocessed."""
    before = steered.counts()
    steered.steer(job_ends=[{"object": "account", "state": state, "at": 0.5, **({"message": message} if message else {})}])
    job = steered.run(names(steered, ROWS))
    assert (state, ROWS // 2, message) == (job["state"], job["numberRecordsProcessed"], job.get("errorMessage"))
    assert [ROWS // 2, 0, ROWS // 2] == [
        len(steered.rows(job, kind)) for kind in ("successfulResults", "failedResults", "unprocessedrecords")
    ]
    assert {"job_end": 1} == counted(steered, before)


@pytest.mark.parametrize(
    ("rule", "status", "said"),
    [
        ({"status": 500}, 500, '[{"errorCode": "UNKNOWN_EXCEPTION"'),
        ({"status": 502, "html": True}, 502, "<html>"),
        ({"status": 503}, 503, '[{"errorCode": "SERVER_UNAVAILABLE"'),
        ({"status": 503, "html": True}, 503, "<html>"),
        ({"status": 503, "body": "down"}, 503, "down"),
        ({"status": 403}, 403, '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]'),
    ],
)
def test_an_answer_can_be_an_error(steered: Steered, rule: dict[str, Any], status: int, said: str) -> None:
    """With a JSON or an HTML body, once; the next call gets through."""
    before = steered.counts()
    steered.steer(http_faults=[{"kind": "status", "path": "/limits$", "nth": [1], **rule}])
    first, second = (steered.call("GET", "/limits") for _ in range(2))
    assert (status, 200, {"status": 1}) == (first.status_code, second.status_code, counted(steered, before))
    assert first.text.startswith(said)


def test_too_many_requests_say_when_to_come_back(steered: Steered) -> None:
    """Retry-After, 1 unless it is given."""
    steered.steer(http_faults=[{"kind": "status", "status": 429, "nth": [1]}, {"kind": "status", "status": 429, "retry_after": 7}])
    assert ["1", "7"] == [steered.call("GET", "/limits").headers["Retry-After"] for _ in range(2)]


def test_a_token_can_be_refused(steered: Steered) -> None:
    """401 as for one that is over."""
    steered.steer(http_faults=[{"kind": "unauthorized", "every": 2}])
    assert [200, 401, 200, 401] == [steered.call("GET", "/limits").status_code for _ in range(4)]


@pytest.mark.parametrize(("kind", "acted"), [("reset_before", False), ("reset_after", True)])
@pytest.mark.parametrize("part", ["create", "upload", "close"])
def test_a_connection_can_break_before_and_after_the_org_acted(steered: Steered, kind: str, acted: bool, part: str) -> None:
    """The client can't tell; the org knows."""
    job_id = steered.create()["id"]
    if part == "close":
        steered.upload(job_id, "Name\nx\n")
    known = len(steered.call("GET", "/jobs/ingest").json()["records"])
    steered.steer(http_faults=[{"kind": kind, "method": "POST|PUT|PATCH", "nth": [1]}])
    with pytest.raises(requests.ConnectionError):
        {
            "create": steered.create,
            "upload": lambda: steered.upload(job_id, "Name\nx\n"),
            "close": lambda: steered.patch(job_id, "UploadComplete"),
        }[part]()
    job = steered.job(job_id)
    found = {
        "create": len(steered.call("GET", "/jobs/ingest").json()["records"]) > known,
        "upload": "numberRecordsProcessed" in job,
        "close": job["state"] != "Open",
    }
    assert acted is found[part]


def test_an_answer_can_be_an_error_though_the_org_acted(steered: Steered) -> None:
    """503, and the job is closed all the same."""
    job_id = steered.create()["id"]
    steered.steer(http_faults=[{"kind": "status", "status": 503, "acted": True, "method": "PATCH", "nth": [1]}])
    assert (503, "JobComplete") == (steered.patch(job_id, "UploadComplete").status_code, steered.ended(job_id)["state"])


def test_an_answer_may_never_come(steered: Steered) -> None:
    """The org acts, and is silent until the client gives up."""
    job_id = steered.create()["id"]
    steered.steer(http_faults=[{"kind": "no_answer", "method": "PATCH", "seconds": 30, "nth": [1]}])
    headers = {"Authorization": f"Bearer {steered.token}"}
    with pytest.raises(requests.ReadTimeout):
        steered.session.patch(
            f"{steered.url}/services/data/v66.0/jobs/ingest/{job_id}", json={"state": "Aborted"}, headers=headers, timeout=1
        )
    assert steered.job(job_id)["state"] == "Aborted"


def test_a_streamed_download_is_cut_off_in_the_middle(steered: Steered) -> None:
    """Its last chunk is missing: a client that looks can tell, and half of it is there."""
    job = steered.run(names(steered, ROWS))
    whole = steered.call("GET", f"/jobs/ingest/{job['id']}/successfulResults")
    steered.steer(http_faults=[{"kind": "truncate", "path": "successfulResults", "keep": 0.3}])
    assert whole.headers["Transfer-Encoding"] == "chunked"
    answer, got = steered.call("GET", f"/jobs/ingest/{job['id']}/successfulResults", stream=True), list[bytes]()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        got.extend(answer.iter_content(1))
    assert whole.content[: int(len(whole.content) * 0.3)] == b"".join(got)


def test_an_answer_of_known_length_is_cut_off_too(steered: Steered) -> None:
    """Fewer bytes come than the header says; careless clients don't notice."""
    steered.steer(http_faults=[{"kind": "truncate", "path": "/describe"}])
    answer = steered.call("GET", "/sobjects/Account/describe", stream=True)
    got: list[bytes] = []
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        got.extend(answer.iter_content(1))
    assert int(answer.headers["Content-Length"]) // 2 == len(got)


def test_an_answer_may_drip(steered: Steered) -> None:
    """In pieces, with pauses; it is whole in the end, streamed or not."""
    job = steered.run(names(steered, 20))
    paths = (f"/jobs/ingest/{job['id']}/successfulResults", f"/jobs/ingest/{job['id']}")
    fast = [steered.call("GET", path).content for path in paths]
    steered.steer(http_faults=[{"kind": "drip", "bytes": 100, "seconds": 0.02}])
    began = time.monotonic()
    assert fast == [steered.call("GET", path).content for path in paths]
    assert time.monotonic() - began >= 0.02 * sum(len(each) // 100 for each in fast)


def test_an_answer_may_be_late(steered: Steered) -> None:
    """By so many seconds."""
    steered.steer(http_faults=[{"kind": "slow", "seconds": 0.3}])
    assert steered.call("GET", "/limits").elapsed.total_seconds() >= 0.3


def test_calls_can_be_chosen_by_the_object_of_their_job(steered: Steered) -> None:
    """Looks at contacts' jobs fail, those at accounts' don't; rows by their path."""
    accounts, contacts = (steered.create(sobject)["id"] for sobject in ("Account", "Contact"))
    steered.steer(http_faults=[{"kind": "status", "object": "Contact"}])
    paths = (
        f"/jobs/ingest/{accounts}",
        f"/jobs/ingest/{contacts[:15]}",
        "/sobjects/Account/describe",
        "/sobjects/contact/describe",
        "/limits",
    )
    assert [200, 503, 200, 503, 200] == [steered.call("GET", path).status_code for path in paths]


def test_a_share_of_calls_falls_by_the_seed(steered: Steered) -> None:
    """The same calls in each run."""
    runs = []
    for _ in range(2):
        steered.steer(seed=3, http_faults=[{"kind": "status", "share": 0.5}])
        runs.append([steered.call("GET", "/limits").status_code for _ in range(20)])
    assert (runs[0], {200, 503}) == (runs[1], set(runs[0]))
