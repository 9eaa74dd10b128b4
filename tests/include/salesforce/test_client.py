"""The client against a server that follows a script: what is repeated, what never is, what a lost answer means."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.bulkload.basics import errors
from include.salesforce import client, logins, wire
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


@pytest.mark.parametrize("fault", [LOST, BUSY, Reply(429), Reply(200, b'{"id": "75', cut=None), Reply(200, b'{"state": "Open"}', cut=9)])
def test_a_look_at_a_job_is_repeated(server: conftest.Server, scripted: client.BulkClient, pauses: list[float], fault: Reply) -> None:
    """Lost, busy, cut: a failed poll is no failed job."""
    server.script += [fault, said({"state": "Open"})]
    if fault.status == 200 and fault.cut is None and not fault.lost:
        with pytest.raises(errors.NetworkFault):
            scripted.job(JOB)
        return
    assert {"state": "Open"} == scripted.job(JOB)
    assert ([LOOK, LOOK], 1) == (server.lines(), len(pauses))


def test_repeats_end(server: conftest.Server, scripted: client.BulkClient, pauses: list[float]) -> None:
    """After five tries it is Airflow's turn to wait; the pauses grew."""
    server.script += [BUSY] * 5
    with pytest.raises(errors.SalesforceBusy):
        scripted.job(JOB)
    assert (5, 4, True) == (len(server.asked), len(pauses), pauses == sorted(pauses))


def test_a_short_retry_after_is_obeyed(server: conftest.Server, scripted: client.BulkClient, pauses: list[float]) -> None:
    """The server knows best when it is back."""
    server.script += [Reply(503, headers={"Retry-After": "17"}), said({})]
    scripted.job(JOB)
    assert [True] == [17 <= each < 21 for each in pauses]


def test_a_long_retry_after_is_left_to_airflow(server: conftest.Server, scripted: client.BulkClient, pauses: list[float]) -> None:
    """No worker sleeps for an hour."""
    server.script += [Reply(503, headers={"Retry-After": "3600"})]
    with pytest.raises(errors.SalesforceBusy):
        scripted.job(JOB)
    assert [] == pauses


def test_a_daily_limit_is_not_asked_again(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Each try would cost another call."""
    server.script += [refused(403, "REQUEST_LIMIT_EXCEEDED")]
    with pytest.raises(errors.SalesforceBusy):
        scripted.job(JOB)
    assert 1 == len(server.asked)


def test_a_session_that_is_over_is_renewed_once(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The second try carries the new token."""
    server.script += [EXPIRED, said({"state": "Open"})]
    scripted.job(JOB)
    assert ["Bearer 00Dtoken!0", "Bearer 00Dtoken!1"] == [each.headers["Authorization"] for each in server.asked]


def test_a_login_that_gives_no_valid_session_is_refused(
    server: conftest.Server, scripted: client.BulkClient, login: conftest.Counted
) -> None:
    """One renewal, not a loop."""
    server.script += [EXPIRED, EXPIRED]
    with pytest.raises(errors.LoginRefused):
        scripted.job(JOB)
    assert (2, 1) == (len(server.asked), login.renewals)


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


@pytest.mark.parametrize(("act", "state", "wish"), [(closing, "Open", "UploadComplete"), (aborting, "InProgress", "Aborted")])
def test_a_change_that_did_not_happen_is_asked_for_again(
    server: conftest.Server, scripted: client.BulkClient, act: Callable[[client.BulkClient], dict[str, Any]], state: str, wish: str
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


PACKED = gzip.compress(CSV * 1000)
GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize("reply", [Reply(200, CSV * 1000), Reply(200, PACKED, GZIP), Reply(200, b""), Reply(200, b"", GZIP)])
def test_a_result_is_streamed_to_a_file(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, reply: Reply) -> None:
    """Packed or not, empty or not (contract 3)."""
    server.script += [reply]
    expected = CSV * 1000 if reply.body else b""
    assert len(expected) == scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert expected == (tmp_path / "out").read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        LOST,
        BUSY,
        Reply(200, CSV * 1000, cut=5000),
        Reply(200, PACKED, GZIP, cut=30),
        Reply(200, PACKED[:-9], GZIP),
        Reply(200, PACKED[:20] + b"x" + PACKED[21:], GZIP),
        Reply(200, CSV, {"Content-Encoding": "br"}),
    ],
)
def test_a_broken_download_begins_anew(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, fault: Reply) -> None:
    """A result that is cut short is never taken for a whole one."""
    server.script += [fault, Reply(200, CSV)]
    assert len(CSV) == scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert CSV == (tmp_path / "out").read_bytes()


def test_a_download_that_stays_broken_leaves_no_file(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """Nobody reads half a result."""
    server.script += [Reply(200, CSV, cut=3)] * 5
    with pytest.raises(errors.NetworkFault):
        scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert [] == list(tmp_path.iterdir())


def test_a_missing_result_is_refused_with_404(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """Results live seven days (contract 2.10)."""
    server.script += [refused(404, "NOT_FOUND")]
    with pytest.raises(errors.RequestRefused) as found:
        scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert (404, False) == (found.value.status, (tmp_path / "out").exists())


def test_a_redirect_is_not_followed(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The token stays with the host of the login."""
    server.script += [Reply(302, headers={"Location": f"{server.url}/elsewhere"})]
    with pytest.raises(errors.RequestRefused):
        scripted.job(JOB)
    assert [LOOK] == server.lines()


def test_plain_http_to_another_host_is_refused_before_anything_is_sent(pauses: list[float]) -> None:
    """The name can't even be looked up: nobody asked for it."""
    login = logins.Shared(lambda: wire.Session("http://acme.invalid", "00D!x"))
    with pytest.raises(errors.LoginRefused):
        client.BulkClient(login, pause=pauses.append).job(JOB)
    assert [] == pauses


def test_nobody_there_is_a_network_fault(pauses: list[float]) -> None:
    """And no secret of the connection is told."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        session = requests.Session()
        session.trust_env, session.proxies = False, {"http": f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}"}
        login = logins.Shared(lambda: wire.Session("http://127.0.0.1:9", "00D!x"))
        with pytest.raises(errors.NetworkFault) as found:
            client.BulkClient(login, session=session, pause=pauses.append).job(JOB)
    assert (False, False) == ("secret" in str(found.value), "00D!x" in str(found.value))


def test_a_server_that_never_answers_is_left(pauses: list[float]) -> None:
    """Every request has a time-out."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        login = logins.Shared(lambda: wire.Session(f"http://127.0.0.1:{silent.getsockname()[1]}", "00D!x"))
        with pytest.raises(errors.NetworkFault):
            client.BulkClient(login, pause=pauses.append, timeouts=(0.05, 0.05)).job(JOB)
    assert 4 == len(pauses)


def test_an_error_s_endless_page_is_read_to_a_megabyte(server: conftest.Server, scripted: client.BulkClient) -> None:
    """What answers there may be anything."""
    server.script += [Reply(400, b"x" * 3_000_000)]
    with pytest.raises(errors.RequestRefused) as found:
        scripted.job(JOB)
    assert len(str(found.value)) < 300


def test_a_netrc_does_not_take_the_token_s_place(
    server: conftest.Server, login: conftest.Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does with requests where a session trusts its environment."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.script += [said({})]
    client.BulkClient(login, session=requests.Session()).job(JOB)
    assert "Bearer 00Dtoken!0" == server.asked[0].headers["Authorization"]


def test_the_scripted_server_breaks_connections_as_it_is_told(server: conftest.Server) -> None:
    """Our other tests stand on this."""
    server.script += [LOST]
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("GET", "/")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
