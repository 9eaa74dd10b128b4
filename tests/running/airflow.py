"""A stack, a DAG and a config → one run, played to its end, with every state that its tasks were seen in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.stack import rest, running


@dataclass(frozen=True, slots=True)
class Played:
    """A run that has ended: Airflow's state of it, and each look that found a task in a new state, in order."""

    dag: str
    run_id: str
    state: str
    seen: tuple[rest.Seen, ...]

    def states(self, name: str) -> list[str | None]:
        """List the states that a task (`split`, `parent_job[0]`) was seen in."""
        return [each.state for each in self.seen if each.name == name]

    def last(self) -> dict[str, str | None]:
        """Map each task to the state it ended in."""
        return {each.name: each.state for each in self.seen}


def play(stack: running.Stack, dag: str, conf: Mapping[str, Any], patience: float = 180.0) -> Played:
    """Trigger a run through the REST API and follow it to its end. Raises RunStuck after `patience` seconds."""
    airflow = stack.rest()
    airflow.await_dag(dag)
    run_id = airflow.trigger(dag, conf)
    seen = tuple(airflow.changes(dag, run_id, patience))
    return Played(dag, run_id, airflow.state(dag, run_id), seen)
