"""A ground and a play → the load under faults that take rows away, its summary held against the org, the org mended, a replay.

The replay ends like the load that nothing disturbed, whatever kills it or goes wrong meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.drills import drilled, faults, ground, kills, points

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.drills import plays

FAULTS = (*faults.TAKING, *faults.LASTING)
# What lasts begins in the middle: some rows are sent, others aren't.
BEGIN = points.Strike("PATCH jobs/ingest/job1 #1", points.ACTED)
ENTRY = "create drill/run/ledger/"
# The loss that replays are killed after: rows of an aborted job don't go again by themselves, so that it costs no rounds.
LOSS = "an admin aborts at 40 %"


def drills(
    dice: random.Random, place: ground.Ground, play: plays.Play, share: float
) -> Iterator[tuple[str, Callable[[ground.Ground, kills.Figures], object]]]:
    """Name the drills of a play's replay: after each fault, under faults, killed at each entry of the ledger."""
    acts = by_replay(place, play, LOSS, kills.Figures())
    for name in FAULTS:
        yield f"{name}, replayed", lambda at, figures, name=name: by_replay(at, play, name, figures)
    yield "replay under faults", lambda at, figures: under_faults(at, play, LOSS, figures)
    found = entries(acts)
    for strike in dice.sample(found, round(len(found) * share)):
        yield "replay killed", lambda at, figures, strike=strike: killed(at, play, LOSS, strike, figures)


def by_replay(place: ground.Ground, play: plays.Play, name: str, figures: kills.Figures) -> list[str]:
    """Lose rows to a fault, then replay on a mended org; the names of the replay's acts."""
    expected, case = place.undisturbed(play), _lost(place, play, name, figures)
    figures.judge(f"{play.name}, {name}, replayed", case.resumed(drilled.REPLAY), expected)
    return case.tries[-1].acts()


def killed(place: ground.Ground, play: plays.Play, name: str, strike: points.Strike, figures: kills.Figures) -> None:
    """The same, the replay killed at a point and begun again."""
    expected, case = place.undisturbed(play), _lost(place, play, name, figures)
    figures.kills += case.killed(strike, drilled.REPLAY)
    where = f"{play.name}, {name}, replay killed {strike.phase} {strike.act}"
    figures.judge(where, case.resumed(drilled.REPLAY), expected)


def under_faults(place: ground.Ground, play: plays.Play, name: str, figures: kills.Figures) -> None:
    """The same, with 30 % of all answers faulty during the replay."""
    expected, case = place.undisturbed(play), _lost(place, play, name, figures)
    place.org.behave(http_faults=faults.TRANSPORT)
    last = case.started(part=drilled.REPLAY)
    last.ended()
    place.org.behave(**ground.CALM)
    figures.judge(f"{play.name}, {name}, replayed under faults", case.end(last), expected)


def entries(acts: list[str]) -> list[points.Strike]:
    """All points at which a replay may be killed around an entry of the ledger."""
    return [strike for strike in kills.places(acts) if str(strike.act).startswith(ENTRY)]


def _lost(place: ground.Ground, play: plays.Play, name: str, figures: kills.Figures) -> ground.Case:
    """Play a load under a fault to the summary, which must tell the truth; the org is mended then."""
    case = place.case(play)
    if name in faults.LASTING:
        first = case.started(BEGIN, waits=True)
        first.comes_to_its_point()
        place.org.behave(**faults.LASTING[name])
        first.goes_on()
        first.ended()
        last = case.started(part=drilled.SUMMARY)
    else:
        place.org.behave(**(play.behaving | faults.TAKING[name]))
        last = case.started()
    last.ended()
    place.org.behave(**(ground.CALM | play.behaving))
    figures.wrong += [f"{play.name}, {name}: {each}" for each in untrue(case.end(last, clear=False))]
    return case


def untrue(found: ground.End) -> list[str]:
    """What a summary says that isn't so: its sums don't close, it calls stored what isn't, or it is green over lost rows."""
    said = [f"no summary: {found.error}"] if not found.counts else []
    said += [f"{name} has {each}" for name, each in found.counts.items() if each["source"] != faults.fates(each)]
    succeeded, source = (sum(each[count] for each in found.counts.values()) for count in ("succeeded", "source"))
    said += [f"{succeeded} rows succeeded, jobs wrote {found.written}"] if succeeded > found.written else []
    said += ["clean, though rows are lost"] if found.clean and succeeded < source else []
    return said
