"""The compose stack's environment and the local org's start line → bucket, password file and the connections to import."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.stack import airflow_settings, programs

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTED = Path("/org/started.json")
# The service's name in docker-compose.yaml; the org itself only knows its loopback address.
HOST = "local-org"
BUCKET = "bulkload"


def connections(started: Mapping[str, Any]) -> dict[str, Any]:
    """Write the connection to the local org as `airflow connections import` takes it; other containers reach it by its name."""
    reached = {**started, "proxy_url": started["proxy_url"].replace("127.0.0.1", HOST)}
    return {"salesforce_default": airflow_settings.connection(reached)}


def make_bucket(connection: Mapping[str, Any]) -> None:
    """Create the bucket of the run base, unless it is there; `connection` is Airflow's, as JSON."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=connection["extra"]["endpoint_url"],
        region_name=connection["extra"]["region_name"],
        aws_access_key_id=connection["login"],
        aws_secret_access_key=connection["password"],
    )
    if BUCKET not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=BUCKET)
    client.close()


def main(target: Path, environment: Mapping[str, str] = os.environ, started: Path = STARTED) -> None:
    """Prepare what the services find when they start."""
    make_bucket(json.loads(environment["AIRFLOW_CONN_AWS_DEFAULT"]))
    passwords = Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    programs.private(passwords, json.dumps({airflow_settings.USER: environment["AIRFLOW_ADMIN_PASSWORD"]}))
    programs.private(target, json.dumps(connections(json.loads(started.read_text()))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
