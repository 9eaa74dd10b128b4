"""OAuth token endpoint, SOAP login, userinfo → a session (contract 7.1 to 7.3)."""

from __future__ import annotations

import base64
import hmac
import re
import time
from typing import TYPE_CHECKING, Any
from xml.sax import saxutils

import jwt
from aiohttp import web

from include.local_org import answers, certificates, org

if TYPE_CHECKING:
    from collections.abc import Mapping

SALESFORCE = re.compile(r"(?i)(^|\.)salesforce\.com$")
MY_DOMAIN = "https://localorg.my.salesforce.com"
AUDIENCES = ["https://login.salesforce.com", "https://test.salesforce.com"]
NEEDED: Any = {"require": ["exp"]}
LONGEST = 5 * 60  # seconds an assertion may still be good for
LOGIN_HOSTS = {"login.salesforce.com", "test.salesforce.com"}
SOAP_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault><faultcode>INVALID_LOGIN</faultcode>'
    "<faultstring>INVALID_LOGIN: {text}</faultstring><detail><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"
    "<sf:exceptionMessage>{text}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)
SOAP_RESULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com"><soapenv:Body><loginResponse><result><passwordExpired>false</passwordExpired>'
    "<sandbox>false</sandbox><serverUrl>{url}/services/Soap/u/{version}/{org_id}</serverUrl><sessionId>{token}</sessionId>"
    "<userId>{user_id}</userId><userInfo><organizationId>{org_id}</organizationId><userName>{username}</userName></userInfo>"
    "</result></loginResponse></soapenv:Body></soapenv:Envelope>"
)
BAD_LOGIN = "Invalid username, password, security token; or user locked out."


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of the log-ins."""
    routed = _Routes(of)
    return [
        web.post("/services/oauth2/token", routed.token),
        web.post("/services/oauth2/revoke", routed.revoke),
        web.get("/services/oauth2/userinfo", routed.userinfo, allow_head=False),
        web.post("/services/Soap/u/{version}", routed.soap),
    ]


class _NoGrant(Exception):
    """Why a log-in is refused: OAuth's error and its description."""


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        form = _basic(request.headers.get("Authorization", "")) | form
        try:
            username = self._granted(form, request.host.partition(":")[0].lower())
        except _NoGrant as refused:
            return answers.told({"error": refused.args[0], "error_description": refused.args[1]}, 400)
        told = {
            "access_token": self.org.new_token(username),
            "instance_url": instance(request),
            "id": f"https://login.salesforce.com/id/{self.org.org_id}/{self.org.id_of(username)}",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": str(int(time.time() * 1000)),
            "signature": base64.b64encode(self.org.client_secret[:32].encode()).decode(),
        }
        return answers.told(told)

    async def revoke(self, request: web.Request) -> web.Response:
        """End a session."""
        token = str((await request.post()).get("token", ""))
        if self.org.tokens.pop(token, None) is None:
            return answers.told({"error": "unsupported_token_type", "error_description": "this token type is not supported"}, 400)
        return web.Response()

    def _granted(self, form: Mapping[str, str], host: str) -> str:
        """Check a grant that came to a host; whose session it gives. Raises _NoGrant."""
        grant = form.get("grant_type", "")
        if grant == "client_credentials" and host in LOGIN_HOSTS:
            raise _NoGrant("invalid_grant", "request not supported on this domain")
        if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return self._assertion(form.get("assertion", ""))
        if not _same(form.get("client_id"), self.org.client_id):
            raise _NoGrant("invalid_client_id", "client identifier invalid")
        if grant in {"client_credentials", "password"} and not _same(form.get("client_secret"), self.org.client_secret):
            raise _NoGrant("invalid_client", "invalid client credentials")
        if grant == "password" and not self.org.knows(form.get("username", ""), form.get("password", "")):
            raise _NoGrant("invalid_grant", "authentication failure")
        if grant not in {"client_credentials", "password"}:
            raise _NoGrant("unsupported_grant_type", "grant type not supported")
        return form["username"] if grant == "password" else org.USERNAME

    def _assertion(self, text: str) -> str:
        try:
            key = certificates.public_key(self.org.jwt_key)
            claims: dict[str, str] = jwt.decode(text, key, algorithms=["RS256"], audience=AUDIENCES, options=NEEDED)
        except jwt.PyJWTError as wrong:
            raise _NoGrant("invalid_grant", "invalid assertion") from wrong
        if int(claims["exp"]) > time.time() + LONGEST:
            raise _NoGrant("invalid_grant", "invalid assertion")
        if claims.get("iss") != self.org.client_id:
            raise _NoGrant("invalid_client_id", "client identifier invalid")
        if claims.get("sub") not in {org.USERNAME, org.LIMITED_USERNAME}:
            raise _NoGrant("invalid_grant", "user hasn't approved this consumer")
        return claims["sub"]

    async def userinfo(self, request: web.Request) -> web.Response:
        url = instance(request)
        urls = {"rest": f"{url}/services/data/v{{version}}/", "query": f"{url}/services/data/v{{version}}/query/", "custom_domain": url}
        told = {
            "sub": f"https://login.salesforce.com/id/{self.org.org_id}/{request['user_id']}",
            "user_id": request["user_id"],
            "organization_id": self.org.org_id,
            "preferred_username": self.org.name_of(request["user_id"]),
            "name": "Loader" if request["user_id"] == self.org.user_id else "Limited",
            "email": self.org.name_of(request["user_id"]),
            "user_type": "STANDARD",
            "active": True,
            "urls": urls,
        }
        return answers.told(told)

    async def soap(self, request: web.Request) -> web.Response:
        body = (await request.content.read(1 << 20)).decode("utf-8", "replace")
        given = {name: saxutils.unescape(_element(body, name), {"&quot;": '"', "&apos;": "'"}) for name in ("username", "password")}
        if not self.org.knows(given["username"], given["password"]):
            return web.Response(text=SOAP_FAULT.format(text=BAD_LOGIN), status=500, content_type="text/xml")
        told = {"url": instance(request), "version": request.match_info["version"], "org_id": self.org.org_id}
        told |= {
            "user_id": self.org.id_of(given["username"]),
            "token": self.org.new_token(given["username"]),
            "username": given["username"],
        }
        return web.Response(text=SOAP_RESULT.format(**told), content_type="text/xml")


def instance(request: web.Request) -> str:
    """Where the client goes on: under a Salesforce name if it came through the proxy, else where it is."""
    host = request.host.partition(":")[0]
    return MY_DOMAIN if SALESFORCE.search(host) else f"{request.scheme}://{request.host}"


def _element(body: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}>(.*?)</(?:\w+:)?{name}>", body, re.DOTALL)
    return found[1] if found else ""


def _basic(header: str) -> dict[str, str]:
    if not header.startswith("Basic "):
        return {}
    try:
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}


def _same(given: str | None, known: str) -> bool:
    return hmac.compare_digest((given or "").encode(), known.encode())
