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


def test_an_assertion_may_write_its_end_in_milliseconds(line: dict[str, Any]) -> None:
    """Salesforce's own command line does."""
    assert 200 == asserted(line, exp=int(time.time() * 1000) + 300).status_code


def test_a_password_gives_a_token_to_refresh_the_session(line: dict[str, Any]) -> None:
    """It works until it is revoked; one that nobody handed out never does."""
    form = {name: line[name] for name in ("client_id", "client_secret", "username")}
    form |= {"grant_type": "password", "password": line["password"] + line["security_token"]}
    first = posted(line, "token", form).json()
    again = {"grant_type": "refresh_token", "client_id": line["client_id"], "refresh_token": first["refresh_token"]}
    second = posted(line, "token", again)
    assert (200, first["id"], False) == (second.status_code, second.json()["id"], "refresh_token" in second.json())
    assert 200 == told(line, second.json()["access_token"], "/services/oauth2/userinfo").status_code
    assert 200 == posted(line, "revoke", {"token": first["refresh_token"]}).status_code
    gone = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    assert (400, gone) == (posted(line, "token", again).status_code, posted(line, "token", again).json())


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"client_id": "x"}, ("invalid_client_id", "client identifier invalid")),
        ({"client_secret": "x"}, ("invalid_client", "invalid client credentials")),
        ({"grant_type": "magic"}, ("unsupported_grant_type", "grant type not supported")),
        ({"grant_type": "password", "username": "nobody", "password": "x"}, ("invalid_grant", "authentication failure")),
    ],
)
def test_a_refusal_is_an_object_not_an_array(line: dict[str, Any], changed: dict[str, str], expected: tuple[str, str]) -> None:
    """Error and error_description, 400."""
    refused = posted(line, "token", credentials(line) | changed)
    assert (400, dict(zip(("error", "error_description"), expected, strict=True))) == (refused.status_code, refused.json())


def told(line: dict[str, Any], token: str, path: str) -> requests.Response:
    """Ask for a path with a token."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(line["http_url"] + path, headers={"Authorization": f"Bearer {token}"}, timeout=20)


def test_the_identity_url_tells_who_one_is(line: dict[str, Any]) -> None:
    """The path of the token answer's id; with userinfo it agrees; nobody sees another user's."""
    granted = posted(line, "token", credentials(line)).json()
    path = granted["id"].removeprefix("https://login.salesforce.com")
    identity = told(line, granted["access_token"], path).json()
    userinfo = told(line, granted["access_token"], "/services/oauth2/userinfo").json()
    assert (line["username"], userinfo["user_id"], line["org_id"]) == (
        identity["username"],
        identity["user_id"],
        identity["organization_id"],
    )
    assert (granted["id"], identity["urls"]) == (userinfo["sub"], userinfo["urls"])
    assert "{version}" in userinfo["urls"]["rest"]
    assert 403 == told(line, line["limited_access_token"], path).status_code
    assert 401 == told(line, "00D!wrong", path).status_code


@pytest.mark.parametrize(
    ("door", "version", "status"), [("u", "59.0", 200), ("c", "59.0", 200), ("u", "64.0", 200), ("u", "65.0", 500), ("u", "x", 500)]
)
def test_soap_login_has_two_doors_and_an_end(line: dict[str, Any], door: str, version: str, status: int) -> None:
    """Partner and enterprise; from version 65 on there is none (8.12)."""
    secret = line["password"] + line["security_token"]
    body = f"<x><n1:username>{line['username']}</n1:username><n1:password>{secret}</n1:password></x>"
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{line['http_url']}/services/Soap/{door}/{version}", data=body, timeout=20)
    assert (status, status == 200) == (answer.status_code, f"/services/Soap/{door}/{version}/{line['org_id']}" in answer.text)
    assert (status == 500) == ("UNSUPPORTED_API_VERSION" in answer.text)


def test_soap_logout_ends_the_session(line: dict[str, Any]) -> None:
    """Once; clients that logged in over SOAP end so."""
    token = posted(line, "token", credentials(line)).json()["access_token"]
    body = (
        f"<e><h><SessionHeader><sessionId>{token}</sessionId></SessionHeader></h><b><logout xmlns='urn:partner.soap.sforce.com'/></b></e>"
    )
    with requests.Session() as session:
        session.trust_env = False
        answers = [session.post(f"{line['http_url']}/services/Soap/u/59.0", data=body, timeout=20) for _ in range(2)]
    assert [(200, True), (500, False)] == [(each.status_code, "logoutResponse" in each.text) for each in answers]
    assert 401 == told(line, token, "/services/oauth2/userinfo").status_code
