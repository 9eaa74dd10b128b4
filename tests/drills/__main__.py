"""`python -m tests.drills` → loads killed at every point and at random places, held up, played twice at once, under faults, replayed.

Then nights of random plans with random steps between them (`--only nights` plays them alone, `--plays` so many, with seeds from
`--seed` on), and loads on a real Airflow, whose parts are killed and on which people click (`--part` plays only one of both).
The last line has the figures: processes killed, loads, rows, records lost and doubled, and what else was wrong. Exit status 1
if anything was. `--share 0.1` takes a tenth of the points; `--only NAME` one kind of load, `--named PATTERN` some kinds of drills.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import itertools
import os
import queue
import random
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.drills import bucket, course, damage, faults, ground, kills, mended, on_airflow, outages, plays
from tests.drills.nights import played as nights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.drills import points

Drill = tuple[str, "Callable[[ground.Ground, kills.Figures], object]"]
HELD, TWICE, DAMAGED, ON_S3 = 20, 10, 40, 60
# The loads whose run folders are damaged, and that are played on S3.
OF_DAMAGES, OF_S3 = "upsert, keyless insert", "many jobs"
STOPPED = 130


def drills(dice: random.Random, place: ground.Ground, asked: argparse.Namespace) -> Iterator[Drill]:
    """Name all drills and what they do: points of each load, the first try alive, two at once, random places, each fault; nights."""
    share, chosen = asked.share, [play for play in plays.PLAYS.values() if is_asked(asked, play.name)]
    for play in chosen:
        place.undisturbed(play)
        found = kills.places(place.acts[play.name])
        yield from (_at(play, strike) for strike in dice.sample(found, round(len(found) * share)))
        yield from (_alive(play, strike) for strike in dice.sample(found, round(HELD * share)))
        yield from [("two at once", lambda at, figures, play=play: kills.both_at_once(at, play, figures))] * round(TWICE * share)
        # A record whose second pass was lost stands without its link, which the judge of lost rows doesn't know.
        names = [name for name in faults.FAULTS if not (name in faults.TAKING and play.has_second_pass)]
        yield from (_fault(play, name) for name in names)
        yield from mended.drills(dice, place, play, share)
        yield from outages.drills(dice, place, play, share)
    for number, how in itertools.product(range(round(DAMAGED * share) if is_asked(asked, OF_DAMAGES) else 0), damage.DAMAGES):
        yield _damage(how, (number + 0.5) / round(DAMAGED * share))
    yield from (
        _anywhere(play, random.Random(dice.random()), number) for number, play in zip(range(asked.anywhere), itertools.cycle(chosen))
    )
    if is_asked(asked, nights.NAME):
        yield from (_nights(seed) for seed in range(asked.seed, asked.seed + asked.plays))


def is_asked(asked: argparse.Namespace, name: str) -> bool:
    """Whether a kind of load is to be played."""
    return not asked.only or name in asked.only


def _at(play: plays.Play, strike: points.Strike) -> Drill:
    return "at every point", lambda at, figures: kills.at(at, play, strike, figures)


def _alive(play: plays.Play, strike: points.Strike) -> Drill:
    return "first try alive", lambda at, figures: kills.still_alive(at, play, strike, figures)


def _fault(play: plays.Play, name: str) -> Drill:
    return name, lambda at, figures: faults.under(at, play, name, figures)


def _nights(seed: int) -> Drill:
    return nights.NAME, lambda at, figures: nights.of(at, seed, figures)


def _damage(how: str, which: float) -> Drill:
    return f"run folder: {how}", lambda at, figures: damage.of_one(at, plays.PLAYS[OF_DAMAGES], how, which, figures)


def _anywhere(play: plays.Play, dice: random.Random, number: int) -> Drill:
    kill = kills.anywhere if number % 2 else kills.at_any_moment
    return "at random places", lambda at, figures: kill(at, play, dice, figures)


def played(part: str, grounds: Sequence[ground.Ground], todo: Sequence[Drill], figures: dict[str, kills.Figures]) -> None:
    """Play drills, one on each ground at a time; add to the figures by name. What goes wrong is printed as it does."""
    idle: queue.Queue[ground.Ground] = queue.Queue()
    for place in grounds:
        idle.put(place)

    def one(drill: Drill) -> tuple[str, kills.Figures]:
        found, place = kills.Figures(), idle.get()
        try:
            drill[1](place, found)
        except Exception as broken:  # noqa: BLE001 - hours of drills don't end with one that breaks down
            found.wrong.append(f"{drill[0]}: broke down, {type(broken).__name__}: {broken}")
        finally:
            idle.put(place)
        return drill[0], found

    with course.shown(part, len(todo)) as ended, concurrent.futures.ThreadPoolExecutor(len(grounds)) as pool:
        try:
            for name, found in pool.map(one, todo):
                for each in found.wrong:
                    print(each, flush=True)
                figures.setdefault(name, kills.Figures()).add(found)
                ended(name, found)
        finally:
            pool.shutdown(cancel_futures=True)


def asked_for(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--anywhere", type=int, default=500, help="kills at random places (default 500)")
    parser.add_argument("--plays", type=int, default=300, help="plays of nights (default 300)")
    parser.add_argument("--share", type=float, default=1.0, help="of the points of each load (default: all)")
    parser.add_argument("--only", choices=sorted([*plays.PLAYS, nights.NAME]), action="append", help="one kind of load alone, or several")
    parser.add_argument("--part", choices=("loads", "airflow"), help="only the loads without Airflow, or only those on a real one")
    parser.add_argument(
        "--named", default="", type=re.compile, help="only drills whose names this is found in: 'at every point', '^(?!killed)', ..."
    )
    parser.add_argument("--seed", type=int, default=1, help="of the dice; of nights the first one")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Play the drills, print the figures."""
    asked, figures = asked_for(arguments), dict[str, kills.Figures]()
    # Whoever ends it early is told the figures of what was played until then.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        play(asked, figures)
    except KeyboardInterrupt:
        print("stopped before the end: the figures are those of the drills that had ended", file=sys.stderr, flush=True)
        return told(figures) or STOPPED
    return told(figures)


def play(asked: argparse.Namespace, figures: dict[str, kills.Figures]) -> None:
    """Play what is asked for; the figures by name are added to `figures` as drills end."""
    dice = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="bulkload-drills-") as folder:
        if asked.part != "airflow":
            without_airflow(Path(folder), dice, asked, figures)
        if asked.part != "loads":
            on_airflow.played(Path(folder), [each for each in on_airflow.drills(dice, asked.share) if asked.named.search(each[0])], figures)


def without_airflow(folder: Path, dice: random.Random, asked: argparse.Namespace, figures: dict[str, kills.Figures]) -> None:
    """Play the loads that need no Airflow, on as many orgs as there are cores, then those whose run folders are on S3."""
    with contextlib.ExitStack() as stack:
        grounds = []
        for number in range(os.cpu_count() or 1):
            own = folder / str(number)
            own.mkdir()
            grounds.append(stack.enter_context(ground.prepared(own)))
        played("loads", grounds, [each for each in drills(dice, grounds[0], asked) if asked.named.search(each[0])], figures)
        if not is_asked(asked, OF_S3):
            return
        own = folder / "s3"
        own.mkdir()
        place = stack.enter_context(ground.prepared(own, stack.enter_context(bucket.served())))
        played("loads on S3", [place], [each for each in on_s3(dice, place, asked.share) if asked.named.search(each[0])], figures)


def on_s3(dice: random.Random, place: ground.Ground, share: float) -> Iterator[Drill]:
    """Name the drills on a ground whose run folders are in object storage: a load killed at points of it."""
    play = plays.PLAYS[OF_S3]
    place.undisturbed(play)
    for strike in dice.sample(kills.places(place.acts[play.name]), round(ON_S3 * share)):
        yield "run folder on S3", _at(play, strike)[1]


def told(figures: dict[str, kills.Figures]) -> int:
    """Print the figures, their sum last; the exit status."""
    total = kills.Figures()
    for name, each in figures.items():
        print(f"{name:<62} {each}")
        total.add(each)
    print(f"{'all':<62} {total}")
    return 1 if total.wrong or total.lost or total.doubled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
