"""OAuth's endpoints and SOAP login → a session; userinfo and identity → whose it is (contract 7.1 to 7.3)."""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING, Any
from xml.sax import saxutils

from aiohttp import web

from include.local_org import answers, grants

if TYPE_CHECKING:
    from include.local_org import org

SALESFORCE = re.compile(r"(?i)(^|\.)salesforce\.com$")
MY_DOMAIN = "https://localorg.my.salesforce.com"
# SOAP login() is absent from this version on (contract 8.12).
NO_SOAP_LOGIN = 65.0
FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault><faultcode>{code}</faultcode>'
    "<faultstring>{code}: {text}</faultstring><detail><sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode>"
    "<sf:exceptionMessage>{text}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)
RESULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:{kind}.soap.sforce.com"><soapenv:Body><loginResponse><result>'
    "<metadataServerUrl>{url}/services/Soap/m/{version}/{org_id}</metadataServerUrl><passwordExpired>false</passwordExpired>"
    "<sandbox>{sandbox}</sandbox><serverUrl>{url}/services/Soap/{door}/{version}/{org_id}</serverUrl><sessionId>{token}</sessionId>"
    "<userId>{user_id}</userId><userInfo><organizationId>{org_id}</organizationId><organizationName>Local Org</organizationName>"
    "<sessionSecondsValid>7200</sessionSecondsValid><userEmail>{username}</userEmail><userFullName>{name}</userFullName>"
    "<userId>{user_id}</userId><userName>{username}</userName><userType>Standard</userType></userInfo>"
    "</result></loginResponse></soapenv:Body></soapenv:Envelope>"
)
ENDED = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:{kind}.soap.sforce.com"><soapenv:Body><logoutResponse/></soapenv:Body></soapenv:Envelope>'
)
KINDS = {"u": "partner", "c": "enterprise"}
BAD_LOGIN = "Invalid username, password, security token; or user locked out."
PLACES = {
    "enterprise": "services/Soap/c/{version}/",
    "metadata": "services/Soap/m/{version}/",
    "partner": "services/Soap/u/{version}/",
    "rest": "services/data/v{version}/",
    "sobjects": "services/data/v{version}/sobjects/",
    "search": "services/data/v{version}/search/",
    "query": "services/data/v{version}/query/",
    "recent": "services/data/v{version}/recent/",
    "tooling_soap": "services/Soap/T/{version}/",
    "tooling_rest": "services/data/v{version}/tooling/",
}


def routes(of: org.Org) -> list[web.RouteDef]:
    """Routes of the log-ins."""
    routed = _Routes(of)
    return [
        web.post("/services/oauth2/token", routed.token),
        web.post("/services/oauth2/revoke", routed.revoke),
        web.get("/services/oauth2/userinfo", routed.userinfo, allow_head=False),
        web.get("/id/{org}/{user}", routed.identity, allow_head=False),
        web.post("/services/Soap/u/{version}", routed.soap),
        web.post("/services/Soap/u/{version}/{org}", routed.soap),
        web.post("/services/Soap/c/{version}", routed.soap),
        web.post("/services/Soap/c/{version}/{org}", routed.soap),
    ]


class _Routes:
    def __init__(self, of: org.Org) -> None:
        self.org = of

    async def token(self, request: web.Request) -> web.Response:
        """Hand out a session for a grant; with a password a token to refresh it too."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        form = grants.client_of(request.headers.get("Authorization", "")) | form
        try:
            username = grants.granted(self.org, form, request.host.partition(":")[0].lower())
        except grants.Refused as refused:
            return answers.told({"error": refused.args[0], "error_description": refused.args[1]}, 400)
        user = f"{self.org.org_id}/{self.org.id_of(username)}"
        told = {
            "access_token": self.org.new_token(username),
            "instance_url": instance(request),
            "id": f"https://login.salesforce.com/id/{user}",
            "token_type": "Bearer",
            "scope": "api refresh_token" if form["grant_type"] == "password" else "api",
        }
        if form["grant_type"] == "password":
            told["refresh_token"] = self.org.new_refresh_token(username)
        if form["grant_type"] != grants.JWT:
            signed = base64.b64encode(self.org.client_secret[:32].encode()).decode()
            told |= {"issued_at": str(int(time.time() * 1000)), "signature": signed}
        return answers.told(told)

    async def revoke(self, request: web.Request) -> web.Response:
        """End a session, or the right to refresh one."""
        token = str((await request.post()).get("token", ""))
        if self.org.refresh_tokens.pop(token, None) is None and self.org.tokens.pop(token, None) is None:
            return answers.told({"error": "unsupported_token_type", "error_description": "this token type is not supported"}, 400)
        return web.Response()

    async def userinfo(self, request: web.Request) -> web.Response:
        """Tell whose session it is, as OpenID Connect has it."""
        about, url = self._about(request, request["user_id"]), instance(request)
        told = {
            "sub": about["id"],
            **{name: about[name] for name in ("user_id", "organization_id")},
            "preferred_username": about["username"],
            "nickname": about["nick_name"],
            "name": about["display_name"],
            "email": about["email"],
            "email_verified": True,
            "given_name": None,
            "family_name": about["display_name"],
            "zoneinfo": "GMT",
            "photos": about["photos"],
            "profile": f"{url}/{about['user_id']}",
            "picture": about["photos"]["picture"],
            "address": {},
            "is_salesforce_integration_user": False,
            **{name: about[name] for name in ("urls", "active", "user_type", "language", "locale")},
            "utcOffset": about["utcOffset"],
            "updated_at": "2026-01-01T00:00:00Z",
        }
        return answers.told(told)

    async def identity(self, request: web.Request) -> web.Response:
        """Tell who the user is whose address the token endpoint named; other users' aren't shown."""
        org_id, user_id = request.match_info["org"], request.match_info["user"]
        if (org_id[:15], user_id[:15]) != (self.org.org_id[:15], str(request["user_id"])[:15]):
            raise answers.Refused(403, "INSUFFICIENT_ACCESS", "Bad_Id")
        return answers.told(self._about(request, request["user_id"]))

    def _about(self, request: web.Request, user_id: str) -> dict[str, Any]:
        url, username = instance(request), self.org.name_of(user_id)
        name = "Loader" if user_id == self.org.user_id else "Limited"
        return {
            "id": f"https://login.salesforce.com/id/{self.org.org_id}/{user_id}",
            "asserted_user": True,
            "user_id": user_id,
            "organization_id": self.org.org_id,
            "username": username,
            "nick_name": name.lower(),
            "display_name": name,
            "email": username,
            "email_verified": True,
            "first_name": None,
            "last_name": name,
            "timezone": "GMT",
            "photos": {"picture": f"{url}/profilephoto/005/F", "thumbnail": f"{url}/profilephoto/005/T"},
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "last_modified_date": "2026-01-01T00:00:00Z",
            "is_app_installed": True,
            "urls": {key: f"{url}/{place}" for key, place in PLACES.items()} | {"profile": f"{url}/{user_id}", "custom_domain": url},
        }

    async def soap(self, request: web.Request) -> web.Response:
        """SOAP's login() and logout(), partner or enterprise; its other calls aren't here."""
        body = (await request.content.read(1 << 20)).decode("utf-8", "replace")
        version, door = request.match_info["version"], request.path.split("/")[3]
        if re.search(r"<(\w+:)?logout\b", body):
            return self._ended(_element(body, "sessionId"), KINDS[door])
        if not re.fullmatch(r"\d{2}\.0", version) or float(version) >= NO_SOAP_LOGIN:
            return _fault("UNSUPPORTED_API_VERSION", f"login() isn't there in API version {saxutils.escape(version)}")
        given = {name: saxutils.unescape(_element(body, name), {"&quot;": '"', "&apos;": "'"}) for name in ("username", "password")}
        if not self.org.knows(given["username"], given["password"]):
            return _fault("INVALID_LOGIN", BAD_LOGIN)
        user_id = self.org.id_of(given["username"])
        told = {
            "kind": KINDS[door],
            "door": door,
            "url": instance(request),
            "version": version,
            "org_id": self.org.org_id,
            "sandbox": str(self.org.settings.sandbox).lower(),
            "user_id": user_id,
            "token": self.org.new_token(given["username"]),
            "username": saxutils.escape(given["username"]),
            "name": "Loader" if user_id == self.org.user_id else "Limited",
        }
        return web.Response(text=RESULT.format(**told), content_type="text/xml")

    def _ended(self, token: str, kind: str) -> web.Response:
        if self.org.tokens.pop(token, None) is None:
            return _fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        return web.Response(text=ENDED.format(kind=kind), content_type="text/xml")


def _fault(code: str, text: str) -> web.Response:
    return web.Response(text=FAULT.format(code=code, text=text), status=500, content_type="text/xml")


def instance(request: web.Request) -> str:
    """Where the client goes on: under a Salesforce name if it came through the proxy, else where it is."""
    host = request.host.partition(":")[0]
    return MY_DOMAIN if SALESFORCE.search(host) else f"{request.scheme}://{request.host}"


def _element(body: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}>(.*?)</(?:\w+:)?{name}>", body, re.DOTALL)
    return found[1] if found else ""
