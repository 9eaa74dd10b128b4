"""Plan files and plans in a config, run by a real Airflow against a real org."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest
import yaml

from tests.running import airflow, steering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.stack import running

PLANS = Path(__file__).parent / "plans"
PATIENCE = 60
BROKEN = """
name: broken
source: {uri: "{{ conn.crm.password }}"}
objects:
  Account: {sobject: Account, operation: insertt, colour: red, fields: {Name: name}}
"""


class Family:
    """Three accounts, one below another, and their contacts: written into the run base under a name of this test's own."""

    def __init__(self, stack: running.Stack, name: str) -> None:
        self.stack, self.name, self.org = stack, name, steering.Org(stack.org)
        self.inbox = f"{stack.run_base}/inbox"
        accounts = [self._account("top"), self._account("left", "top"), self._account("other"), self._account("third")]
        folder = Path(urlparse(self.inbox).path)
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps({"accounts": accounts}), "utf-8")

    def _account(self, key: str, parent: str = "") -> dict[str, Any]:
        above = {"parent": f"{self.name}-{parent}"} if parent else {}
        return {"name": key, "sourceId": f"{self.name}-{key}", "contacts": [{"lastName": f"{self.name}-{key}"}], **above}

    def play(self, dag: str, conf: dict[str, Any]) -> airflow.Played:
        """Run a DAG to its end; each job goes on until it was looked at some times."""
        self.org.steer(looks=3)
        return airflow.play(self.stack, dag, conf)

    def records(self) -> tuple[set[tuple[str, str | None]], set[tuple[str, str]]]:
        """What stands in the org: accounts with the account above, contacts with their account."""
        wanted = f"LIKE '{self.name}-%'"
        accounts = self.org.query(f"SELECT Name, Parent.Name FROM Account WHERE External_Id__c {wanted}")
        contacts = self.org.query(f"SELECT LastName, Account.Name FROM Contact WHERE LastName {wanted}")
        return (
            {(each["Name"], (each["Parent"] or {}).get("Name")) for each in accounts},
            {(each["LastName"].removeprefix(f"{self.name}-"), each["Account"]["Name"]) for each in contacts},
        )


WHOLE = (
    {("top", None), ("left", "top"), ("other", None), ("third", None)},
    {(name, name) for name in ("top", "left", "other", "third")},
)


@pytest.fixture(scope="module")
def broken_file(airflow_stack: running.Stack, more_plans: Path) -> Iterator[Path]:
    """A plan file with mistakes, which Airflow finds while the other tests run."""
    airflow_stack.rest().await_dag("trial_family")
    path = more_plans / "broken.yaml"
    path.write_text(BROKEN, "utf-8")
    yield path
    path.unlink()


@pytest.fixture
def family(airflow_stack: running.Stack, broken_file: Path, request: pytest.FixtureRequest) -> Iterator[Family]:
    """A family of this test's own; the org is plain again afterwards."""
    made = Family(airflow_stack, "f" + request.node.name.removeprefix("test_")[:20].replace("_", ""))
    yield made
    made.org.calm()


def test_a_plan_file_is_loaded_and_holds_no_worker_while_it_waits(family: Family) -> None:
    """The small first job, and the layer that settling sends, are waited for deferred; every record is right."""
    played = family.play("trial_family", {"inbox": family.inbox, "file": family.name})
    waited = [name for name in ("chunks_Account", "settle_Account") if "deferred" in played.states(name)]
    assert ("success", ["chunks_Account", "settle_Account"], WHOLE) == (played.state, waited, family.records())


def test_a_dry_run_counts_and_writes_nothing(family: Family) -> None:
    """The same tasks without a job: the summary foresees what the real run would do, and its log has the table."""
    played = family.play("trial_family", {"inbox": family.inbox, "file": family.name, "dry_run": True})
    api = family.stack.rest()
    seen = api.xcom("trial_family", played.run_id, "summary")
    to_send = {name: each["unprocessed"] for name, each in seen["objects"].items()}
    assert ("success", True, {"Account": 4, "Contact": 4}) == (played.state, seen["dryRun"], to_send)
    assert ({"skipped"}, (set(), set())) == ({played.last()[f"{name}_job"] for name in to_send}, family.records())
    (last,) = [each for each in played.seen if each.name == "summary" and each.state == "success"]
    assert "dry run: COMPLETED, nothing was written to Salesforce" in api.log("trial_family", played.run_id, last)


def test_a_plan_in_the_config_is_loaded_level_by_level(family: Family) -> None:
    """The same document, without templates, through `adhoc_load`; a run of it takes all back, and asks nobody who said so."""
    document = yaml.safe_load((PLANS / "trial_family.yaml").read_text("utf-8"))
    document |= {"name": "adhoc_family", "params": {}, "source": {"uri": f"{family.inbox}/{family.name}.json"}}
    played = family.play("adhoc_load", document)
    waited = [name for name in ("chunks_level_0", "settle_level_0") if "deferred" in played.states(name)]
    assert ("success", ["chunks_level_0", "settle_level_0"], WHOLE) == (played.state, waited, family.records())
    assert "skipped" == played.last()["level_5_job"]
    family.org.steer()
    undone = airflow.play(family.stack, "adhoc_load", {"mode": "undo", "undo_of": played.run_id, "undo_confirmed": True})
    assert ("success", "skipped", (set(), set())) == (undone.state, undone.last()["settle_level_0"], family.records())


def test_a_broken_plan_file_is_one_import_error_that_says_it_all(airflow_stack: running.Stack, broken_file: Path) -> None:
    """The DAGs of the other files are there, from a file without errors, and can be run."""
    api, found, late = airflow_stack.rest(), {}, time.monotonic() + PATIENCE
    while not found and time.monotonic() < late:
        found = {Path(each["filename"]).name: each["stack_trace"] for each in api.ask("GET", "importErrors")["import_errors"]}
        time.sleep(0.5)
    assert {"plan_mistakes.py"} == found.keys()
    places = ("objects.Account.operation", "objects.Account.colour", "source.uri")
    assert [True, True, True] == [f"{broken_file}: {place}: " in found["plan_mistakes.py"] for place in places]
    dag = api.ask("GET", "dags/trial_family")
    assert (False, False) == (dag["has_import_errors"], dag["is_stale"])
