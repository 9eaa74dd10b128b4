"""A run that lost rows, or was a mistake → replayed and undone by runs of the same DAG, through Airflow's REST API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import pytest

from tests.dags import test_runs
from tests.running import airflow, clicks, steering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.stack import running

DAG = test_runs.DAG
LOOKS = 20
LOAD = ("split", "settle_parent", "id_map", "orphan_filter", "settle_child")


class Trial(test_runs.Trial):
    """A load whose runs are replayed and undone."""

    def lost(self) -> str:
        """A load of which one account is refused, and its contacts with it; the org's rule is mended afterwards."""
        self.org.steer(row_faults=[{"object": "Account", "field": "Name", "value": ACME, "error": "SOME_RULE:no:--"}])
        played = self.play()
        assert ("failed", ["Cyd"]) == (played.state, [first for first, *_ in self.contacts()])
        self.org.steer(looks=3)
        return played.run_id

    def after(self, **conf: Any) -> airflow.Played:
        """Replay or undo to the end."""
        return airflow.play(self.stack, DAG, conf, test_runs.PATIENCE)

    def answered(self, run: str, word: str) -> None:
        """Answer when somebody is asked; once more if he is asked again.

        Airflow loses an answer that comes before its scheduler has noticed that the task waits, and asks again: so look for a while.
        """
        looks = 0

        def is_over(seen: dict[str, str | None]) -> bool:
            nonlocal looks
            looks = looks + 1 if seen.get("undo.approve") == "awaiting_input" else 0
            if looks >= LOOKS:
                path = f"dags/{DAG}/dagRuns/{run}/taskInstances/undo.approve/-1/hitlDetails"
                self.api.ask("PATCH", path, {"chosen_options": [word], "params_input": {}})
            return seen.get("undo.approve") == "success"

        self.until(run, is_over)


ACME = test_runs.ACCOUNTS[0]["name"]


@pytest.fixture
def trial(airflow_stack: running.Stack, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A trial of this test's own; the org is plain again afterwards."""
    made = Trial(airflow_stack, "m" + request.node.name.removeprefix("test_")[:24].replace("_", ""))
    yield made
    made.org.calm()


def test_a_run_is_replayed_once_and_undone_when_somebody_agrees(trial: Trial) -> None:
    """What it lost comes, deferred, after a cancelled try; a refused undo touches nothing, an approved one takes back all records."""
    lost = trial.lost()
    cancelled(trial, lost)
    played = trial.after(mode="replay", replay_of=lost)
    last = played.last()
    assert ("success", {"skipped"}, True) == (
        played.state,
        {last[task] for task in (*LOAD, "undo.dry_run", "undo.approve", "undo.act")},
        "deferred" in played.states("replay.send"),
    )
    assert test_runs.all_contacts(trial) == trial.contacts()
    told, jobs = trial.summary(played.run_id), len(trial.org.jobs())
    assert (2, 1, 2) == (told["replay"]["number"], *(told["objects"][name]["succeeded"] for name in ("Account", "Contact")))
    trial.clear(played.run_id)
    trial.until(played.run_id, lambda seen: seen.get("summary") != "success")
    assert ("success", told, jobs) == (trial.ended(played.run_id), trial.summary(played.run_id), len(trial.org.jobs()))
    asked_and_undone(trial, lost)


def cancelled(trial: Trial, lost: str) -> None:
    """A replay whose task is marked failed while it waits: its job is aborted, and what it took is left to the next one."""
    trial.org.steer(looks=1_000)
    run = clicks.begun(trial.api, DAG, {"mode": "replay", "replay_of": lost})
    run.until_reads("replay.send", "deferred")
    run.mark("replay.send", "failed")
    ended, told = run.ended(), run.summary()["objects"]["Account"]
    states = [trial.org.job(each["id"])["state"] for each in told["jobs"]]
    assert ("failed", ["Aborted"], {"unprocessed": 1}) == (ended, states, told["left"])
    trial.org.steer(looks=3)


def asked_and_undone(trial: Trial, lost: str) -> None:
    """The second half: rejected, asked once more, approved."""
    trial.org.steer()
    run = trial.api.trigger(DAG, {"mode": "undo", "undo_of": lost})
    trial.answered(run, "Reject")
    refused = (trial.ended(run), trial.summary(run)["status"], len(trial.accounts()), len(trial.contacts()))
    assert ("success", "REFUSED", 3, 3) == refused
    trial.clear(run, "undo.approve")
    trial.until(run, lambda seen: seen.get("undo.approve") != "success")
    trial.answered(run, "Approve")
    trial.until(run, lambda seen: seen.get("undo.act") == "success")
    assert ("success", [], []) == (trial.ended(run), trial.accounts(), trial.contacts())
    told = trial.summary(run)
    assert ("COMPLETED", 6, True, "admin") == (told["status"], told["deleted"], told["answer"]["agreed"], told["answer"]["by"])


def test_a_night_brings_what_the_night_before_lost(airflow_stack: running.Stack) -> None:
    """By itself, after its own load, deferred; its summary tells it."""
    org, inbox = steering.Org(airflow_stack.org), f"{airflow_stack.run_base}/inbox"
    for night in ("first", "second"):
        path = Path(urlparse(inbox).path) / f"nights-{night}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps([{"name": night, "sourceId": f"nights-{night}"}]), "utf-8")
    org.steer(row_faults=[{"object": "Account", "field": "Name", "value": "first", "error": "SOME_RULE:no:--"}])
    lost = airflow.play(airflow_stack, "trial_nights", {"inbox": inbox, "file": "nights-first"})
    org.steer(looks=3)
    played = airflow.play(airflow_stack, "trial_nights", {"inbox": inbox, "file": "nights-second"})
    found = org.query("SELECT Name FROM Account WHERE External_Id__c LIKE 'nights-%'")
    told = airflow_stack.rest().xcom("trial_nights", played.run_id, "summary")
    assert ("failed", "success", True, {"first", "second"}) == (
        lost.state,
        played.state,
        "deferred" in played.states("leftovers"),
        {each["Name"] for each in found},
    )
    assert {lost.run_id: {"Account": {"taken": 1, "succeeded": 1, "left": {}}}} == told["leftovers"]
    org.calm()
