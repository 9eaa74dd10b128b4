"""One login for everybody."""

from __future__ import annotations

import threading

import pytest

from include.bulkload.basics import errors
from include.salesforce import logins, wire


def test_many_threads_log_in_once() -> None:
    """Salesforce limits log-ins per user and hour: who comes second waits for the first one's session."""
    asked: list[int] = []
    gate = threading.Barrier(8)

    def ask() -> wire.Session:
        asked.append(1)
        return wire.Session("https://x", f"token {len(asked)}")

    login = logins.Shared(ask)
    found: list[wire.Session] = []

    def want() -> None:
        gate.wait()
        found.append(login.token())

    threads = [threading.Thread(target=want) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (1, {"token 1"}) == (len(asked), {each.access_token for each in found})


def test_a_session_is_renewed_once_however_many_found_it_over() -> None:
    """Eight polls that all got a 401 with the same token are one log-in."""
    asked: list[int] = []
    gate = threading.Barrier(8)

    def ask() -> wire.Session:
        asked.append(1)
        return wire.Session("https://x", f"token {len(asked)}")

    login = logins.Shared(ask)
    old = login.token()
    found: list[wire.Session] = []

    def renew() -> None:
        gate.wait()
        found.append(login.renew(old))

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (2, {"token 2"}) == (len(asked), {each.access_token for each in found})


def test_a_refused_log_in_is_asked_for_again_by_the_next() -> None:
    """A refusal isn't remembered."""
    answers = [errors.LoginRefused("no"), wire.Session("https://x", "token")]

    def ask() -> wire.Session:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    login = logins.Shared(ask)
    with pytest.raises(errors.LoginRefused):
        login.token()
    assert login.token().access_token == "token"
