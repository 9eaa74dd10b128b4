"""Dice and a run's rows → what the org is told to do to them: refuse some, end jobs before their time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.drills.nights import drawn

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from tests.drills.nights import sources

CALM: dict[str, Any] = {"row_faults": [], "job_ends": [], "echo": "sent"}
REFUSAL = "SOME_RULE:not today:--"
ENDS = (("Failed", "InternalServerError : try later"), ("Failed", "ExceededQuota : daily batches"), ("Aborted", ""))


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is planted. `settings` of the org; `planted`: keys and texts that it refuses; `ends`: whether jobs end early."""

    settings: dict[str, Any] = field(default_factory=lambda: dict(CALM))
    planted: frozenset[str] = frozenset()
    ends: bool = False

    def __str__(self) -> str:
        told = [*sorted(self.planted), *(f"job {each['job']} of {each['object']} {each['state']}" for each in self.settings["job_ends"])]
        return f" [{', '.join(told)}]" if told else ""


def drawn_for(dice: random.Random, plan: drawn.Plan, rows: Sequence[sources.Row], jobs: Mapping[str, int]) -> Trouble:
    """Draw what goes wrong with these rows. `jobs`: how many of each sobject were made until now, as faults count them."""
    chosen = dice.sample(rows, min(len(rows), dice.choice([0, 1, 1, 2, 4]))) if dice.random() < 0.7 else []
    refused = [fault for each in chosen for fault in _refused(dice, plan.kind(each.kind), each, plan.padding)]
    ends = [_end(dice, each, jobs) for each in sorted({each.sobject for each in plan.kinds}) if dice.random() < 0.15]
    planted = {each.key if plan.kind(each.kind).known_by == drawn.DELETED else each.text for each in chosen}
    settings = {"row_faults": refused, "job_ends": ends, "echo": dice.choice(["sent", "stored"])}
    return Trouble(settings, frozenset(planted), bool(ends))


def _refused(dice: random.Random, kind: drawn.Kind, row: sources.Row, padding: str) -> list[dict[str, Any]]:
    how: dict[str, Any] = {"lock": True} if dice.random() < 0.4 else {"error": REFUSAL}
    if kind.known_by == drawn.DELETED:
        values = [each + padding for each in (row.key, row.key.lower())]
        return [{"object": kind.sobject, "field": drawn.KEY, "value": each, "operation": "delete", **how} for each in values]
    return [{"object": kind.sobject, "field": kind.text, "value": row.text, **how}]


def _end(dice: random.Random, sobject: str, jobs: Mapping[str, int]) -> dict[str, Any]:
    state, message = dice.choice(ENDS)
    job = jobs.get(sobject, 0) + dice.randint(1, 2)
    return {"object": sobject, "job": job, "state": state, "message": message, "at": dice.choice([0.0, 0.3, 0.6, 1.0])}
