"""A ground and a seed → the play of that seed, its figures; one that goes wrong is told with its steps, and how to play it again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.drills.nights import season
from tests.oracle import world
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.drills import ground, kills

NAME = "nights"


def of(place: ground.Ground, seed: int, figures: kills.Figures) -> None:
    """Play a seed in a folder and an org of its own: what was played before must not count."""
    with begun(place.folder, seed) as play:
        try:
            play.play()
        except Exception as broken:  # noqa: BLE001 - its steps are worth more than a traceback
            play.trials.figures.wrong.append(f"the play broke down, {type(broken).__name__}: {broken}")
    figures.add(play.trials.figures)
    figures.wrong[:] = told(play)


@contextlib.contextmanager
def begun(folder: Path, seed: int) -> Iterator[season.Season]:
    """Draw a play, ready to be played until the block ends."""
    own = folder / f"{NAME}-{seed}"
    own.mkdir()
    world.schema(own / "schema")
    with org.running(own, "--control", "--schema", str(own / "schema")) as started:
        yield season.Season(own, loads.LocalOrg(started), seed)


def told(play: season.Season) -> list[str]:
    """What was wrong with a play, one sentence each; the last one followed by the plan, the steps, and the command for this play."""
    wrong = [f"{NAME}, seed {play.seed}: {each}" for each in play.trials.figures.wrong]
    if not wrong:
        return []
    steps = [f"  plan: {play.plan}", *(f"  {number}. {each}" for number, each in enumerate(play.trials.told, 1))]
    return [*wrong[:-1], "\n".join([wrong[-1], *steps, f"  again: {again(play.seed)}"])]


def again(seed: int) -> str:
    """The command that plays a seed alone."""
    return f'make drills ARGS="--part loads --only {NAME} --plays 1 --seed {seed}"'
