"""A login and an HTTP session → requests that carry the token, end in time, and are repeated only where told to.

A session that is over is renewed once per request. Redirects are never followed: the token stays with the host
that the login named.
"""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
import tenacity
import urllib3

from include.bulkload.basics import errors
from include.salesforce import bodies, pace, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.salesforce import logins

# Seconds to connect, and to wait for an answer: Salesforce gives up itself after two minutes (contract 6).
TIMEOUTS = (10.0, 130.0)
# A block of an upload may stall this long, and its answer take that long.
UPLOAD_TIMEOUTS = (60.0, 300.0)
TRIES = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers and, as far as it is read into memory, the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Bearer(requests.auth.AuthBase):
    """Sets the token as requests' own `auth`, so that no .netrc takes its place."""

    def __init__(self, token: str) -> None:
        self._headers = wire.headers(token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._headers["Authorization"]
        return request


class Calls:
    """Requests to one org.

    :param login: hands out the token, and another one in its place.
    :param session: carries proxies and certificates of this connection; see `session`.
    :param version: API version, e.g. "66.0".
    :param pause: waits some seconds before a repeat.
    :param timeouts: seconds to connect, and to wait for an answer.
    """

    def __init__(
        self,
        login: logins.Login,
        session: requests.Session,
        version: str = wire.API_VERSION,
        pause: Callable[[float], None] = time.sleep,
        timeouts: tuple[float, float] = TIMEOUTS,
    ) -> None:
        self._login = login
        self._session = session
        self._version = version
        self._timeouts = timeouts
        self.upload_timeouts = (max(timeouts[0], UPLOAD_TIMEOUTS[0]), max(timeouts[1], UPLOAD_TIMEOUTS[1]))
        self.pause = pause

    @property
    def is_local(self) -> bool:
        """Whether the org is reached over loopback. Raises what logging in raises."""
        return wire.is_local(self._login.token().instance_url)

    def repeated(self, method: str, where: str, address: Callable[[str, str], str], document: Any = None) -> dict[str, Any]:
        """Send a request that may safely be sent twice; the document of its answer.

        `where` names it in messages. Raises LoginRefused, RequestRefused, SalesforceBusy or NetworkFault.
        """
        return self._read(self.patiently(lambda: self._readable(method, where, address, document)), where)

    def _readable(self, method: str, where: str, address: Callable[[str, str], str], document: Any) -> Answer:
        """Send a request. Raises NetworkFault, which is worth a repeat, for a good status with an unreadable document."""
        answer = self.renewing(lambda at: self._whole(at, method, where, address, document))
        if wire.is_fine(answer.status):
            self._read(answer, where)
        return answer

    def once(self, method: str, where: str, address: Callable[[str, str], str], document: Any = None) -> dict[str, Any]:
        """Send a request that isn't repeated by itself, except after a 401. Raises like `repeated`."""
        return self._read(self.renewing(lambda at: self._whole(at, method, where, address, document)), where)

    def patiently(self, act: Callable[[], Answer]) -> Answer:
        """Repeat an act while its answer is lost or the server busy for the moment, a little later each time."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(errors.NetworkFault) | tenacity.retry_if_result(_may_pass),
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_wait,
            sleep=self.pause,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        answer: Answer = retrying(act)
        return answer

    def session(self, *, instead_of: wire.Session | None = None, unused: bool = False) -> wire.Session:
        """The session at hand; another one than `instead_of`; one that nothing was asked with yet. Raises what logging in raises."""
        standing = self._login.token()
        return self._login.renew(standing) if unused or standing == instead_of else standing

    def renewing(self, act: Callable[[wire.Session], Answer]) -> Answer:
        """Act with the session at hand; if Salesforce no longer takes it, once more with a new one."""
        session = self._login.token()
        answer = act(session)
        if wire.is_expired(answer.status, answer.body):
            answer = act(self._login.renew(session))
        return answer

    @contextlib.contextmanager
    def sent(
        self, at: wire.Session, method: str, where: str, address: Callable[[str, str], str], **given: Any
    ) -> Iterator[requests.Response]:
        """Send one request; its answer, not read yet, inside the block.

        Raises NetworkFault also for what breaks off inside the block, LoginRefused for an untrusted certificate or an
        address to which the token isn't sent.
        """
        url = address(at.instance_url, self._version)
        # Over loopback compressing costs more than it saves.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity" if wire.is_local(at.instance_url) else "gzip"}
        fixed: dict[str, Any] = {"auth": _Bearer(at.access_token), "allow_redirects": False, "stream": True}
        given = {"timeout": self._timeouts} | given | {"headers": headers | given.get("headers", {})} | fixed
        try:
            with self._session.request(method, url, **given) as answer:
                yield answer
        except (requests.RequestException, urllib3.exceptions.HTTPError) as wrong:
            raise _fault(wrong, where) from wrong

    def _whole(self, at: wire.Session, method: str, where: str, address: Callable[[str, str], str], document: Any) -> Answer:
        with self.sent(at, method, where, address, **({"json": document} if document is not None else {})) as response:
            return answered(response, where)

    @staticmethod
    def _read(answer: Answer, where: str) -> dict[str, Any]:
        return wire.answer(answer.status, answer.headers, answer.body, where)


def session(ca_file: str | None = None, proxies: Mapping[str, str] | None = None) -> requests.Session:
    """An HTTP session for one connection: its own certificates and proxies (scheme → URL), nothing of the environment's."""
    made = requests.Session()
    # Otherwise REQUESTS_CA_BUNDLE would replace the connection's own certificates.
    made.trust_env = False
    made.verify = ca_file or True
    made.proxies = dict(proxies or {})
    return made


def answered(response: requests.Response, where: str) -> Answer:
    """Read an answer into memory, bounded: an error's first MB, a document up to 64 MB. Raises NetworkFault beyond that."""
    if wire.is_fine(response.status_code):
        body = bodies.whole(response, wire.DOCUMENT_BYTES, where)
    else:
        body = bodies.start(response, wire.ERROR_BYTES, where)
    return Answer(response.status_code, response.headers, body)


def _may_pass(answer: Answer) -> bool:
    return wire.is_passing(answer.status, answer.body) and _asked(answer) <= pace.PATIENCE


def _asked(answer: Answer) -> float:
    return pace.retry_after(answer.headers, datetime.now(UTC))


def _wait(state: tenacity.RetryCallState) -> float:
    """Not at the same moment as everybody else who met the same fault."""
    failed = state.outcome is None or state.outcome.failed
    asked = 0.0 if failed or state.outcome is None else _asked(state.outcome.result())
    return pace.repeat(state.attempt_number, asked) * random.uniform(1, 1.2)  # noqa: S311 - spreads load, hides nothing


def _fault(wrong: Exception, where: str) -> errors.BulkloadError:
    """The error of a broken connection. Only its kind is told: texts of HTTP libraries may hold proxies' passwords."""
    if "CERTIFICATE_VERIFY_FAILED" in str(wrong):
        return errors.LoginRefused(
            f"{where}: the server's certificate isn't trusted; name its authority's file as the connection's ca_file"
        )
    if isinstance(wrong, requests.exceptions.InvalidProxyURL):
        return errors.LoginRefused(f"{where}: the connection's proxy is no URL; mend its proxies")
    return errors.NetworkFault(f"{where}: no whole answer from Salesforce ({type(wrong).__name__}); it may be tried again")
