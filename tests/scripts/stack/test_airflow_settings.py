"""The environment that every Airflow service gets."""

from __future__ import annotations

import json
import os
from pathlib import Path

from airflow.models.connection import Connection

from scripts.stack import airflow_settings, wanted

ORG = {"client_id": "key", "client_secret": "word", "proxy_url": "http://127.0.0.1:5", "ca_file": "/ca.pem"}
ASKED = wanted.Wanted(Path("/somewhere/stack"))


def test_airflow_reads_the_connection() -> None:
    """Airflow finds no login and no password in it: else simple-salesforce would try another kind of log-in."""
    found = Connection(**airflow_settings.connection(ORG) | {"extra": json.dumps(airflow_settings.connection(ORG)["extra"])})
    assert ("salesforce", None, None, "key") == (found.conn_type, found.login, found.password, found.extra_dejson["consumer_key"])


def test_the_shared_settings_are_in() -> None:
    """The native stack has every setting that the compose file has in common with it."""
    environment = airflow_settings.environment(ASKED, "postgresql://", 80, airflow_settings.Secrets(), ORG)
    assert airflow_settings.shared().items() <= environment.items()


def test_settings_of_the_shell_stay_outside() -> None:
    """A stack is the same whatever Airflow its caller's shell was set up for."""
    names = airflow_settings.environment(ASKED, "postgresql://", 80, airflow_settings.Secrets(), None).keys()
    foreign = {name for name in os.environ if name.startswith(airflow_settings.FOREIGN)}
    assert set() == (foreign & names) - airflow_settings.environment(ASKED, "", 80, airflow_settings.Secrets(), ORG).keys()


def test_what_is_given_wins() -> None:
    """A person's own settings for `make up` come last."""
    asked = wanted.Wanted(Path("/somewhere/stack"), given={"BULKLOAD_POOL": "mine"})
    assert "mine" == airflow_settings.environment(asked, "postgresql://", 80, airflow_settings.Secrets(), ORG)["BULKLOAD_POOL"]


def test_scratch_goes_with_the_stack() -> None:
    """Tasks that are killed when it ends leave rows there, and Airflow's home is removed."""
    environment = airflow_settings.environment(ASKED, "postgresql://", 80, airflow_settings.Secrets(), ORG)
    assert Path(environment["BULKLOAD_SCRATCH"]).is_relative_to(environment["AIRFLOW_HOME"])


def test_secrets_are_new_each_time() -> None:
    """No two stacks share a password or a key."""
    first, second = airflow_settings.Secrets(), airflow_settings.Secrets()
    assert [] == [name for name in ("password", "fernet", "jwt", "api") if getattr(first, name) == getattr(second, name)]
