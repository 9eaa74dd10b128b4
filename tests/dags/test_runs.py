"""Whole runs of `parent_child_load` under a real scheduler and triggerer, against a real org, through Airflow's REST API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from include import storage
from include.bulkload.ledger import entries
from scripts.stack import rest
from tests.running import airflow, steering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.stack import running

DAG = "parent_child_load"
PATIENCE = 120.0
ACCOUNTS = [
    {"name": "Acme, Inc.", "industry": "Energy", "billingCity": "Zürich", "sourceId": "007"},
    {"name": 'The "Quoted" Co', "sourceId": "1E5"},
    {"name": "Childless", "sourceId": "NA"},
]


class Trial:
    """One stack, one org, and a payload whose keys are this test's own."""

    def __init__(self, stack: running.Stack, name: str) -> None:
        self.stack = stack
        self.api: rest.Rest = stack.rest()
        self.org = steering.Org(stack.org)
        self.name = name
        self.api.await_dag(DAG)

    def payload(self) -> dict[str, Any]:
        """Three accounts, two of them with contacts."""
        accounts = [{**each, "sourceId": f"{self.name}-{each['sourceId']}"} for each in ACCOUNTS]
        accounts[0]["contacts"] = [self._contact("Ann"), self._contact("Bob")]
        accounts[1]["contacts"] = [self._contact("Cyd")]
        return {"accounts": accounts}

    def _contact(self, first: str) -> dict[str, str]:
        return {"firstName": first, "lastName": self.name, "email": f"{first}.{self.name}@Example.com"}

    def config(self, **more: Any) -> dict[str, Any]:
        """A config that polls a local org often."""
        return {"payload": self.payload(), "poll_seconds": 0.5} | more

    def play(self, **more: Any) -> airflow.Played:
        """Run to the end."""
        return airflow.play(self.stack, DAG, self.config(**more), PATIENCE)

    def begin(self, until: str, state: str, **more: Any) -> str:
        """Start a run and follow it until a task instance reads `state`; the run's id."""
        run = self.api.trigger(DAG, self.config(**more))
        self.until(run, lambda seen: seen.get(until) == state)
        return run

    def until(self, run: str, is_so: Callable[[dict[str, str | None]], bool]) -> dict[str, str | None]:
        """Follow a run until its tasks' states fit. Fails after a while."""
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            seen = {each.name: each.state for each in self.api.tasks(DAG, run)}
            if is_so(seen):
                return seen
            time.sleep(0.2)
        raise AssertionError(f"{run} never got there; last seen: {seen}")

    def ended(self, run: str) -> str:
        """Follow a run until it and its summary have ended; the run's state."""
        self.until(run, lambda seen: seen.get("summary") in {"success", "failed"} and self.api.state(DAG, run) in {"success", "failed"})
        return self.api.state(DAG, run)

    def mark(self, run: str, task: str, state: str, index: int = 0) -> None:
        """Mark a mapped task instance, as the UI does."""
        self.api.ask("PATCH", f"dags/{DAG}/dagRuns/{run}/taskInstances/{task}/{index}", {"new_state": state})

    def clear(self, run: str, *tasks: str, downstream: bool = True) -> None:
        """Clear tasks of a run, as the UI does; all of them if none is named."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": run, "only_failed": False, "include_downstream": downstream}
        self.api.ask("POST", f"dags/{DAG}/clearTaskInstances", body | ({"task_ids": list(tasks)} if tasks else {}))

    def summary(self, run: str) -> dict[str, Any]:
        """The summary that the run returned."""
        found: dict[str, Any] = self.api.xcom(DAG, run, "summary")
        return found

    def contacts(self) -> list[tuple[str, str, str]]:
        """What stands in the org: first name, e-mail, the account's key."""
        found = self.org.query(f"SELECT FirstName, Email, Account.External_Id__c FROM Contact WHERE LastName = '{self.name}'")
        return sorted((each["FirstName"], each["Email"], each["Account"]["External_Id__c"].removeprefix(f"{self.name}-")) for each in found)

    def accounts(self) -> list[tuple[str, str | None, str | None, str]]:
        """What stands in the org: name, industry, city, key."""
        found = self.org.query(f"SELECT Name, Industry, BillingCity, External_Id__c FROM Account WHERE External_Id__c LIKE '{self.name}-%'")
        return sorted(
            (each["Name"], each["Industry"], each["BillingCity"], each["External_Id__c"].removeprefix(f"{self.name}-")) for each in found
        )


@pytest.fixture
def trial(airflow_stack: running.Stack, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A trial of this test's own; the org is plain again afterwards."""
    made = Trial(airflow_stack, "t" + request.node.name.removeprefix("test_")[:24].replace("_", ""))
    yield made
    made.org.calm()


def all_contacts(trial: Trial) -> list[tuple[str, str, str]]:
    """What a whole load leaves behind."""
    return [(first, f"{first}.{trial.name}@example.com".lower(), key) for first, key in (("Ann", "007"), ("Bob", "007"), ("Cyd", "1E5"))]


def test_a_load_is_deferred_for_real_and_every_record_is_right(trial: Trial) -> None:
    """No worker is held while Salesforce works; each record is there once, under its own parent."""
    trial.org.steer(looks=4)
    played = trial.play()
    assert ("success", True, True) == (
        played.state,
        "deferred" in played.states("wait_for_parent[0]"),
        "deferred" in played.states("wait_for_child[0]"),
    )
    accounts = [("Acme, Inc.", "Energy", "Zürich", "007"), ("Childless", None, None, "NA"), ('The "Quoted" Co', None, None, "1E5")]
    assert (accounts, all_contacts(trial)) == (trial.accounts(), trial.contacts())
    assert ("COMPLETED", 3, 3) == tuple(
        trial.summary(played.run_id)[key] for key in ("status", "parentSuccessCount", "childRecordsSubmitted")
    )


def test_clearing_a_whole_finished_run_sends_nothing_and_says_the_same(trial: Trial) -> None:
    """The ledger stands, so every task reads what it did."""
    played = trial.play()
    before, jobs = trial.summary(played.run_id), len(trial.org.jobs())
    trial.clear(played.run_id)
    trial.until(played.run_id, lambda seen: seen.get("summary") != "success")
    assert ("success", before, jobs) == (trial.ended(played.run_id), trial.summary(played.run_id), len(trial.org.jobs()))
    assert all_contacts(trial) == trial.contacts()


def test_marking_a_waiting_task_failed_aborts_its_job(trial: Trial) -> None:
    """A person's cancel reaches Salesforce; the run is red and its summary is there."""
    trial.org.steer(job_seconds=3600)
    run = trial.begin("wait_for_parent[0]", "deferred")
    trial.mark(run, "wait_for_parent", "failed")
    assert "failed" == trial.ended(run)
    (job,) = trial.summary(run)["objects"]["Account"]["jobs"]
    assert ("FAILED", "Aborted") == (trial.summary(run)["status"], trial.org.job(job["id"])["state"])


def test_marking_the_run_failed_aborts_its_job_too(trial: Trial) -> None:
    """Cancelling from the run's page is the same cancel."""
    trial.org.steer(job_seconds=3600)
    run = trial.begin("wait_for_parent[0]", "deferred")
    trial.api.ask("PATCH", f"dags/{DAG}/dagRuns/{run}", {"state": "failed"})
    assert "failed" == trial.ended(run)
    (job,) = trial.summary(run)["objects"]["Account"]["jobs"]
    assert "Aborted" == trial.org.job(job["id"])["state"]
    seen = {each.name: each.state for each in trial.api.tasks(DAG, run)}
    # By this the summary knows that it was a person: nothing of the run goes by itself any more.
    assert ("skipped", "skipped") == (seen["settle_parent"], seen["id_map"])


def test_marking_a_submitting_task_failed_is_told_to_the_ledger(trial: Trial) -> None:
    """Its upload is ended, its job aborted; by the ledger the nights that follow know that nothing of the run goes by itself."""
    trial.org.steer(http_faults=[{"kind": "slow", "method": "PUT", "path": "/batches/?$", "seconds": 10}])
    run = trial.begin("parent_job[0]", "running")
    trial.until(run, lambda _: "Open" in {each["state"] for each in trial.org.jobs()})
    (job,) = [each for each in trial.org.jobs() if each["state"] == "Open"]
    trial.mark(run, "parent_job", "failed")
    assert "failed" == trial.ended(run)
    folder = storage.run_folder(fsspec.filesystem("file"), str(trial.stack.runs), DAG, run)
    assert ("Aborted", True) == (trial.org.job(job["id"])["state"], folder.read(entries.CANCELLED) is not None)


def test_a_job_that_is_gone_is_sent_again(trial: Trial) -> None:
    """Somebody deleted it while it was waited for: its rows go by another one, and every record is there once."""
    trial.org.steer(looks=1_000)
    run = trial.begin("wait_for_parent[0]", "deferred")
    (job,) = [each for each in trial.org.jobs() if each["state"] == "UploadComplete"]
    trial.org.forget(job["id"])
    trial.org.steer()
    assert ("success", 3, all_contacts(trial)) == (trial.ended(run), len(trial.accounts()), trial.contacts())
    states = [(each["id"] == job["id"], each["state"]) for each in trial.summary(run)["objects"]["Account"]["jobs"]]
    assert [(True, "gone"), (False, "JobComplete")] == states


def test_marking_a_waiting_task_success_stops_the_watching_only(trial: Trial) -> None:
    """The next task asks Salesforce and fails at once; cleared later, the run is finished as if nothing had been."""
    trial.org.steer(job_seconds=20)
    run = trial.begin("wait_for_parent[0]", "deferred")
    trial.mark(run, "wait_for_parent", "success")
    assert "failed" == trial.ended(run)
    (job,) = trial.summary(run)["objects"]["Account"]["jobs"]
    tries = [each.attempt for each in trial.api.tasks(DAG, run) if each.task == "settle_parent"]
    assert ([1], True) == (tries, trial.org.job(job["id"])["state"] in {"UploadComplete", "InProgress"})
    trial.org.steer()
    trial.clear(run, "wait_for_parent")
    trial.until(run, lambda seen: seen.get("summary") not in {"success", "failed"})
    assert ("success", all_contacts(trial)) == (trial.ended(run), trial.contacts())


def test_clearing_a_waiting_task_leaves_its_job_alone(trial: Trial) -> None:
    """The new try takes up the same job."""
    trial.org.steer(job_seconds=6)
    run = trial.begin("wait_for_parent[0]", "deferred")
    trial.clear(run, "wait_for_parent", downstream=False)
    assert ("success", all_contacts(trial)) == (trial.ended(run), trial.contacts())


def test_a_wait_that_timed_out_is_taken_up_again(trial: Trial) -> None:
    """The job goes on, the retry re-attaches, nothing is sent twice."""
    trial.org.steer(job_seconds=8)
    played = trial.play(wait_seconds=4)
    assert ("success", True, all_contacts(trial)) == (
        played.state,
        "up_for_retry" in played.states("wait_for_parent[0]"),
        trial.contacts(),
    )


def test_a_job_that_fails_is_a_result_and_no_child_job_is_made(trial: Trial) -> None:
    """Nobody got through: the tasks are green, the verdict is red."""
    trial.org.steer(
        job_ends=[{"object": "Account", "state": "Failed", "at": 0, "message": "InvalidBatch : Field name not found : told to"}]
    )
    played = trial.play()
    summary = trial.summary(played.run_id)
    assert ("failed", "success", "FAILED", "NOT_CREATED") == (
        played.state,
        played.last()["settle_child"],
        summary["status"],
        summary["childJob"],
    )


def test_a_dry_run_makes_no_job_and_counts_what_a_run_would_send(trial: Trial) -> None:
    """The same tasks, green; parents and children are told, nothing stands in the org."""
    jobs = len(trial.org.jobs())
    played = trial.play(dry_run=True)
    summary = trial.summary(played.run_id)
    assert ("success", True, jobs, []) == (played.state, summary["dryRun"], len(trial.org.jobs()), trial.accounts())
    assert {"Account": 3, "Contact": 3} == {name: each["unprocessed"] for name, each in summary["objects"].items()}
    assert ("skipped", "skipped") == (played.last()["parent_job"], played.last()["child_job"])


def test_a_mistake_in_the_config_is_said_before_anything_is_sent(trial: Trial) -> None:
    """One clear error, no retries, and a summary that has it."""
    jobs = len(trial.org.jobs())
    played = trial.play(max_failed={"Lead": 1})
    assert ("failed", ["failed"], jobs) == (played.state, played.states("split")[-1:], len(trial.org.jobs()))
    assert "max_failed.Lead" in trial.summary(played.run_id)["error"]


def test_the_form_refuses_what_no_run_could_use(trial: Trial) -> None:
    """The REST API answers with the reason; no run is made."""
    with pytest.raises(rest.ApiRefused, match="poll_seconds"):
        trial.api.trigger(DAG, trial.config(poll_seconds="often"))
