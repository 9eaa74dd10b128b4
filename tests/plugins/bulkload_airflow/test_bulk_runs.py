"""Run folders and payloads in object storage, reached through Airflow's connections."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms, task_runner
from moto.server import ThreadedMotoServer

from bulkload_airflow import bulk_inlets, bulk_runs
from include.bulkload.basics import errors
from include.bulkload.steps import ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 server on loopback with one bucket; one for all tests, because Airflow remembers a connection's store."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket, known to Airflow as connection `store` and to nobody else."""
    where = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps({"conn_type": "aws", "login": "k", "password": "s", "extra": where}))
    client = boto3.client("s3", aws_access_key_id="k", aws_secret_access_key="s", **where)
    client.create_bucket(Bucket="loads")
    return client


def test_a_payload_in_a_bucket_comes_through_its_connection(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials lie about in the environment."""
    monkeypatch.setenv("BULKLOAD_ALLOWED_ROOTS", "s3://store@loads/in")
    bucket.put_object(Bucket="loads", Key="in/accounts.json", Body=b'{"accounts": []}')
    (found,) = bulk_inlets.Inlet().files("s3://store@loads/in/accounts.json", tmp_path)
    with found.here() as path:
        assert b'{"accounts": []}' == path.read_bytes()


def test_a_payload_outside_the_roots_is_refused(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the connection could read."""
    monkeypatch.setenv("BULKLOAD_ALLOWED_ROOTS", "s3://store@loads/in")
    bucket.put_object(Bucket="loads", Key="secret.json", Body=b"{}")
    with pytest.raises(errors.SourceError, match="BULKLOAD_ALLOWED_ROOTS"):
        bulk_inlets.Inlet().files("s3://store@loads/secret.json", tmp_path)


def test_a_folder_in_a_bucket_comes_through_its_connection(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files, by name."""
    monkeypatch.setenv("BULKLOAD_ALLOWED_ROOTS", "s3://store@loads/in")
    for name in ("night/b.jsonl", "night/a.jsonl", "night.jsonl"):
        bucket.put_object(Bucket="loads", Key=f"in/{name}", Body=name.encode())
    found = bulk_inlets.Inlet().files("s3://store@loads/in/night/", tmp_path)
    told = []
    for each in found:
        with each.here() as path:
            told.append((each.name, path.read_bytes()))
    assert [("a.jsonl", b"night/a.jsonl"), ("b.jsonl", b"night/b.jsonl")] == told


def test_a_run_folder_stands_in_a_bucket(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run base names bucket and connection, and so do URIs; ids become plain names, never ways out."""
    monkeypatch.setenv("BULKLOAD_RUN_BASE", "s3://store@loads/runs")
    folder = bulk_runs.Place("dag", "../manual").folder()
    folder.create("ledger/begun.json", {"at": "now"})
    listed = bucket.list_objects_v2(Bucket="loads", Prefix="runs/")["Contents"]
    keys = [each["Key"] for each in listed if each["Key"].endswith("begun.json")]
    assert ({"at": "now"}, ["runs/dag/~2E.~2Fmanual/ledger/begun.json"]) == (folder.read("ledger/begun.json"), keys)
    assert "s3://store@loads/runs/dag/~2E.~2Fmanual/summary.json" == folder.uri("summary.json")


def test_a_memory_in_a_bucket_stands_beside_the_runs(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its URI names the connection, as the run base does."""
    monkeypatch.setenv("BULKLOAD_RUN_BASE", "s3://store@loads/runs")
    kept = bulk_runs.memory()
    kept.create("nightly/org/a.json", {"n": 1})
    assert ("s3://store@loads/runs/~memory", {"n": 1}) == (kept.uri(""), bulk_runs.memory().read("nightly/org/a.json"))
    assert b'{\n "n": 1\n}' == bucket.get_object(Bucket="loads", Key="runs/~memory/nightly/org/a.json")["Body"].read()


@dataclass
class Supervisor:
    """Airflow as a task asks it: one run of one DAG, in a state, with tasks in states; None: it doesn't answer."""

    run: str | None
    tasks: tuple[str, ...] = ()

    def send(self, message: Any) -> Any:
        """Count what is asked for."""
        if self.run is None:
            raise AirflowRuntimeError(comms.ErrorResponse(error=ErrorType.API_SERVER_ERROR))
        if isinstance(message, comms.GetTICount):
            return comms.TICount(count=sum(each in message.states for each in self.tasks))
        known = (message.dag_id, message.run_ids) == ("nightly", ["r1"])
        return comms.DRCount(count=int(known and (message.states is None or self.run in message.states)))


@pytest.mark.parametrize(
    ("airflow", "run_id", "expected"),
    [
        (Supervisor("running"), "r1", False),
        (Supervisor("queued"), "r1", False),
        (Supervisor("success", ("success",)), "r1", True),
        (Supervisor("failed", ("failed", "upstream_failed", "skipped")), "r1", True),
        (Supervisor("failed", ("failed", "running")), "r1", False),
        (Supervisor("failed", ("failed", "scheduled")), "r1", False),
        (Supervisor("success"), "deleted", None),
    ],
)
def test_a_run_is_over_when_airflow_says_so(
    airflow: Supervisor, run_id: str, expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while a task of it is at work: the summary of a run that was marked failed still aborts jobs."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    assert expected is bulk_runs.is_over(ports.RunName("nightly", run_id))


def test_an_airflow_that_doesnt_answer_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(None), raising=False)
    with pytest.raises(errors.NetworkFault, match="'r1' of 'nightly'"):
        bulk_runs.is_over(ports.RunName("nightly", "r1"))
