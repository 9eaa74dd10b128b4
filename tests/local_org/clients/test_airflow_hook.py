"""Airflow's SalesforceHook, each kind of login it offers, through the proxy → the right rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.clients import awkward

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
MY_DOMAIN = "localorg.my"
KINDS = ("token", "ip_filter", "oauth_password", "jwt_key", "jwt_file", "credentials", "session_url", "session_host")


def connections(line: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A connection for each kind of login, by name; a session's token is no part of one, the hook takes it as an argument."""
    whole = line["password"] + line["security_token"]
    app = {"consumer_key": line["client_id"], "consumer_secret": line["client_secret"]}
    key = Path(line["private_key_file"]).read_text("ascii")
    found = {
        "token": _connection(line["username"], line["password"], security_token=line["security_token"]),
        "ip_filter": _connection(line["username"], whole, organization_id=line["org_id"]),
        "oauth_password": _connection(line["username"], whole, **app),
        "jwt_key": _connection(line["username"], consumer_key=line["client_id"], private_key=key),
        "jwt_file": _connection(line["username"], consumer_key=line["client_id"], private_key_file_path=line["private_key_file"]),
        "credentials": _connection(domain=MY_DOMAIN, **app),
        "session_url": _connection(instance_url=f"https://{MY_DOMAIN}.salesforce.com"),
        "session_host": _connection(instance=f"{MY_DOMAIN}.salesforce.com"),
    }
    token = {"session_id": line["access_token"]}
    return {kind: {"connection": each, "arguments": token if kind.startswith("session") else {}} for kind, each in found.items()}


def _connection(login: str | None = None, password: str | None = None, **extra: str) -> dict[str, Any]:
    return {"conn_type": "salesforce", "login": login, "password": password, "extra": json.dumps(extra)}


def environment(line: dict[str, Any], home: Path) -> dict[str, str]:
    """Ours without other proxies and CAs, with the org's."""
    ours = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    return ours | {"HTTPS_PROXY": line["proxy_url"], "REQUESTS_CA_BUNDLE": line["ca_file"], "AIRFLOW_HOME": str(home), "PYTHONPATH": paths}


@pytest.fixture(scope="module")
def told(started: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the hook told of each kind."""
    command = [sys.executable, "-m", "tests.local_org.clients.hook_round"]
    environ = environment(started, tmp_path_factory.mktemp("airflow"))
    asked = json.dumps(connections(started))
    done = subprocess.run(command, cwd=ROOT, env=environ, input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_hook_loads_awkward_rows(told: dict[str, Any], held: Callable[[str], dict[str, str]], kind: str) -> None:
    """insert, upsert, update, delete, query: what the hook tells and what the org holds is what was sent."""
    assert (awkward.report(kind), awkward.kept(kind)) == (told[kind], held(kind))
