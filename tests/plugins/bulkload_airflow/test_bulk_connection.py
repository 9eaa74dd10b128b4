"""Connections as the form, the API and the environment store them → clean ones."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
from airflow.sdk import Connection

from bulkload_airflow import bulk_connection
from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def cleaned(extra: dict[str, Any], **given: Any) -> Connection:
    """Clean a connection with this extra."""
    return bulk_connection.cleaned(Connection(conn_id="sf", conn_type="salesforce", extra=json.dumps(extra), **given))


def test_blank_fields_of_the_form_are_absent() -> None:
    """An empty login would choose the password grant instead of client credentials."""
    found = cleaned({"consumer_key": "k", "security_token": "", "private_key": None}, login="", password="")
    assert (None, None, {"consumer_key": "k"}) == (found.login, found.password, found.extra_dejson)


def test_old_prefixed_names_count_where_the_plain_ones_are_missing() -> None:
    """Connections made by an old form still work; a plain name beats a prefixed one."""
    found = cleaned({"extra__salesforce__domain": "old", "extra__salesforce__version": "61.0", "domain": "new"})
    assert {"domain": "new", "version": "61.0"} == found.extra_dejson


@pytest.mark.parametrize("given", [{"https": "http://p:1"}, '{"https": "http://p:1"}'])
def test_proxies_are_a_dict_however_they_were_typed(given: Any) -> None:
    """The form stores text, requests wants a dict."""
    assert {"https": "http://p:1"} == bulk_connection.said(cleaned({"proxies": given})).door.proxies


def test_one_proxy_url_is_for_both_schemes() -> None:
    """People type one URL."""
    assert {"http": "http://p:1", "https": "http://p:1"} == bulk_connection.said(cleaned({"proxies": "http://p:1"})).door.proxies


@pytest.mark.parametrize("extra", [{"proxies": "{"}, {"answer_seconds": "long"}])
def test_what_cant_be_read_is_named(extra: dict[str, Any]) -> None:
    """A mistake in the extra is the person's to mend, and the message says where."""
    with pytest.raises(errors.LoginRefused, match="connection sf"):
        bulk_connection.said(cleaned(extra))


def test_a_connection_of_another_type_is_refused() -> None:
    """A database's password must not be sent to Salesforce."""
    with pytest.raises(errors.LoginRefused, match="type salesforce"):
        bulk_connection.cleaned(Connection(conn_id="db", conn_type="postgres"))


def test_an_instance_url_goes_only_with_a_session_id() -> None:
    """A JWT log-in would make https://https://....salesforce.com of it."""
    assert "instance_url" not in cleaned({"instance_url": "https://x.my.salesforce.com", "private_key": "k"}).extra_dejson


@pytest.mark.parametrize(
    ("given", "expected"), [(True, True), ("true", True), ("True", True), (False, False), ("no", False), (None, False)]
)
def test_local_org_is_read_however_it_was_typed(given: Any, expected: bool) -> None:
    """The form stores text where JSON has a boolean."""
    assert expected == bulk_connection.said(cleaned({"local_org": given})).local_org


def test_a_session_id_and_its_instance_are_read() -> None:
    """Airflow's own hook ignores a session id in the extra."""
    found = bulk_connection.said(cleaned({"session_id": "00D!x", "instance": "x.my.salesforce.com"}))
    assert ("00D!x", "https://x.my.salesforce.com") == (found.session_id, found.instance_url)


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the headers it was sent."""

    def do_GET(self) -> None:
        """Echo."""
        body = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    """A server on loopback; its URL."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_netrc_doesnt_replace_the_token(echo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests would send a .netrc password in the token's place."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with bulk_connection.Door().session() as session:
        found = session.get(echo, headers={"Authorization": "Bearer token"}).json()
    assert "Bearer token" == found["Authorization"]


def test_every_request_has_a_time_out() -> None:
    """Nobody hangs for ever, not even a log-in that names no time-out."""
    door = bulk_connection.Door(answer_seconds=0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, door.session() as session, pytest.raises(requests.Timeout):
        session.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_a_connections_own_proxies_beat_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests prefers HTTPS_PROXY; a person's field counts more."""
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    door = bulk_connection.Door(proxies={"https": "http://own:2"})
    assert "http://own:2" == door.proxy_for("https://x.my.salesforce.com/services")


def test_the_environments_proxies_count_with_their_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trigger and client go the same way; loopback never goes through a proxy of the environment that excepts it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    door = bulk_connection.Door()
    assert ("http://environment:1", None) == (door.proxy_for("https://x.my.salesforce.com/"), door.proxy_for("https://127.0.0.1/"))


def test_a_connections_own_authority_beats_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """REQUESTS_CA_BUNDLE would otherwise win over the connection's `ca_file`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/environment.pem")
    assert ("/own.pem", "/environment.pem") == (bulk_connection.Door("/own.pem").certificates, bulk_connection.Door().certificates)
