"""A way to log in → one login that all threads of a process share; who comes while another logs in waits for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.salesforce import wire


class Login(Protocol):
    """Where a client gets its token from. Both calls may raise LoginRefused, SalesforceBusy or NetworkFault."""

    def token(self) -> wire.Session:
        """The session, logged in if need be."""

    def renew(self, old: wire.Session) -> wire.Session:
        """Another session than `old`, which Salesforce no longer takes."""


class Shared:
    """A login over any way to ask for a session; asks once, however many threads want it."""

    def __init__(self, ask: Callable[[], wire.Session]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._session: wire.Session | None = None

    def token(self) -> wire.Session:
        """The session, logged in if need be. Raises what `ask` raises."""
        with self._lock:
            if self._session is None:
                self._session = self._ask()
            return self._session

    def renew(self, old: wire.Session) -> wire.Session:
        """Log in again, unless somebody did since `old` was handed out. Raises what `ask` raises."""
        with self._lock:
            if self._session is None or self._session == old:
                self._session = None
                self._session = self._ask()
            return self._session
