"""A folder and dice → a real Airflow started there, loads that lose each part at each moment, every event; figures by name."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from tests.drills import beside, clicked, course, deleted, events, kills, moments, scene, stalled, victims
from tests.running import clicks

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Drill = tuple[str, Callable[[scene.Scene, kills.Figures], None]]

# Each names its events as it is imported.
KINDS = (clicked, stalled, deleted, beside)
EVENTS = events.EVENTS
# A kind of request comes so often in the shortest load that is drilled.
LEAST = 2
# As often as a task is tried: more losses at one place end the run red, as they should.
MOST_LOSSES = 3
OF_ACCOUNTS = ("chunks_Account", "Account_job", "settle_Account", "id_map_Account")
TASKS = ("split", *OF_ACCOUNTS, "chunks_Contact", "Contact_job", "settle_Contact", "summary")


def drills(dice: random.Random, share: float) -> Iterator[Drill]:
    """Name all drills and what they do: each part lost at each moment, several parts in one load, each event."""
    pairs = list(itertools.product(victims.VICTIMS, moments.REQUESTS))
    for victim, request in dice.sample(pairs, round(len(pairs) * share)):
        yield _losing(dice.choice(list(scene.PLAYED)), [(victim, moments.Moment(request, dice.randint(1, LEAST)))])
    for _ in range(round(len(pairs) / 4 * share)):
        yield _losing(dice.choice(list(scene.PLAYED)), [_any(dice) for _ in range(dice.randint(2, MOST_LOSSES))])
    yield "each task killed", each_task
    for name in dice.sample(list(EVENTS), round(len(EVENTS) * share)):
        yield name, EVENTS[name]


def played(folder: Path, todo: Sequence[Drill], figures: dict[str, kills.Figures]) -> None:
    """Play drills on one Airflow, one after the other; add to the figures by name. What goes wrong is printed as it does."""
    with scene.set_up(folder) as place, course.shown("airflow", len(todo)) as ended:
        for name, drill in todo:
            found = kills.Figures()
            try:
                drill(place, found)
            except Exception as never:  # noqa: BLE001 - hours of drills don't end with one that breaks down
                found.wrong.append(f"{name}: {type(never).__name__}: {never}")
            for each in found.wrong:
                print(each, flush=True)
            figures.setdefault(f"airflow: {name}", kills.Figures()).add(found)
            ended(name, found)


def each_task(at: scene.Scene, figures: kills.Figures) -> None:
    """The first try of each task is killed, one after the other, the summary's too."""
    load = at.begun(scene.FAMILY)
    for task in TASKS:
        load.loses_task(task)
    events.same(figures, "each task killed", load)


def _any(dice: random.Random) -> tuple[str, moments.Moment]:
    return dice.choice(list(victims.VICTIMS)), moments.Moment(dice.choice(list(moments.REQUESTS)), dice.randint(1, LEAST))


def _losing(play: str, losses: list[tuple[str, moments.Moment]]) -> Drill:
    """Make the drill of a load that loses parts, one after the other. A moment that never comes, or finds nobody to kill, is none."""

    def drill(at: scene.Scene, figures: kills.Figures) -> None:
        load, told = at.begun(scene.PLAYED[play]), ", ".join(f"{victim} killed {moment}" for victim, moment in losses)
        for victim, moment in losses:
            with contextlib.suppress(clicks.NeverSo):
                load.loses(victim, moment)
        try:
            events.same(figures, f"{play}, {told}", load)
        except clicks.NeverSo as never:
            figures.wrong.append(f"{play}, {told}: {never}")

    return "killed" if len(losses) == 1 else "killed again and again", drill
