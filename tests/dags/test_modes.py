"""A run that lost rows, or was a mistake → replayed and undone by runs of the same DAG, through Airflow's REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.dags import test_runs
from tests.dags.test_plan_runs import PLANS, Family
from tests.running import airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.stack import running

DAG = test_runs.DAG
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

    def answered(self, run: str, word: str, task: str = "undo.approve") -> None:
        """Answer whenever somebody is asked, until that is over.

        Airflow loses an answer that comes in the second in which the task begins to wait, and asks again.
        """

        def is_over(seen: dict[str, str | None]) -> bool:
            if seen.get(task) == "awaiting_input":
                path = f"dags/{DAG}/dagRuns/{run}/taskInstances/{task}/-1/hitlDetails"
                self.api.ask("PATCH", path, {"chosen_options": [word], "params_input": {}})
            return seen.get(task) == "success"

        self.until(run, is_over)


ACME = test_runs.ACCOUNTS[0]["name"]


@pytest.fixture
def trial(airflow_stack: running.Stack, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A trial of this test's own; the org is plain again afterwards."""
    made = Trial(airflow_stack, "m" + request.node.name.removeprefix("test_")[:24].replace("_", ""))
    yield made
    made.org.calm()


def test_what_a_run_lost_is_replayed_once(trial: Trial) -> None:
    """The mended account comes with its contacts, deferred, and nothing of the load runs; a cleared replay sends nothing."""
    lost = trial.lost()
    played = trial.after(mode="replay", replay_of=lost)
    last = played.last()
    assert ("success", {"skipped"}, {"skipped"}) == (
        played.state,
        {last[task] for task in LOAD},
        {last[task] for task in ("undo.dry_run", "undo.approve", "undo.act")},
    )
    assert ("deferred" in played.states("replay.send"), test_runs.all_contacts(trial)) == (True, trial.contacts())
    told, jobs = trial.summary(played.run_id), len(trial.org.jobs())
    assert (1, 1, 2) == (told["replay"]["number"], *(told["objects"][name]["succeeded"] for name in ("Account", "Contact")))
    trial.clear(played.run_id)
    trial.until(played.run_id, lambda seen: seen.get("summary") != "success")
    assert ("success", told, jobs) == (trial.ended(played.run_id), trial.summary(played.run_id), len(trial.org.jobs()))
    assert test_runs.all_contacts(trial) == trial.contacts()


def test_an_undo_asks_first(trial: Trial) -> None:
    """Rejected it deletes nothing and is green; asked once more and approved, all records go, and it is kept who agreed."""
    loaded = trial.play().run_id
    run = trial.api.trigger(DAG, {"mode": "undo", "undo_of": loaded})
    trial.answered(run, "Reject")
    assert ("success", "REFUSED", 3, 3) == (
        trial.ended(run),
        trial.summary(run)["status"],
        len(trial.accounts()),
        len(trial.contacts()),
    )
    trial.clear(run, "undo.approve")
    trial.until(run, lambda seen: seen.get("undo.approve") != "success")
    trial.answered(run, "Approve")
    trial.until(run, lambda seen: seen.get("undo.act") == "success")
    told = trial.summary(run) if trial.ended(run) == "success" else {}
    assert ("COMPLETED", 6, True, "admin", [], []) == (
        told["status"],
        told["deleted"],
        told["answer"]["agreed"],
        told["answer"]["by"],
        trial.accounts(),
        trial.contacts(),
    )


def test_an_undo_that_was_agreed_to_beforehand_asks_nobody(airflow_stack: running.Stack) -> None:
    """A plan in a config, loaded and taken back; afterwards a replay of it is refused in one clear sentence."""
    family = Family(airflow_stack, "fundone")
    document = yaml.safe_load((PLANS / "trial_family.yaml").read_text("utf-8"))
    document |= {"name": "undone_family", "params": {}, "source": {"uri": f"{family.inbox}/{family.name}.json"}}
    loaded = family.play("adhoc_load", document)
    undone = family.play("adhoc_load", {"mode": "undo", "undo_of": loaded.run_id, "undo_confirmed": True})
    assert ("success", "success", (set(), set())) == (loaded.state, undone.state, family.records())
    assert (False, "skipped") == ("awaiting_input" in undone.states("undo.approve"), undone.last()["settle_level_0"])
    replay = family.play("adhoc_load", {"mode": "replay", "replay_of": loaded.run_id})
    told = family.stack.rest().xcom("adhoc_load", replay.run_id, "summary")
    assert ("failed", True) == (replay.state, "nothing of it is sent any more" in told["error"])
    family.org.calm()
