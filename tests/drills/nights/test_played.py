"""Short plays of fixed seeds, and the command line that plays them. `make drills` has whole ones, hundreds of them."""

from __future__ import annotations

import random
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.drills import __main__ as command
from tests.drills import ground
from tests.drills.nights import played, season
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = loads.LocalOrg({})


def one(folder: Path, seed: int) -> season.Season:
    """A night, and at most one step after it."""
    with played.begun(folder, seed) as play:
        play.nights(1, 1)
    return play


@pytest.mark.parametrize("seed", [2, 29])
def test_a_night_does_to_the_org_what_it_may(tmp_path: Path, seed: int) -> None:
    """Refused rows, a killed try: no record twice, none older, none lost for nothing, an account that is true."""
    play = one(tmp_path, seed)
    assert [] == played.told(play)
    assert play.trials.figures.loads > 0


def test_a_seed_is_always_the_same_play(tmp_path: Path) -> None:
    """Its plan, its nights and what goes wrong are drawn alike."""
    drawn = [season.Season(tmp_path, NOWHERE, seed) for seed in (7, 7, 8)]
    plans = [(each.plan, each.source.night(), each.source.night()) for each in drawn]
    assert [True, False] == [plans[0] == each for each in plans[1:]]


def test_a_wrong_play_tells_its_steps_and_the_command_that_plays_it_alone(tmp_path: Path) -> None:
    """The command line takes that command, and names the one play."""
    play = season.Season(tmp_path, NOWHERE, 7)
    play.trials.told += ["load n1: green"]
    play.trials.figures.wrong += ["load n1: stored twice", "load n1: red for nothing"]
    first, last = played.told(play)
    assert ("nights, seed 7: load n1: stored twice", "  1. load n1: green") == (first, last.splitlines()[2])
    asked = command.asked_for(
        shlex.split(shlex.split(re.sub(r".*again: make drills ", "", last, flags=re.DOTALL))[0].removeprefix("ARGS="))
    )
    assert (7, 1, "loads") == (asked.seed, asked.plays, asked.part)
    assert ["nights"] == [name for name, _ in command.drills(random.Random(1), ground.Ground(tmp_path, NOWHERE), asked)]


def test_one_kind_of_load_alone_is_that_kind_alone() -> None:
    """Nights are played with all others, or by name."""
    asked = [command.asked_for(each) for each in ([], ["--only", "many jobs"], ["--only", played.NAME])]
    assert [(True, True), (False, True), (True, False)] == [
        (command.is_asked(each, played.NAME), command.is_asked(each, command.OF_S3)) for each in asked
    ]
