"""Jobs against a server that follows a script: what is repeated, what never is, what a lost answer means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.salesforce import client, wire
from tests.include.salesforce.conftest import JOB, LOST, Reply, refused, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.include.salesforce import conftest

BUSY = Reply(503, b"<html><title>Down</title>")
EXPIRED = refused(401, "INVALID_SESSION_ID")
CSV = b'Name\n"a"\n'
PUT, LOOK, PATCH, CREATE = f"PUT jobs/ingest/{JOB}/batches", f"GET jobs/ingest/{JOB}", f"PATCH jobs/ingest/{JOB}", "POST jobs/ingest"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A file to upload."""
    path = tmp_path / "chunk.csv"
    path.write_bytes(CSV)
    return path


def test_a_job_is_created_once_more_if_the_answer_is_lost(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The lost one is Open and empty: harmless."""
    server.script += [LOST, said({"id": JOB, "contentUrl": "https://evil.example/x"})]
    assert JOB == scripted.create_job("Account", "upsert", "X__c")
    assert [CREATE, CREATE] == server.lines()
    assert wire.new_job("Account", "upsert", "X__c") == json.loads(server.asked[1].body)


def test_a_created_job_without_an_id_is_no_job(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Nothing is uploaded to `jobs/ingest//batches`."""
    server.script += [said({"state": "Open"})]
    with pytest.raises(errors.NetworkFault):
        scripted.create_job("Account", "insert", None)


def test_an_upload_is_streamed_with_its_length(server: conftest.Server, scripted: client.BulkClient, csv: Path) -> None:
    """Salesforce wants Content-Length; the address is our own."""
    server.script += [Reply(201, b"")]
    scripted.upload(JOB, csv)
    put = server.asked[0]
    assert (PUT, CSV, str(len(CSV)), "text/csv; charset=UTF-8", False) == (
        server.lines()[0],
        put.body,
        put.headers["Content-Length"],
        put.headers["Content-Type"],
        "Transfer-Encoding" in put.headers,
    )


def test_an_empty_file_is_an_empty_upload(server: conftest.Server, scripted: client.BulkClient, csv: Path) -> None:
    """Not a chunked one."""
    csv.write_bytes(b"")
    server.script += [Reply(201, b"")]
    scripted.upload(JOB, csv)
    assert ("0", False) == (server.asked[0].headers["Content-Length"], "Transfer-Encoding" in server.asked[0].headers)


@pytest.mark.parametrize(
    ("fault", "kind"), [(LOST, errors.NetworkFault), (BUSY, errors.SalesforceBusy), (Reply(429), errors.SalesforceBusy)]
)
def test_an_upload_is_never_sent_twice(
    server: conftest.Server, scripted: client.BulkClient, csv: Path, fault: Reply, kind: type[Exception]
) -> None:
    """One job takes one PUT (contract 2.2): whoever can't tell gives the job up."""
    server.script += [fault]
    with pytest.raises(kind):
        scripted.upload(JOB, csv)
    assert [PUT] == server.lines()


def test_an_upload_refused_with_401_is_sent_after_a_look(server: conftest.Server, scripted: client.BulkClient, csv: Path) -> None:
    """A job without counters holds no data (contract 2.6)."""
    server.script += [EXPIRED, said({"state": "Open"}), Reply(201, b"")]
    scripted.upload(JOB, csv)
    assert ([PUT, LOOK, PUT], CSV) == (server.lines(), server.asked[2].body)


def test_an_upload_that_arrived_in_spite_of_a_401_is_not_sent_again(
    server: conftest.Server, scripted: client.BulkClient, csv: Path
) -> None:
    """A second PUT would poison the job."""
    server.script += [EXPIRED, said({"state": "Open", "numberRecordsProcessed": 0})]
    with pytest.raises(errors.NetworkFault):
        scripted.upload(JOB, csv)
    assert [PUT, LOOK] == server.lines()


def test_an_upload_whose_token_ends_at_each_look_comes_to_an_end(server: conftest.Server, scripted: client.BulkClient, csv: Path) -> None:
    """The third try has a token that nothing was asked with; where even that one is refused, the log-in is."""
    looked = [EXPIRED, said({"state": "Open"})]
    server.script += [*looked, *looked, EXPIRED]
    with pytest.raises(errors.LoginRefused):
        scripted.upload(JOB, csv)
    assert [PUT, LOOK, PUT, LOOK, PUT] == server.lines()


def closing(scripted: client.BulkClient) -> dict[str, Any]:
    """Close the job."""
    return scripted.close(JOB)


def aborting(scripted: client.BulkClient) -> dict[str, Any]:
    """Abort the job."""
    return scripted.abort(JOB)


@pytest.mark.parametrize("fault", [LOST, BUSY])
@pytest.mark.parametrize(("act", "state"), [(closing, "InProgress"), (closing, "JobComplete"), (aborting, "Aborted")])
def test_a_change_whose_answer_is_lost_is_found_in_the_job(
    server: conftest.Server, scripted: client.BulkClient, act: Callable[[client.BulkClient], dict[str, Any]], state: str, fault: Reply
) -> None:
    """It happened; it isn't done again."""
    server.script += [fault, said({"id": JOB, "state": state})]
    assert {"id": JOB, "state": state} == act(scripted)
    assert [PATCH, LOOK] == server.lines()


@pytest.mark.parametrize(
    ("act", "state", "wish"),
    [(closing, "Open", "UploadComplete"), (closing, None, "UploadComplete"), (aborting, "InProgress", "Aborted")],
)
def test_a_change_that_did_not_happen_is_asked_for_again(
    server: conftest.Server, scripted: client.BulkClient, act: Callable[[client.BulkClient], dict[str, Any]], state: str | None, wish: str
) -> None:
    """The job tells that the request never arrived."""
    server.script += [LOST, said({"state": state}), said({"state": wish})]
    assert {"state": wish} == act(scripted)
    assert ([PATCH, LOOK, PATCH], {"state": wish}) == (server.lines(), json.loads(server.asked[2].body))


def test_a_refusal_after_a_lost_answer_may_be_our_own_success(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The first PATCH arrived late, the second came to a closed job."""
    server.script += [LOST, said({"state": "Open"}), refused(400, "INVALIDJOBSTATE"), said({"state": "UploadComplete"})]
    assert {"state": "UploadComplete"} == scripted.close(JOB)


@pytest.mark.parametrize("act", [closing, aborting])
def test_a_plain_refusal_is_handed_on(
    server: conftest.Server, scripted: client.BulkClient, act: Callable[[client.BulkClient], dict[str, Any]]
) -> None:
    """Whoever closes or aborts decides what it means."""
    server.script += [refused(400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")]
    with pytest.raises(errors.RequestRefused) as found:
        act(scripted)
    assert (400, "INVALIDJOBSTATE", [PATCH]) == (found.value.status, found.value.code, server.lines())


def test_an_abort_that_lost_the_race_is_refused(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The job had ended when the second PATCH came."""
    server.script += [LOST, said({"state": "InProgress"}), refused(400, "INVALIDJOBSTATE"), said({"state": "JobComplete"})]
    with pytest.raises(errors.RequestRefused):
        scripted.abort(JOB)


def test_a_change_that_never_gets_through_ends(server: conftest.Server, scripted: client.BulkClient) -> None:
    """And says so as what may work later."""
    server.script += [LOST, said({"state": "Open"})] * client.TRIES
    with pytest.raises(errors.NetworkFault):
        scripted.close(JOB)
    assert 2 * client.TRIES == len(server.asked)


@pytest.mark.parametrize("reply", [Reply(204, b""), refused(404, "NOT_FOUND")])
def test_a_deleted_job_may_be_gone_already(server: conftest.Server, scripted: client.BulkClient, reply: Reply) -> None:
    """The first deletion's answer may have been lost."""
    server.script += [LOST, reply]
    scripted.delete(JOB)


def test_a_job_that_can_not_be_deleted_yet_says_so(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Open and InProgress ones (contract 2.8)."""
    server.script += [refused(400, "API_ERROR")]
    with pytest.raises(errors.RequestRefused):
        scripted.delete(JOB)


def test_a_missing_result_is_refused_with_404(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """Results live seven days (contract 2.10)."""
    server.script += [refused(404, "NOT_FOUND")]
    with pytest.raises(errors.RequestRefused) as found:
        scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert (404, False) == (found.value.status, (tmp_path / "out").exists())
