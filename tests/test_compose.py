"""docker-compose.yaml → whether it fits the compose specification, itself, and the native stack. Nothing is started."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from moto.server import ThreadedMotoServer

from scripts import compose_env, compose_init
from scripts.stack import airflow_settings, services, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = sorted(name for name in SERVICES if name.startswith("airflow-"))
LONG_RUNNING = sorted(set(SERVICES) - {"airflow-init"})
# The native stack alone: LocalExecutor's limit; the tables are made while the API server loads; loopback needs no proxy.
ONLY_NATIVE = {"AIRFLOW__CORE__PARALLELISM", "AIRFLOW__DATABASE__CHECK_MIGRATIONS", "BULKLOAD_SCRATCH", "NO_PROXY", "no_proxy"}
# Compose makes the connection in the database, because its org says how to log in only when it starts.
BY_IMPORT = {"AIRFLOW_CONN_SALESFORCE_DEFAULT"}
ORG = {"client_id": "key", "client_secret": "word", "proxy_url": "http://127.0.0.1:3128", "ca_file": "/org/x/ca.pem"}


def environment(service: str) -> dict[str, str]:
    """Read what a service finds in its environment: the shared file, then its own block."""
    files = SERVICES[service].get("env_file") or []
    shared = airflow_settings.shared() if files == "deploy/airflow.env" else {}
    return shared | SERVICES[service].get("environment", {})


def mounts(service: str) -> dict[str, str]:
    """Map what is mounted to where."""
    return dict(each.split(":")[:2] for each in SERVICES[service].get("volumes", []))


def test_it_fits_the_specification() -> None:
    """Every key is one that compose knows."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yaml"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == found.returncode, found.stdout


@pytest.mark.parametrize("service", AIRFLOW)
def test_all_airflow_services_are_alike(service: str) -> None:
    """One environment and one set of mounts for all: a task finds on every worker what the scheduler saw."""
    expected = environment("airflow-scheduler")
    assert (expected, mounts("airflow-scheduler")) == (
        {name: value for name, value in environment(service).items() if name in expected},
        mounts(service),
    )


def test_settings_agree_with_the_native_stack() -> None:
    """Both stacks set the same names; the shared ones to the same values."""
    asked = wanted.Wanted(Path("/somewhere"))
    native = airflow_settings.environment(asked, "postgresql://", 80, airflow_settings.Secrets(), ORG)
    ours = {name for name in native if name.startswith(("AIRFLOW", "BULKLOAD", "PYTHONPATH", "NO_PROXY", "no_proxy"))}
    compose = environment("airflow-worker")
    assert ONLY_NATIVE | BY_IMPORT == ours - compose.keys()
    assert airflow_settings.shared() == {name: compose[name] for name in airflow_settings.shared()}


def test_folders_agree_with_the_native_stack() -> None:
    """`include` is found from PYTHONPATH alone; DAGs and plugins are the project's, at the paths that Airflow is told."""
    settings, where = environment("airflow-triggerer"), mounts("airflow-triggerer")
    root = settings["PYTHONPATH"]
    expected = {f"./{name}": f"{root}/{name}" for name in ("dags", "plugins", "include", "scripts", "deploy")}
    assert expected == {source: target for source, target in where.items() if source.startswith("./")}
    assert (where["./dags"], where["./plugins"]) == (
        settings["AIRFLOW__CORE__DAGS_FOLDER"],
        settings["AIRFLOW__CORE__PLUGINS_FOLDER"],
    )


def test_the_same_services_run() -> None:
    """What the native stack starts, plus a Celery worker, and before them the tables."""
    commands = {" ".join(command[:1]) for name, command in services.COMMANDS.items() if name != "migrate"}
    running = {SERVICES[name]["command"].removeprefix("airflow ") for name in AIRFLOW if name != "airflow-init"}
    assert commands | {"celery worker"} == running
    assert "airflow db migrate" in SERVICES["airflow-init"]["command"][2]


def test_the_pool_is_made_and_named() -> None:
    """The pool that all tasks use exists before the first one is scheduled, and counts deferred tasks."""
    made = re.search(r"airflow pools set (\S+) \d+ .* --include-deferred", SERVICES["airflow-init"]["command"][2])
    assert made
    assert airflow_settings.POOL == made[1] == environment("airflow-scheduler")["BULKLOAD_POOL"]


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_services_are_watched_and_private(service: str) -> None:
    """Each has a health check, and what can be reached from outside is bound to this machine."""
    about = SERVICES[service]
    assert (True, []) == ("test" in about["healthcheck"], [port for port in about.get("ports", []) if not port.startswith("127.0.0.1:")])


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_images_are_pinned(service: str) -> None:
    """No image of somebody else comes in whatever version is the latest."""
    image = SERVICES[service]["image"]
    assert image == "bulkload-airflow:local" or re.fullmatch(r"[\w./-]+:\d[\w.-]*", image)


def test_the_image_is_built_from_the_lock() -> None:
    """The containers hold what the native stack holds."""
    assert "pip install --no-cache-dir --requirement /tmp/requirements.txt" in (ROOT / "Dockerfile").read_text()


def test_every_secret_has_its_line() -> None:
    """What the compose file takes from .env stands in .env.example, and nothing else does."""
    asked = set(re.findall(r"\$\{(\w+)", TEXT)) - {"HOSTNAME"}
    assert asked == set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_secrets_are_filled_in(tmp_path: Path) -> None:
    """Fresh values for all names, private, and never over a file that stands."""
    first, second = compose_env.main(tmp_path), compose_env.main(tmp_path)
    file = tmp_path / ".env"
    values = re.findall(r"^\w+=(.*)$", file.read_text(), re.MULTILINE)
    assert (0, 1, 0o600) == (first, second, stat.S_IMODE(file.stat().st_mode))
    assert (8, True) == (len(set(values)), all(len(value) > 30 for value in values))


def test_the_org_knows_its_options() -> None:
    """The command line of the local org's container is one that the local org takes."""
    told = subprocess.run(
        [sys.executable, "-m", "include.local_org", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    options = re.findall(r"(--[\w-]+) ", SERVICES["local-org"]["command"])
    assert (5, []) == (len(options), [option for option in options if option not in told])


def test_other_containers_reach_the_org_by_name() -> None:
    """The connection differs from the native one in the proxy's host only."""
    found = compose_init.connections(ORG)["salesforce_default"]
    expected = airflow_settings.connection({**ORG, "proxy_url": "http://local-org:3128"})
    assert ("local-org" in SERVICES, expected) == (True, found)


@pytest.fixture
def s3() -> Iterator[str]:
    """An S3 over HTTP on this machine."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore")
def test_init_prepares_what_services_need(tmp_path: Path, s3: str) -> None:
    """Bucket, password file and connections, twice without harm: compose runs it at every start."""
    aws = json.loads(environment("airflow-worker")["AIRFLOW_CONN_AWS_DEFAULT"])
    aws["extra"]["endpoint_url"] = s3
    given = {
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(tmp_path / "passwords.json"),
        "AIRFLOW_ADMIN_PASSWORD": "word",
    }
    started = tmp_path / "started.json"
    started.write_text(json.dumps(ORG))
    for _ in range(2):
        compose_init.main(tmp_path / "connections.json", given, started)
    assert {"admin": "word"} == json.loads((tmp_path / "passwords.json").read_text())
    assert compose_init.connections(ORG) == json.loads((tmp_path / "connections.json").read_text())


def test_the_bucket_is_that_of_the_run_base() -> None:
    """Runs and large XComs go where init made a bucket."""
    settings = environment("airflow-worker")
    places = [settings["BULKLOAD_RUN_BASE"], settings["AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH"]]
    assert [f"s3://aws_default@{compose_init.BUCKET}"] * 2 == [place.rsplit("/", 1)[0] for place in places]
