"""A run with `changed_only` that lost rows, its replay, and the next night: the memory knows what the replay loaded."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tests.include.bulkload.steps import replays

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

B_FAILS = [{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}]


def night(load: Load, run_name: str, **names: str) -> dict[str, int]:
    """Load accounts (key → name) by a run of its own; their rows by fate."""
    accounts = ", ".join(f'{{"sourceId": "{key}", "name": "{name}"}}' for key, name in names.items())
    load.payload, load.run_name, load.name = f'{{"accounts": [{accounts}]}}'.encode(), run_name, f"{run_name}.json"
    part: dict[str, Any] = load.whole()["summary"]["objects"]["Account"]
    return {fate: part[fate] for fate in ("succeeded", "failed", "unchanged") if part[fate]}


def test_the_next_night_leaves_out_what_a_replay_loaded(load: Load) -> None:
    """The row failed, was replayed, and isn't sent once more; when it changes, it is."""
    load.mapping.pop("Contact")
    load.mapping["Account"]["changed_only"] = True
    load.org.behave(row_faults=B_FAILS)
    assert {"succeeded": 1, "failed": 1} == night(load, "run", a="a", b="b")
    load.org.behave(row_faults=[])
    assert 1 == replays.replayed(dataclasses.replace(load))["chosen"]["Account"]["send"]
    assert {"unchanged": 2} == night(load, "second", a="a", b="b")
    assert {"unchanged": 1, "succeeded": 1} == night(load, "third", a="a", b="newer")
    assert ["a", "newer"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


def test_what_a_replay_loses_again_is_sent_the_next_night(load: Load) -> None:
    """Nobody mended it before the replay."""
    load.mapping.pop("Contact")
    load.mapping["Account"]["changed_only"] = True
    load.org.behave(row_faults=B_FAILS)
    night(load, "run", a="a", b="b")
    replays.replayed(dataclasses.replace(load))
    load.org.behave(row_faults=[])
    assert {"unchanged": 1, "succeeded": 1} == night(load, "second", a="a", b="b")
