"""A script of answers → a real HTTP server on loopback that gives them one by one and remembers what was asked."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.salesforce import client, wire
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = "750ak000009BWKLAA4"
LOCAL_ORG = Path(__file__).parents[3] / "include" / "local_org" / "__main__.py"


@dataclass(frozen=True)
class Reply:
    """One answer: `cut` bytes of it are sent before the connection ends; `lost` ends it without an answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    lost: bool = False


def said(document: Any, status: int = 200) -> Reply:
    """Answer with a JSON document."""
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json;charset=UTF-8"})


def refused(status: int, code: str, message: str = "no") -> Reply:
    """Answer with Salesforce's array of errors."""
    return said([{"errorCode": code, "message": message}], status)


LOST = Reply(lost=True)


@dataclass(frozen=True)
class Asked:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server(http.server.ThreadingHTTPServer):
    """Answers by script."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.script: list[Reply] = []
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that left, which is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def lines(self) -> list[str]:
        """List what was asked, as `METHOD rest-of-path`."""
        return [f"{each.method} {each.path.partition('/v66.0/')[2]}" for each in self.asked]


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
        reply = self.server.script.pop(0)
        self.close_connection = reply.lost or reply.cut is not None
        if reply.lost:
            return
        self.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: reply.cut])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing."""


class Counted:
    """A login whose every renewal gives another token."""

    def __init__(self, instance_url: str) -> None:
        self.instance_url = instance_url
        self.renewals = 0

    def token(self) -> wire.Session:
        """Hand out the present session."""
        return wire.Session(self.instance_url, f"00Dtoken!{self.renewals}")

    def renew(self, old: wire.Session) -> wire.Session:
        """Hand out another one."""
        assert old == self.token()
        self.renewals += 1
        return self.token()


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a scripted server on a free port."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    """Collect the pauses a client would have made."""
    return []


@pytest.fixture
def login(server: Server) -> Counted:
    """Log in at the scripted server."""
    return Counted(server.url)


@pytest.fixture
def scripted(login: Counted, pauses: list[float]) -> client.BulkClient:
    """A client of the scripted server."""
    return client.BulkClient(login, pause=pauses.append)


@pytest.fixture(scope="session")
def local_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One local org for all tests of this folder."""
    if not LOCAL_ORG.exists():
        pytest.skip("the local org isn't built yet")
    with org.running(tmp_path_factory.mktemp("org"), "--control") as started:
        yield started
