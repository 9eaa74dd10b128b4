"""Folders, ports, secrets and an org → the environment of every Airflow service (docs/operating.md lists what people may set)."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.stack import wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

USER = "admin"
POOL = "salesforce_jobs"
SHARED = wanted.PROJECT / "deploy" / "airflow.env"
# Settings of the caller's own shell would make each stack a different one.
FOREIGN = ("AIRFLOW_", "AIRFLOW__", "BULKLOAD_", "_AIRFLOW")
LOCAL_HOSTS = "127.0.0.1,localhost"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made anew for each stack."""

    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    fernet: str = field(default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    jwt: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    api: str = field(default_factory=lambda: secrets.token_urlsafe(32))


def shared() -> dict[str, str]:
    """Read the settings that the compose file has in common with us."""
    lines = (line.strip() for line in SHARED.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def environment(asked: wanted.Wanted, database: str, port: int, secret: Secrets, org: Mapping[str, Any] | None) -> dict[str, str]:
    """Put together the whole environment of the services; later parts win, `asked.given` last."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return ours | shared() | _folders(asked) | _native(database, port) | _secret(asked, secret) | _loads(asked, org) | asked.given


def _folders(asked: wanted.Wanted) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(asked.home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(asked.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(asked.plugins),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(asked.logs / "tasks"),
        "AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH": f"file://{asked.folder / 'xcom'}",
        "PYTHONPATH": str(wanted.PROJECT),
        # The services find one another on loopback, whatever proxy the machine needs for the rest.
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), LOCAL_HOSTS])),
        "no_proxy": ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), LOCAL_HOSTS])),
    }


def _native(database: str, port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        # The API server loads while the tables are made; everything else starts after them.
        "AIRFLOW__DATABASE__CHECK_MIGRATIONS": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
    }


def _secret(asked: wanted.Wanted, secret: Secrets) -> dict[str, str]:
    return {
        "AIRFLOW__CORE__FERNET_KEY": secret.fernet,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret.jwt,
        "AIRFLOW__API__SECRET_KEY": secret.api,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(asked.home / "passwords.json"),
    }


def _loads(asked: wanted.Wanted, org: Mapping[str, Any] | None) -> dict[str, str]:
    # What tasks that are killed leave in their scratch folders goes with the stack.
    settings = {"BULKLOAD_RUN_BASE": asked.run_base, "BULKLOAD_POOL": POOL, "BULKLOAD_SCRATCH": str(asked.scratch)}
    return settings if org is None else settings | {"AIRFLOW_CONN_SALESFORCE_DEFAULT": json.dumps(connection(org))}


def connection(org: Mapping[str, Any]) -> dict[str, Any]:
    """Write the local org's start line as a connection: client credentials, through its proxy, trusting its authority.

    Neither login nor password: with one of them, even empty, simple-salesforce would choose another kind of log-in.
    """
    extra = {
        "consumer_key": org["client_id"],
        "consumer_secret": org["client_secret"],
        "domain": "local-org.my",
        "proxies": {"https": org["proxy_url"], "http": org["proxy_url"]},
        "ca_file": org["ca_file"],
        "local_org": True,
    }
    return {"conn_type": "salesforce", "extra": extra}
