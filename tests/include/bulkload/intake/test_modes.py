"""What a run was asked for → load, replay or undo, or all that contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import modes, plan
from tests.plugins.bulkload_airflow import planned


def findings(**given: Any) -> list[str]:
    """The places of what is wrong."""
    with pytest.raises(errors.PlanError) as found:
        modes.asked(given)
    return sorted(each.split(":")[0] for each in found.value.findings)


def test_who_asks_for_nothing_loads() -> None:
    """A scheduled run, and one from before there were modes."""
    assert modes.Asked() == modes.asked({}) == modes.asked({"mode": "load", "replay_of": None, "undo_of": "", "undo_confirmed": False})


def test_a_replay_names_its_run_and_perhaps_a_copy() -> None:
    """What was pasted may have blanks around it; an empty field is none."""
    assert modes.Asked(modes.Mode.REPLAY, "run 1", "s3://b/c.csv") == modes.asked(
        {"mode": "replay", "replay_of": " run 1\n", "replay_file": "s3://b/c.csv", "again": True}
    )
    assert None is modes.asked({"mode": "replay", "replay_of": "run 1", "replay_file": " "}).file


def test_an_undo_names_its_run() -> None:
    """And whether somebody agreed already."""
    assert modes.Asked(modes.Mode.UNDO, "run 1", confirmed=True) == modes.asked(
        {"mode": "undo", "undo_of": "run 1", "undo_confirmed": True}
    )


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"mode": "replay"}, ["replay_of"]),
        ({"mode": "undo", "undo_of": " "}, ["undo_of"]),
        ({"replay_of": "r", "replay_file": "f", "undo_of": "u", "undo_confirmed": True}, sorted(modes.OWN)),
        ({"mode": "replay", "undo_of": "u", "dry_run": True, "only_first": 5}, ["dry_run", "only_first", "replay_of", "undo_of"]),
        ({"mode": "undo", "undo_of": "u", "replay_file": "f", "dry_run": True}, ["dry_run", "replay_file"]),
        ({"mode": "reply"}, ["mode"]),
    ],
)
def test_contradictions_are_told_all_at_once(given: dict[str, Any], places: list[str]) -> None:
    """Nothing runs by half of what was asked."""
    assert places == findings(**given)


def test_a_misspelt_choice_is_no_choice() -> None:
    """A replay without the edited copy that was meant would send what was to be mended."""
    known = dict.fromkeys(modes.KEYS)
    modes.unknown({"mode": "replay"}, known)
    with pytest.raises(errors.PlanError, match=r"replay_fil: .*did you mean replay_file"):
        modes.unknown({"replay_fil": "f"}, known)


def test_a_plan_has_no_param_of_that_name() -> None:
    """Nobody could tell which is meant."""
    with pytest.raises(errors.PlanError, match=r"params\.replay_of"):
        plan.plan_from(planned.one("a", params={"replay_of": "x"}))
