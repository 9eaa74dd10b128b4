"""A sample of the drills, chosen by a seed → no record lost, none doubled, every account closes. `make drills` has them all."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.drills import bucket, damage, faults, ground, kills, mended, outages, plays, points

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = 5
KILLED = 3
FEW = ("upsert, keyless insert", "many jobs")
CLEAN = (0, 0, [])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ground.Ground]:
    """An org where all loads of this file are drilled."""
    with ground.prepared(tmp_path_factory.mktemp("drills")) as found:
        yield found


def verdict(figures: kills.Figures) -> tuple[int, int, list[str]]:
    """What must not be."""
    return figures.lost, figures.doubled, figures.wrong


@pytest.mark.parametrize("name", plays.PLAYS)
def test_a_killed_load_ends_like_an_undisturbed_one(place: ground.Ground, name: str) -> None:
    """Killed at acts that dice choose, then resumed: the same records, the same account, nothing written twice."""
    play, figures = plays.PLAYS[name], kills.Figures()
    place.undisturbed(play)
    for strike in random.Random(f"{SEED} {name}").sample(kills.places(place.acts[name]), KILLED):
        kills.at(place, play, strike, figures)
    assert (CLEAN, KILLED) == (verdict(figures), figures.loads)
    assert figures.kills > 0


@pytest.mark.parametrize("name", ["many jobs"])
def test_a_load_killed_again_and_again_comes_through(place: ground.Ground, name: str) -> None:
    """Its next tries are killed too."""
    figures = kills.Figures()
    kills.anywhere(place, plays.PLAYS[name], random.Random(SEED), figures)
    assert CLEAN == verdict(figures)


@pytest.mark.parametrize(
    ("act", "phase"),
    [
        ("PUT jobs/ingest/job2/batches #1", points.MIDWAY),
        ("create drill/run/ledger/Contact/chunk-00000/job2/decision.json #1", points.BEFORE),
        ("PATCH jobs/ingest/job2 #1", points.BEFORE),
    ],
)
def test_a_first_try_that_is_still_alive_gives_way(place: ground.Ground, act: str, phase: str) -> None:
    """It is held while the second plays to its end; then both are through, with one set of records."""
    figures = kills.Figures()
    kills.still_alive(place, plays.PLAYS["upsert, keyless insert"], points.Strike(act, phase), figures)
    assert CLEAN == verdict(figures)


def test_two_of_the_same_at_once(place: ground.Ground) -> None:
    """Two processes play one run from its start: one set of records."""
    figures = kills.Figures()
    kills.both_at_once(place, plays.PLAYS["many jobs"], figures)
    assert CLEAN == verdict(figures)


@pytest.mark.parametrize("fault", faults.PASSING)
def test_faults_that_pass(place: ground.Ground, fault: str) -> None:
    """They leave no trace."""
    figures = kills.Figures()
    faults.under(place, plays.PLAYS["upsert, keyless insert"], fault, figures)
    assert (CLEAN, 1) == (verdict(figures), figures.loads)


@pytest.mark.parametrize("fault", [each for each in mended.FAULTS if each != mended.LOSS])
def test_a_replay_finishes_what_a_fault_broke_off(place: ground.Ground, fault: str) -> None:
    """The summary tells the truth of what is lost; the replay brings it, once, and the account is that of an undisturbed load."""
    figures = kills.Figures()
    mended.by_replay(place, plays.PLAYS["upsert, keyless insert"], fault, figures)
    assert (CLEAN, 1) == (verdict(figures), figures.loads)


def test_a_wait_outlasts_ten_minutes_without_the_org(place: ground.Ground) -> None:
    """The org lets no connection live while a task waits for its job: the load ends as if nothing had been."""
    figures = kills.Figures()
    outages.at_a_request(place, plays.PLAYS["upsert, keyless insert"], outages.WAITING, "no connection", outages.REPLAYED, figures)
    assert (CLEAN, 1) == (verdict(figures), figures.loads)


@pytest.mark.parametrize(("act", "then"), [("limits", outages.CLEARED), ("jobs/ingest/job1/successfulResults", outages.REPLAYED)])
def test_ten_minutes_without_the_org_are_made_good(place: ground.Ground, act: str, then: str) -> None:
    """Tasks give up before, the summary tells the truth; the run that is cleared or replayed later ends like an undisturbed one."""
    figures = kills.Figures()
    outages.at_a_request(place, plays.PLAYS["upsert, keyless insert"], points.Strike(f"GET {act} #1", points.ACTED), "503", then, figures)
    assert (CLEAN, 1) == (verdict(figures), figures.loads)


def test_a_killed_replay_goes_on(place: ground.Ground) -> None:
    """Killed when its first wave is planned and nothing of it sent; then the same replay ends like an undisturbed load."""
    figures, strike = kills.Figures(), points.Strike("create drill/run/ledger/Account/wave-001.json #1", points.AFTER)
    mended.killed(place, plays.PLAYS["upsert, keyless insert"], mended.LOSS, strike, figures)
    assert (CLEAN, 1) == (verdict(figures), figures.kills)


def test_a_replay_under_faults(place: ground.Ground) -> None:
    """With 30 % of all answers faulty it takes longer, and ends the same."""
    figures = kills.Figures()
    mended.under_faults(place, plays.PLAYS["upsert, keyless insert"], mended.LOSS, figures)
    assert CLEAN == verdict(figures)


def test_a_load_whose_run_folder_is_on_s3_survives_a_kill(tmp_path: Path) -> None:
    """The ledger's conditional writes hold there too: the same records, the same account, nothing written twice."""
    play, figures = plays.PLAYS["upsert, keyless insert"], kills.Figures()
    with bucket.served() as s3, ground.prepared(tmp_path, s3) as place:
        kills.at(place, play, points.Strike("create drill/run/ledger/Contact/chunk-00000/job2/decision.json #1", points.AFTER), figures)
    assert (CLEAN, 1) == (verdict(figures), figures.kills)


@pytest.mark.parametrize("how", damage.DAMAGES)
@pytest.mark.parametrize("which", [0.3, 0.7])
def test_a_damaged_run_folder_sends_nothing_twice(place: ground.Ground, how: str, which: float) -> None:
    """A file that is missing, cut short or an older one: a clear error, or the right end."""
    figures = kills.Figures()
    damage.of_one(place, plays.PLAYS["upsert, keyless insert"], how, which, figures)
    assert (CLEAN, 1) == (verdict(figures), figures.loads)
