"""What happens to a run on a real Airflow, by name → how the run ends then, judged.

Each event is named as docs/marks_and_retries.md names it, and stands in a file of its kind: clicked, stalled, deleted, beside.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tests.drills import moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.drills import kills, scene

    Event = Callable[[scene.Scene, kills.Figures], None]
    Named = Callable[[scene.Scene, kills.Figures, str], None]

# Longer than Airflow waits for a sign of life of its parts, as the scene sets it.
STALLED_SECONDS = 25
UPLOAD = moments.Moment("during an upload", 2)
EVENTS: dict[str, Event] = {}


def event(name: str) -> Callable[[Named], Named]:
    """Name an event: it is told its name, by which it judges."""

    def named(given: Named) -> Named:
        EVENTS[name] = functools.partial(given, name=name)
        return given

    return named


def same(figures: kills.Figures, name: str, load: scene.Load) -> None:
    """Follow a load to its end, and judge it: it must be like an undisturbed one's."""
    load.run.ended()
    figures.kills += load.killed
    figures.judge(name, load.end(), load.scene.ground.undisturbed(load.case.play))


def honest(figures: kills.Figures, name: str, load: scene.Load) -> None:
    """Judge a load that was cut short: a red run, nothing written twice, the summary counts what stands in the org."""
    # Asked for first: at its end the load's jobs are cleared away.
    figures.wrong += [f"{name}: {each}" for each in load.strays()]
    expected, found = load.scene.ground.undisturbed(load.case.play), load.end()
    figures.loads += 1
    figures.rows += expected.rows
    figures.doubled += found.doubled(expected).total()
    stands = {each: sum(count for record, count in found.records.items() if record[0] == each) for each in found.counts}
    told = {each: counts["succeeded"] for each, counts in found.counts.items()}
    figures.wrong += [f"{name}: {told} succeeded, {stands} stand in the org"] if told != stands else []
    figures.wrong += [f"{name}: green"] if load.run.state() != "failed" else []
