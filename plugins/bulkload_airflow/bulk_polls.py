"""Job ids → their states as Salesforce says them, without blocking: the only async HTTP of the project.

One aiohttp session per process and event loop serves all triggers; the rules of URLs, headers and answers are
those of `include.salesforce.wire`.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from bulkload_airflow import bulk_hook
from include.bulkload.basics import errors
from include.bulkload.load import job
from include.salesforce import pace, wire

if TYPE_CHECKING:
    from bulkload_airflow import bulk_connection

GONE = "gone"
CONNECTIONS = 50
POLL_SECONDS = aiohttp.ClientTimeout(total=60, connect=15)
ANSWER_BYTES = 1_000_000
_sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = weakref.WeakKeyDictionary()


def shared() -> aiohttp.ClientSession:
    """The process's session on this event loop: a session per poll would cost 200 times as much (measured)."""
    loop = asyncio.get_running_loop()
    found = _sessions.get(loop)
    if found is None or found.closed:
        found = _sessions[loop] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=POLL_SECONDS)
    return found


async def close() -> None:
    """Close this event loop's session; Airflow's triggerer never does, tests do."""
    found = _sessions.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()


@functools.lru_cache(maxsize=32)
def _trusted(certificates: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates)


class Polls:
    """Looks at jobs over one connection. Logging in blocks, so it happens in a thread."""

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._hook: bulk_hook.BulkHook | None = None
        # Seconds that the last answer's Retry-After asked for.
        self.asked_to_wait = 0.0

    async def state(self, job_id: str) -> str:
        """Ask for a job's state; `gone` if Salesforce no longer knows it.

        Raises NetworkFault or SalesforceBusy for what may work next time, LoginRefused or RequestRefused.
        """
        if self._hook is None:
            self._hook = await asyncio.to_thread(_known, self._conn_id)
        hook = self._hook
        login = hook.login()
        session = await asyncio.to_thread(login.token)
        answer = await _asked(hook, session, job_id)
        if wire.is_expired(answer.status, answer.body):
            session = await asyncio.to_thread(login.renew, session)
            answer = await _asked(hook, session, job_id)
        self.asked_to_wait = pace.retry_after(answer.headers, datetime.now(UTC))
        try:
            return str(job.state(wire.answer(answer.status, answer.headers, answer.body, f"job {job_id}")))
        except errors.RequestRefused as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return GONE
            raise


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as `wire` reads it."""

    status: int
    headers: dict[str, str]
    body: bytes


def _known(conn_id: str) -> bulk_hook.BulkHook:
    """Read the connection ahead, as reading it may ask Airflow's API server."""
    hook = bulk_hook.BulkHook(conn_id)
    _ = hook.said
    return hook


async def _asked(hook: bulk_hook.BulkHook, session: wire.Session, job_id: str) -> Answer:
    """GET one job. Raises NetworkFault where no whole answer came."""
    url = wire.job_url(session.instance_url, hook.version, job_id)
    door: bulk_connection.Door = hook.said.door
    try:
        async with shared().get(
            url,
            headers=wire.headers(session.access_token),
            proxy=door.proxy_for(url),
            ssl=await asyncio.to_thread(_trusted, door.certificates) if url.startswith("https:") else True,
            allow_redirects=False,
        ) as answer:
            return Answer(answer.status, dict(answer.headers), await _body(answer))
    except (aiohttp.ClientError, TimeoutError) as wrong:
        raise errors.NetworkFault(f"job {job_id}: no answer from Salesforce ({type(wrong).__name__}: {wrong})") from wrong


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Read an answer, but not more of it than any job object takes."""
    body = b""
    async for part in answer.content.iter_any():
        body += part
        if len(body) > ANSWER_BYTES:
            break
    return body
