"""A ground and a play → the load cut off at points of it, resumed until it ends, and judged against the undisturbed one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.drills import points

if TYPE_CHECKING:
    import random

    from tests.drills import ground, plays

# Looks at a job are many and alike: those after the third are no points of their own.
LOOKS = 3
MOST_KILLS = 4


@dataclass
class Figures:
    """What drills come to: processes killed, rows loaded, records lost and doubled, and what else was wrong."""

    kills: int = 0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    loads: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"kills {self.kills}, loads {self.loads}, rows {self.rows}, lost {self.lost}, doubled {self.doubled}, wrong {len(self.wrong)}"
        )

    def add(self, other: Figures) -> None:
        """Take another's figures over."""
        self.kills += other.kills
        self.rows += other.rows
        self.lost += other.lost
        self.doubled += other.doubled
        self.loads += other.loads
        self.wrong += other.wrong

    def judge(self, where: str, found: ground.End, expected: ground.End) -> None:
        """Compare a load with the undisturbed one: its records, one by one; its account; what its jobs wrote."""
        self.loads += 1
        self.rows += expected.rows
        lost, doubled = found.lost(expected), found.doubled(expected)
        self.lost += lost.total()
        self.doubled += doubled.total() + max(found.written - expected.written, 0)
        said = [f"lost {dict(lost)}"] if lost else []
        said += [f"doubled {dict(doubled)}"] if doubled else []
        said += [f"jobs wrote {found.written} rows, not {expected.written}"] if found.written != expected.written else []
        said += [f"counts {found.counts}"] if found.counts != expected.counts else []
        said += [f"not clean: {found.error or found.summary.get('error')}"] if not found.clean else []
        self.wrong += [f"{where}: {each}" for each in said]


def places(acts: list[str]) -> list[points.Strike]:
    """All points of a load at which it can be cut off."""
    told = [act for act in acts if not (act.startswith("GET jobs/ingest/") and int(act.rpartition("#")[2]) > LOOKS)]
    return [points.Strike(act, phase) for act in told for phase in points.phases(act)]


def at(place: ground.Ground, play: plays.Play, strike: points.Strike, figures: Figures) -> None:
    """Kill the load at one point; then resume it to its end."""
    expected, case = place.undisturbed(play), place.case(play)
    figures.kills += case.killed(strike)
    figures.judge(f"{play.name}, killed {strike.phase} {strike.act}", case.resumed(), expected)


def anywhere(place: ground.Ground, play: plays.Play, dice: random.Random, figures: Figures) -> None:
    """Kill the load and its next tries at acts that dice choose, until one comes through."""
    expected, case = place.undisturbed(play), place.case(play)
    told = []
    for _ in range(dice.randint(1, MOST_KILLS)):
        acts = len(place.acts[play.name]) // (1 + len(told))
        strike = points.Strike(dice.randint(1, max(acts, 1)), dice.choice(points.OF_AN_UPLOAD))
        told.append(f"{strike.phase} act {strike.act}")
        figures.kills += case.killed(strike)
    figures.judge(f"{play.name}, killed {', '.join(told)}", case.resumed(), expected)


def at_any_moment(place: ground.Ground, play: plays.Play, dice: random.Random, figures: Figures) -> None:
    """Kill the load from outside, in the middle of whatever it does then."""
    expected, case = place.undisturbed(play), place.case(play)
    seconds = dice.uniform(0, place.seconds[play.name])
    figures.kills += case.started().killed_after(seconds)
    figures.judge(f"{play.name}, killed after {seconds:.3f} s", case.resumed(), expected)


def still_alive(place: ground.Ground, play: plays.Play, strike: points.Strike, figures: Figures) -> None:
    """Hold the first try at a point while the second plays to its end; then let it go on, and clear the run."""
    expected, case = place.undisturbed(play), place.case(play)
    first = case.started(strike, waits=True)
    first.comes_to_its_point()
    case.started().ended()
    first.goes_on()
    first.ended()
    figures.judge(f"{play.name}, first try held {strike.phase} {strike.act}", case.resumed(), expected)


def both_at_once(place: ground.Ground, play: plays.Play, figures: Figures) -> None:
    """Two processes play the same load in one run folder, from the start."""
    expected, case = place.undisturbed(play), place.case(play)
    both = [case.started(), case.started()]
    for each in both:
        each.ended()
    figures.judge(f"{play.name}, twice at once", case.resumed(), expected)
