"""Grants that a started org is asked for → a session, or OAuth's refusal (contract 7.1)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests

from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Start an org; its start line."""
    with org.running(tmp_path_factory.mktemp("org")) as started:
        yield started


def posted(line: dict[str, Any], path: str, form: dict[str, str], host: str | None = None) -> requests.Response:
    """Post a form, under another host's name if one is given."""
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Host": host} if host else {}
        return session.post(f"{line['http_url']}/services/oauth2/{path}", data=form, headers=headers, timeout=20)


def credentials(line: dict[str, Any]) -> dict[str, str]:
    """Fill in a client credentials form."""
    return {"grant_type": "client_credentials", "client_id": line["client_id"], "client_secret": line["client_secret"]}


def asserted(line: dict[str, Any], **more: Any) -> requests.Response:
    """Log in with a signed assertion."""
    claims = {"iss": line["client_id"], "sub": line["username"], "aud": "https://login.salesforce.com", **more}
    signed = jwt.encode(claims, Path(line["private_key_file"]).read_text(), algorithm="RS256")
    return posted(line, "token", {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed})


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_client_credentials_are_refused_at_the_login_hosts(line: dict[str, Any], host: str) -> None:
    """Client credentials are for the My Domain host only."""
    refused = posted(line, "token", credentials(line), host)
    expected = {"error": "invalid_grant", "error_description": "request not supported on this domain"}
    assert (400, expected) == (refused.status_code, refused.json())


def test_client_credentials_are_taken_at_the_my_domain_host(line: dict[str, Any]) -> None:
    """The same form is good at My Domain."""
    assert 200 == posted(line, "token", credentials(line), "localorg.my.salesforce.com").status_code


@pytest.mark.parametrize(("claims", "status"), [({"exp": 120}, 200), ({"exp": 3600}, 400), ({"exp": -600}, 400), ({}, 400)])
def test_an_assertion_is_good_for_minutes(line: dict[str, Any], claims: dict[str, int], status: int) -> None:
    """An assertion must end, within five minutes, and not have ended."""
    assert status == asserted(line, **{name: int(time.time()) + value for name, value in claims.items()}).status_code


def test_a_revoked_session_is_over(line: dict[str, Any]) -> None:
    """A token that was revoked is refused, and can't be revoked twice."""
    token = posted(line, "token", credentials(line)).json()["access_token"]
    statuses = [posted(line, "revoke", {"token": token}).status_code for _ in range(2)]
    assert [200, 400] == statuses
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}"}
        assert 401 == session.get(f"{line['http_url']}/services/oauth2/userinfo", headers=headers, timeout=20).status_code


def test_an_assertion_may_write_its_end_as_text(line: dict[str, Any]) -> None:
    """simple-salesforce writes `exp` as text and is let in."""
    assert 200 == asserted(line, exp=str(int(time.time()) + 120)).status_code
    assert 400 == asserted(line, exp=str(int(time.time()) + 3600)).status_code
