"""Requests against a server that follows a script: the token, repeats, time-outs, redirects."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING

import pytest
import requests

from include.bulkload.basics import errors
from include.salesforce import client, logins, wire
from tests.include.salesforce.conftest import JOB, LOST, Reply, refused, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.salesforce import conftest

BUSY = Reply(503, b"<html><title>Down</title>")
EXPIRED = refused(401, "INVALID_SESSION_ID")
LOOK = f"GET jobs/ingest/{JOB}"


@pytest.mark.parametrize("fault", [LOST, BUSY, Reply(429), Reply(200, b'{"id": "75'), Reply(200, b'{"state": "Open"}', cut=9)])
def test_a_look_at_a_job_is_repeated(server: conftest.Server, scripted: client.BulkClient, pauses: list[float], fault: Reply) -> None:
    """Lost, busy, cut: a failed poll is no failed job."""
    server.script += [fault, said({"state": "Open"})]
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
