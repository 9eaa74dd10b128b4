"""A `salesforce` connection → a login, one per process and connection, and a Bulk API 2.0 client over it.

Airflow's SalesforceHook logs in (client credentials, JWT bearer, password with token, session id); this hook
gives it clean fields, certificates, proxies and time-outs. The token stays in memory.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from typing import TYPE_CHECKING, Any

import jwt
import requests
import simple_salesforce.exceptions
from airflow.providers.salesforce.hooks.salesforce import SalesforceHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from bulkload_airflow import bulk_connection, settings
from include.bulkload.basics import errors
from include.salesforce import client, logins, wire

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from simple_salesforce.api import Salesforce

BUSY_CODES = {"server_error", "temporarily_unavailable", "unknown_error", "SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}
SERVER_ERROR = 500


class BulkHook(SalesforceHook):
    """Airflow's Salesforce hook, with its fields cleaned, for connections on the deployment's allow-list.

    :param salesforce_conn_id: Airflow connection of type `salesforce`; its extra may also hold `session_id`,
        `ca_file`, `connect_seconds`, `answer_seconds` and `local_org`.
    """

    def __init__(self, salesforce_conn_id: str = SalesforceHook.default_conn_name) -> None:
        super().__init__(salesforce_conn_id)

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Read an allowed connection, cleaned. Raises LoginRefused if it isn't allowed, missing, or of another type."""
        if conn_id not in settings.current().connections:
            message = f"connection {conn_id!r} isn't one that loads may use; add it to BULKLOAD_CONNECTIONS, or name another"
            raise errors.LoginRefused(message)
        try:
            return bulk_connection.cleaned(super().get_connection(conn_id))
        except AirflowNotFoundException as missing:
            raise errors.LoginRefused(f"connection {conn_id!r} doesn't exist; create one of type salesforce") from missing

    @functools.cached_property
    def connection(self) -> Connection:
        """The connection, cleaned, read once."""
        return self.get_connection(self.conn_id)

    @functools.cached_property
    def said(self) -> bulk_connection.Said:
        """What the connection says beyond the log-in."""
        return bulk_connection.said(self.connection)

    @functools.cached_property
    def conn(self) -> Salesforce:
        """Log in through simple-salesforce, anew for each hook: for everything but bulk loads."""
        self.session, self.session_id = self.said.door.session(), self.said.session_id
        return super().conn

    @property
    def version(self) -> str:
        """The API version, as in URLs: `66.0`."""
        return self.said.version or wire.API_VERSION

    def login(self) -> logins.Shared:
        """The process's one login over this connection; a changed connection has another."""
        mark = hashlib.sha256(f"{self.connection.login}\0{self.connection.password}\0{self.connection.extra}".encode()).hexdigest()
        with _GUARD:
            return _LOGINS.setdefault((self.conn_id, mark), logins.Shared(functools.partial(logged_in, self.conn_id)))

    def client(self) -> client.BulkClient:
        """Build a client for bulk loads over the process's login."""
        door = self.said.door
        timeouts = (door.connect_seconds, door.answer_seconds)
        return client.BulkClient(self.login(), session=door.session(), version=self.version, timeouts=timeouts)


# One login per process and connection: Salesforce limits log-ins per hour and user.
_LOGINS: dict[tuple[str, str], logins.Shared] = {}
_GUARD = threading.Lock()


def logged_in(conn_id: str) -> wire.Session:
    """Log in once over a connection. Raises LoginRefused, SalesforceBusy or NetworkFault."""
    hook = BulkHook(conn_id)
    said = hook.said
    if said.session_id and said.instance_url:
        return wire.Session(said.instance_url, said.session_id)
    try:
        found = hook.conn
    except (simple_salesforce.exceptions.SalesforceAuthenticationFailed, TypeError) as wrong:
        raise _refused(conn_id, wrong) from wrong
    except requests.exceptions.SSLError as wrong:
        message = f"connection {conn_id}: the certificate isn't trusted ({wrong}); name the authority's file in its extra `ca_file`"
        raise errors.LoginRefused(message) from wrong
    except requests.RequestException as wrong:
        raise errors.NetworkFault(f"connection {conn_id}: no answer to the log-in ({type(wrong).__name__}); it is tried again") from wrong
    except (OSError, ValueError, jwt.PyJWTError) as wrong:
        # Its text may quote the key.
        message = f"connection {conn_id}: its private key can't be read ({type(wrong).__name__}); mend `private_key` or its file"
        raise errors.LoginRefused(message) from wrong
    mask_secret(found.session_id)
    return wire.Session(f"https://{found.sf_instance}", found.session_id)


def _refused(conn_id: str, wrong: Exception) -> errors.BulkloadError:
    """Tell a refusal, which a person must mend, from a server that can't answer now."""
    code: Any = getattr(wrong, "code", None)
    if code in BUSY_CODES or (isinstance(code, int) and code >= SERVER_ERROR):
        return errors.SalesforceBusy(f"connection {conn_id}: Salesforce can't log in now ({code}); it is tried again")
    if isinstance(wrong, TypeError):
        return errors.LoginRefused(f"connection {conn_id}: its fields fit no kind of log-in; see docs/connections.md")
    told = " ".join(str(wrong).split())[:300]
    return errors.LoginRefused(
        f"connection {conn_id}: Salesforce refused the log-in ({told}); mend the connection, see docs/connections.md"
    )
