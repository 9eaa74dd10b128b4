"""Client id and secret → a session, or what a person must mend; the secret is never told."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.salesforce import calls, credentials

if TYPE_CHECKING:
    from include.salesforce import wire


def asked(url: str, client_id: str, secret: str) -> wire.Session:
    """Log in once."""
    return credentials.client(url, client_id, secret, calls.session())()


def test_a_client_gets_a_session(local_org: dict[str, Any]) -> None:
    """Its token is good, its URL the org's."""
    found = asked(local_org["http_url"], local_org["client_id"], local_org["client_secret"])
    assert (local_org["http_url"], True) == (found.instance_url, len(found.access_token) > 15)


def test_a_wrong_secret_is_refused_without_being_told(local_org: dict[str, Any]) -> None:
    """Salesforce's own words, and the remedy."""
    with pytest.raises(errors.LoginRefused, match=r"Salesforce refused the log-in .*; mend client id and secret") as refused:
        asked(local_org["http_url"], local_org["client_id"], "hush")
    assert "hush" not in str(refused.value)


def test_a_secret_is_not_sent_in_clear() -> None:
    """Refused before a connection is opened."""
    with pytest.raises(errors.LoginRefused, match="isn't safe"):
        asked("http://acme.my.salesforce.com", "id", "hush")


def test_no_answer_may_pass() -> None:
    """Nobody listens there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(errors.NetworkFault, match="no answer to the log-in"):
        asked(url, "id", "hush")
