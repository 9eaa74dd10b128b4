"""A client id and its secret → a session, by OAuth's client credentials flow (contract 7.1); for who has no Airflow to log in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

from include.bulkload.basics import errors
from include.salesforce import calls, wire

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/services/oauth2/token"


def client(instance_url: str, client_id: str, client_secret: str, session: requests.Session) -> Callable[[], wire.Session]:
    """Make the way to log in as a client, to be asked whenever a session is needed.

    It raises LoginRefused for what a person must mend, SalesforceBusy or NetworkFault for what may pass. The secret is
    sent to a My Domain host over https only, or over loopback.
    """

    def ask() -> wire.Session:
        url = wire.origin(instance_url) + PATH
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        try:
            answer = session.post(url, data=form, timeout=calls.TIMEOUTS, allow_redirects=False)
        except requests.exceptions.SSLError as wrong:
            raise errors.LoginRefused(f"{url}: the certificate isn't trusted; name the authority's file as `ca_file`") from wrong
        except requests.RequestException as wrong:
            raise errors.NetworkFault(f"{url}: no answer to the log-in ({type(wrong).__name__}); try again") from wrong
        return _session(url, answer.status_code, answer.content)

    return ask


def _session(url: str, status: int, body: bytes) -> wire.Session:
    """Read the answer; what it quotes of the log-in is never told."""
    try:
        said: Any = json.loads(body)
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if status >= wire.SERVER_ERROR:
        raise errors.SalesforceBusy(f"{url}: Salesforce can't log in now ({status}); try again")
    if not wire.is_fine(status) or "access_token" not in said or "instance_url" not in said:
        why = ": ".join(str(said[key]) for key in ("error", "error_description") if key in said) or f"answer {status}"
        raise errors.LoginRefused(f"{url}: Salesforce refused the log-in ({why[:300]}); mend client id and secret, and name the My Domain")
    return wire.Session(str(said["instance_url"]), str(said["access_token"]))
