"""A connections file or the environment → the org of a plan as a client, its databases as opened connections.

The file is JSON: connection id → an object for an org, a SQLAlchemy URL for a database. What Airflow exports fits too.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib import parse

from include.bulkload.basics import errors
from include.salesforce import calls, client, credentials, logins, wire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORG = "BULKLOAD_CONNECTION"
DATABASE = "BULKLOAD_SQL_"
# Ours, then Airflow's name of the same.
TOKEN = ("access_token", "session_id")
CLIENT = ("client_id", "consumer_key")
SECRET = ("client_secret", "consumer_secret")
WAYS = "give instance_url with access_token, or with client_id and client_secret"


@dataclass(frozen=True, slots=True)
class Connections:
    """What is known of connections: those of a file, and the environment's variables, which count where the file has none."""

    said: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def org(self, conn_id: str) -> client.BulkClient:
        """Make a client for an org. Raises LoginRefused, without a log-in yet, for a connection that is missing or says too little."""
        found = self._org(conn_id)
        url = found.get("instance_url") or (f"https://{found['domain']}.salesforce.com" if found.get("domain") else "")
        session = calls.session(found.get("ca_file"), _proxies(found.get("proxies")))
        token, client_id, secret = (_first(found, names) for names in (TOKEN, CLIENT, SECRET))
        if not url or not (token or (client_id and secret)):
            raise errors.LoginRefused(f"connection {conn_id}: it doesn't say enough to log in; {WAYS}")
        wire.origin(str(url))
        ask = (lambda: wire.Session(str(url), token)) if token else credentials.client(str(url), client_id, secret, session)
        version = str(found.get("version") or wire.API_VERSION)
        return client.BulkClient(logins.Shared(ask), session=session, version=version)

    def database(self, conn_id: str) -> Any:
        """Open a database, as its driver does. Raises SourceError for a connection that is missing, NetworkFault if it can't be reached."""
        import sqlalchemy

        variable = DATABASE + re.sub(r"\W", "_", conn_id).upper()
        said = self.said.get(conn_id) or self.environment.get(variable)
        url = said.get("url") if isinstance(said, dict) else said
        if not url:
            raise errors.SourceError(f"connection {conn_id}: nothing says where it leads; set {variable} to a SQLAlchemy URL")
        try:
            engine = sqlalchemy.create_engine(str(url), poolclass=sqlalchemy.NullPool)
        except (sqlalchemy.exc.ArgumentError, ImportError) as wrong:
            # Its text may quote the password.
            raise errors.SourceError(f"connection {conn_id}: {type(wrong).__name__}; write dialect://user:password@host/name") from wrong
        try:
            pooled = engine.raw_connection()
        except sqlalchemy.exc.SQLAlchemyError as wrong:
            kind = type(wrong).__name__
            raise errors.NetworkFault(f"connection {conn_id}: the database can't be reached ({kind}); look at its address") from wrong
        # The driver's own connection: how rows are streamed depends on the driver.
        driven = pooled.dbapi_connection
        pooled.detach()
        return driven

    def _org(self, conn_id: str) -> Mapping[str, Any]:
        """What is said of an org: the file's word, else the environment's."""
        if conn_id in self.said or self.said.keys() & {"instance_url", "domain"}:
            return _flat(conn_id, self.said.get(conn_id, self.said))
        if text := self.environment.get(ORG, "").strip():
            return _flat(conn_id, _read(ORG, text) if text.startswith("{") else _from_uri(text))
        raise errors.LoginRefused(f"connection {conn_id}: nothing says where it leads; set {ORG}, or name a file by --connection")


def known(path: Path | None) -> Connections:
    """Read the connections of a file, if there is one, and of the environment. Raises LoginRefused for what isn't JSON."""
    if path is None:
        return Connections({}, os.environ)
    try:
        return Connections(_read(str(path), path.read_text("utf-8")), os.environ)
    except (OSError, UnicodeDecodeError) as wrong:
        raise errors.LoginRefused(f"{path}: it can't be read ({type(wrong).__name__}); name a file of connections") from wrong


def _read(where: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as wrong:
        raise errors.LoginRefused(f"{where}: it isn't JSON; {WAYS}") from wrong
    if not isinstance(found, dict):
        raise errors.LoginRefused(f"{where}: it holds no JSON object; {WAYS}")
    return found


def _from_uri(text: str) -> dict[str, Any]:
    """Read `https://<client id>:<secret>@<My Domain host>`, or `https://<token>@<host>`; what is reserved is percent-encoded."""
    parts = parse.urlsplit(text)
    user, password = (parse.unquote(each or "") for each in (parts.username, parts.password))
    found = {
        "instance_url": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        "version": dict(parse.parse_qsl(parts.query)).get("version"),
    }
    return found | ({CLIENT[0]: user, SECRET[0]: password} if password else {TOKEN[0]: user})


def _flat(conn_id: str, said: Any) -> dict[str, Any]:
    """One object of all that is said: what Airflow keeps in `extra` stands in it too."""
    if not isinstance(said, dict):
        raise errors.LoginRefused(f"connection {conn_id}: it is no object; {WAYS}")
    extra = said.get("extra") or {}
    more = _read(f"connection {conn_id}, extra", extra) if isinstance(extra, str) else extra
    return {**said, **more}


def _first(found: Mapping[str, Any], names: tuple[str, str]) -> str:
    return str(next((found[name] for name in names if found.get(name)), ""))


def _proxies(said: Any) -> dict[str, str] | None:
    return {"http": said, "https": said} if isinstance(said, str) and said else said or None
