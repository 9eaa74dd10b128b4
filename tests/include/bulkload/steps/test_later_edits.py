"""Two nights lost the same key, and people edit it in both: the edit that was sent last counts, also if it is the same as before."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from include.bulkload.steps import journal, lease, replay
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_earlier_runs import keys
from tests.include.bulkload.steps.test_waves import ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

REFUSED = [{"object": "Account", "field": "Name", "value": name, "error": "SOME_RULE:no:--"} for name in ("bad", "older", "newer")]


def nights(load: Load, one: list[tuple[str, str, str | None]], two: list[tuple[str, str, str | None]]) -> tuple[Load, Load]:
    """Two nights of accounts (key, name, parent's key), some of which Salesforce refuses."""
    load.mapping, load.more = {"Account": ACCOUNT}, {"again": True}
    load.org.behave(row_faults=REFUSED)
    found = []
    for name, rows in (("one", one), ("two", two)):
        night = dataclasses.replace(load, run_name=name)
        night.clock = load.clock
        night.payload = json.dumps({"accounts": [{"name": text, "sourceId": key, "parent": above} for key, text, above in rows]}).encode()
        night.whole()
        load.clock = night.clock + 10
        found.append(night)
    return found[0], found[1]


def copy(night: Load, value: str) -> Path:
    """A copy of the list of a night's rows that Salesforce refused, with another name in all of them."""
    failed = night.listed(replays.whole(night)["objects"]["Account"]["files"]["failed"])
    path = replays.copied(night, failed, Name=value)
    return path.rename(path.with_name(f"{night.run_name}.csv"))


def sent(night: Load, at: int, file: Path | None = None) -> tuple[int, int]:
    """A night is replayed, so many seconds after all began: how many rows go, how many stay."""
    night.clock = at
    found = replays.replayed(night, f"at {at}", file, of=night.run_name)["chosen"]["Account"]
    return found["send"], found["superseded"]


def test_a_copy_that_is_sent_once_more_is_the_newest_edit(load: Load) -> None:
    """Both nights' copies were refused, the second one's last; then the first one's file goes once more, as it was, and is stored."""
    one, two = nights(load, [("b", "bad", None), ("c", "c", None)], [("b", "bad", None), ("c", "c", None)])
    first = copy(one, "older")
    assert [(1, 0), (1, 0)] == [sent(one, 1_000, first), sent(two, 2_000, copy(two, "newer"))]
    load.org.behave(row_faults=[])
    assert [(1, 0), (0, 1)] == [sent(one, 3_000, first), sent(two, 4_000)]
    assert {"b": "older", "c": "c"} == keys(load)


def test_a_copy_that_is_refused_once_more_is_the_newest_edit(load: Load) -> None:
    """The second night's file was sent again after the first one's row was mended: as it was sent last, it may go."""
    one, two = nights(load, [("b", "bad", None)], [("b", "bad", None)])
    second = copy(two, "newer")
    assert [(1, 0), (1, 0), (1, 0)] == [sent(two, 1_000, second), sent(one, 2_000, copy(one, "mended")), sent(two, 3_000, second)]
    assert {"b": "mended"} == keys(load)
    load.org.behave(row_faults=[])
    assert ((1, 0), {"b": "newer"}) == (sent(two, 4_000), keys(load))


def test_what_only_waited_for_an_edited_row_is_no_edit(load: Load) -> None:
    """The copy names b; c hangs on it. While the replay stands still, somebody mends c in the first night: that edit stays."""
    one, two = nights(load, [("c", "bad", None)], [("b", "bad", None), ("c", "old", "b")])
    second = copy(two, "b, mended")
    chosen = replays.begun(two, "still", second, of="two")
    assert 2 == chosen["objects"]["Account"]["send"]
    replay.close(replays.again(two, "still"), chosen["replay"], ["replay.send"], replays.home(two, "still"))
    lease.give_back(replays.again(two, "still"), journal.opened(two.run))
    assert (1, 0) == sent(one, 1_000, copy(one, "c, mended"))
    two.clock = 2_000
    replays.replayed(two, "still", second, of="two")
    assert {"b": "b, mended", "c": "c, mended"} == keys(load)
