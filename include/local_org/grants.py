"""A token request's form → whose session it gives, or OAuth's refusal (contract 7.1)."""

from __future__ import annotations

import base64
import hmac
import re
import time
from typing import TYPE_CHECKING

import jwt

from include.local_org import certificates, org

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jwt.types import Options

JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
WITH_SECRET = {"client_credentials", "password", "refresh_token"}
AUDIENCES = ["https://login.salesforce.com", "https://test.salesforce.com"]
LOGIN_HOSTS = {"login.salesforce.com", "test.salesforce.com"}
NEEDED: Options = {"require": ["exp"]}
# An assertion is good for so many seconds at the most. Salesforce's command line writes its end in milliseconds, which is
# taken too [SFCODE].
LONGEST, MILLISECONDS = 300, 10**11


class Refused(Exception):
    """Why a log-in is refused: OAuth's error and its description."""


def granted(of: org.Org, form: Mapping[str, str], host: str) -> str:
    """Check a grant that came to a host; the name of the user whose session it gives. Raises Refused."""
    grant = form.get("grant_type", "")
    if grant == "client_credentials" and host in LOGIN_HOSTS:
        raise Refused("invalid_grant", "request not supported on this domain")
    if grant == JWT:
        return _assertion(of, form.get("assertion", ""))
    if not _same(form.get("client_id"), of.client_id):
        raise Refused("invalid_client_id", "client identifier invalid")
    if grant not in WITH_SECRET:
        raise Refused("unsupported_grant_type", "grant type not supported")
    # A refresh needs the secret only where it is given [K].
    if (grant != "refresh_token" or "client_secret" in form) and not _same(form.get("client_secret"), of.client_secret):
        raise Refused("invalid_client", "invalid client credentials")
    if grant == "refresh_token":
        return _refreshed(of, form.get("refresh_token", ""))
    if grant == "client_credentials":
        return org.USERNAME
    if not of.knows(form.get("username", ""), form.get("password", "")):
        raise Refused("invalid_grant", "authentication failure")
    return form["username"]


def _refreshed(of: org.Org, token: str) -> str:
    username = of.refresh_tokens.get(token)
    if username is None:
        raise Refused("invalid_grant", "expired access/refresh token")
    return username


def _assertion(of: org.Org, text: str) -> str:
    try:
        key = certificates.public_key(of.jwt_key)
        claims: dict[str, str] = jwt.decode(text, key, algorithms=["RS256"], audience=AUDIENCES, options=NEEDED)
    except jwt.PyJWTError as wrong:
        raise Refused("invalid_grant", "invalid assertion") from wrong
    if time.time() + LONGEST < int(claims["exp"]) < MILLISECONDS:
        raise Refused("invalid_grant", "invalid assertion")
    if claims.get("iss") != of.client_id:
        raise Refused("invalid_client_id", "client identifier invalid")
    if claims.get("sub") not in {org.USERNAME, org.LIMITED_USERNAME}:
        raise Refused("invalid_grant", "user hasn't approved this consumer")
    return claims["sub"]


def client_of(header: str) -> dict[str, str]:
    """Read the client's id and secret of a Basic authorization; none of another."""
    if not re.match(r"(?i)basic ", header):
        return {}
    try:
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}


def _same(given: str | None, known: str) -> bool:
    return hmac.compare_digest((given or "").encode(), known.encode())
