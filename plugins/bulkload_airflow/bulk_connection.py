"""A `salesforce` connection → what it says, cleaned, and the way to its org: certificates, proxies, time-outs.

Airflow's form stores blank fields as empty strings, proxies as text, and booleans as it likes; the provider
takes an empty login for a password log-in. All that is put right here, once.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import certifi
import requests
from airflow.sdk import Connection
from requests import adapters
from requests import utils as requests_utils

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "extra__salesforce__"
# Under a name of ours, since simple-salesforce would log them, passwords and all, as not to be had with a session.
PROXIES = "door_proxies"
CONNECT_SECONDS = 10.0
# Salesforce takes up to two minutes for an answer before it gives up itself (contract 6).
ANSWER_SECONDS = 130.0


@dataclass(frozen=True, slots=True)
class Door:
    """How an org is reached: whose certificates count, which proxies, how long an answer may take (seconds)."""

    ca_file: str | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    connect_seconds: float = CONNECT_SECONDS
    answer_seconds: float = ANSWER_SECONDS

    @property
    def certificates(self) -> str:
        """The file of certificates that count: the connection's own, else the machine's, else the shipped ones."""
        own = self.ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        return own or certifi.where()

    def proxies_for(self, url: str) -> Mapping[str, str]:
        """The proxies towards `url`: the connection's own, else the environment's with its exceptions."""
        return self.proxies or requests_utils.get_environ_proxies(url)

    def proxy_for(self, url: str) -> str | None:
        """The one proxy towards `url`, if there is one."""
        return requests_utils.select_proxy(url, dict(self.proxies_for(url))) or None

    def session(self) -> requests.Session:
        """Open a session that goes through this door."""
        session = requests.Session()
        # Otherwise .netrc would replace the token, and REQUESTS_CA_BUNDLE the connection's own certificates.
        session.trust_env = False
        session.mount("https://", _DoorAdapter(self))
        session.mount("http://", _DoorAdapter(self))
        return session


class _DoorAdapter(adapters.HTTPAdapter):
    """Gives every request time-outs, certificates and proxies, also those that forget to ask."""

    def __init__(self, door: Door) -> None:
        self.door = door
        super().__init__()

    def send(self, request: requests.PreparedRequest, *_: Any, **given: Any) -> requests.Response:
        given["timeout"] = given.get("timeout") or (self.door.connect_seconds, self.door.answer_seconds)
        given["verify"] = self.door.certificates
        given["proxies"] = dict(self.door.proxies_for(request.url or ""))
        return super().send(request, **given)


@dataclass(frozen=True, slots=True)
class Said:
    """What a connection says, beyond what Airflow's own hook reads from it."""

    door: Door
    session_id: str | None
    instance_url: str | None
    version: str | None
    local_org: bool


def cleaned(connection: Any) -> Connection:
    """Copy a connection without empty strings, with proxies as a dict. Raises LoginRefused if it isn't one of Salesforce's."""
    if connection.conn_type != "salesforce":
        raise errors.LoginRefused(f"connection {connection.conn_id} is of type {connection.conn_type!r}; make it one of type salesforce")
    extra = _extra(connection)
    if "proxies" in extra:
        extra[PROXIES] = _proxies(connection.conn_id, extra.pop("proxies"))
    if "session_id" not in extra:
        # A JWT log-in would build https://<instance_url>.salesforce.com from it; only a session id needs it.
        extra.pop("instance_url", None)
    return Connection(
        conn_id=connection.conn_id,
        conn_type="salesforce",
        login=connection.login or None,
        password=connection.password or None,
        extra=json.dumps(extra),
    )


def said(connection: Connection) -> Said:
    """Read from a cleaned connection what our hook needs."""
    extra = _extra(connection)
    door = Door(
        ca_file=extra.get("ca_file"),
        proxies=extra.get(PROXIES, {}),
        connect_seconds=_seconds(connection.conn_id, extra, "connect_seconds", CONNECT_SECONDS),
        answer_seconds=_seconds(connection.conn_id, extra, "answer_seconds", ANSWER_SECONDS),
    )
    instance = extra.get("instance_url") or (f"https://{extra['instance']}" if extra.get("instance") else None)
    return Said(
        door=door,
        session_id=extra.get("session_id"),
        instance_url=instance,
        version=extra.get("version"),
        local_org=str(extra.get("local_org", "")).lower() == "true",
    )


def _extra(connection: Any) -> dict[str, Any]:
    """Read the extra, empty fields left out; an old prefixed name counts where the plain one is missing."""
    found = {name: value for name, value in connection.extra_dejson.items() if value not in (None, "", {})}
    old = {name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)}
    return old | {name: value for name, value in found.items() if not name.startswith(PREFIX)}


def _proxies(conn_id: str, given: Any) -> dict[str, str]:
    """Read proxies as the API or the form stored them: a dict, its JSON text, or one URL for all."""
    if isinstance(given, str) and given.startswith("{"):
        try:
            given = json.loads(given)
        except ValueError as wrong:
            raise errors.LoginRefused(f"connection {conn_id}: its proxies aren't JSON; write one URL, or scheme → URL") from wrong
    if isinstance(given, str):
        return {"http": given, "https": given}
    return {str(scheme): str(url) for scheme, url in given.items()}


def _seconds(conn_id: str, extra: Mapping[str, Any], name: str, default: float) -> float:
    try:
        return float(extra.get(name, default))
    except (TypeError, ValueError) as wrong:
        raise errors.LoginRefused(f"connection {conn_id}: {name} is no number of seconds; mend its extra") from wrong
