"""The user without the hard-delete permission: logs in by password, JWT and SOAP, and what he makes is his."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jwt

from tests.local_org.conformance import asked

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered


def test_the_second_user_logs_in_with_his_password(steered: Steered) -> None:
    """What he makes is his; his password is nobody else's."""
    form = {name: steered.line[name] for name in ("client_id", "client_secret")} | {"grant_type": "password"}
    form |= {"username": steered.line["limited_username"], "password": steered.line["limited_password"] + steered.line["security_token"]}
    url = f"{steered.url}/services/oauth2/token"
    granted = steered.session.post(url, data=form, timeout=10).json()
    refused = steered.session.post(url, data=form | {"username": steered.line["username"]}, timeout=10)
    his = asked.Salesforce(steered.url, granted["access_token"])
    created = his.call("POST", "/sobjects/Account", json={"Name": steered.key("his")}).json()["id"]
    (row,) = his.query(f"SELECT CreatedById FROM Account WHERE Id = '{created}'")
    me = his.call("GET", "/services/oauth2/userinfo").json()
    assert (row["CreatedById"], steered.line["limited_username"], 400) == (me["user_id"], me["preferred_username"], refused.status_code)
    assert granted["id"].endswith(me["user_id"])


def test_he_logs_in_by_jwt(steered: Steered) -> None:
    """The assertion's subject says who it is; nobody else may be one."""
    key = Path(steered.line["private_key_file"]).read_text()
    found = []
    for subject in (steered.line["limited_username"], "nobody@local.org"):
        claims = {"iss": steered.line["client_id"], "sub": subject, "aud": "https://login.salesforce.com", "exp": int(time.time()) + 120}
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt.encode(claims, key, "RS256")}
        found.append(steered.session.post(f"{steered.url}/services/oauth2/token", data=form, timeout=10))
    his = asked.Salesforce(steered.url, found[0].json()["access_token"])
    assert steered.line["limited_username"] == his.call("GET", "/services/oauth2/userinfo").json()["preferred_username"]
    assert (400, "invalid_grant") == (found[1].status_code, found[1].json()["error"])


def test_he_logs_in_by_soap(steered: Steered) -> None:
    """His session can't hard-delete."""
    secret = steered.line["limited_password"] + steered.line["security_token"]
    body = f"<x><n1:username>{steered.line['limited_username']}</n1:username><n1:password>{secret}</n1:password></x>"
    answer = steered.session.post(f"{steered.url}/services/Soap/u/59.0", data=body, headers={"Content-Type": "text/xml"}, timeout=10)
    (token,) = re.findall("<sessionId>(.*?)</sessionId>", answer.text)
    his = asked.Salesforce(steered.url, token)
    assert "FEATURENOTENABLED" == his.refused(object="Account", operation="hardDelete")[0]["errorCode"]


def test_his_query_jobs_are_his(steered: Steered) -> None:
    """They carry his Id, as his loads do."""
    his = steered.limited()
    user_id = his.call("GET", "/services/oauth2/userinfo").json()["user_id"]
    made = his.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"}).json()
    assert user_id == made["createdById"]
