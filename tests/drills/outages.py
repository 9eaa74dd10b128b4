"""A ground and a play → the load while the org is down for ten minutes of the load's clock: waits outlast it, tasks may not.

A run that it ends red tells the truth; cleared or replayed once the org is up, it ends like the undisturbed load.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from include.bulkload.ledger import entries
from tests.drills import drilled, ground, kills, mended, points

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.drills import plays

# No connection lives, or a gateway answers in the org's place.
DOWN: dict[str, dict[str, Any]] = {"no connection": {"kind": "reset_before"}, "503": {"kind": "status", "status": 503, "html": True}}
CLEARED, REPLAYED = "cleared", "replayed"
NAME = "org down for ten minutes"
# So many moments of each load at which it begins.
MOMENTS = 12
# A job takes some looks, so that a wait has something to wait for; here it begins to.
LOOKS = 2
WAITING = points.Strike("GET jobs/ingest/job1 #1", points.BEFORE)


def drills(
    dice: random.Random, place: ground.Ground, play: plays.Play, share: float
) -> Iterator[tuple[str, Callable[[ground.Ground, kills.Figures], object]]]:
    """Name the drills of a play: requests at which the org goes down, how it is down, and what is done about the run then."""
    strikes = [WAITING, *dice.sample(moments(place.acts[play.name]), MOMENTS)][: round((1 + MOMENTS) * share)]
    for strike, (how, then) in zip(strikes, itertools.cycle(itertools.product(DOWN, (CLEARED, REPLAYED)))):
        yield NAME, lambda at, figures, strike=strike, how=how, then=then: at_a_request(at, play, strike, how, then, figures)


def moments(acts: list[str]) -> list[points.Strike]:
    """Each request of a load: the org goes down before it, or right after it has acted on it."""
    return [
        strike for strike in kills.places(acts) if strike.phase == points.ACTED or (strike.phase == points.BEFORE and " jobs" in strike.act)
    ]


def at_a_request(place: ground.Ground, play: plays.Play, strike: points.Strike, how: str, then: str, figures: kills.Figures) -> None:
    """Let the org go down at a request of a load; follow the load to a whole end."""
    expected, case = place.undisturbed(play), place.case(play)
    where = f"{play.name}, {NAME} ({how}) {strike.phase} {strike.act}"
    place.org.behave(looks=LOOKS)
    last = case.started(strike, down=DOWN[how])
    last.ended()
    place.org.behave(**(ground.CALM | play.behaving))
    if not last.document().get("clean"):
        figures.wrong += [f"{where}: a wait didn't outlast it"] if strike == WAITING else []
        # Where the summary was worn out too, a person clears it.
        last = last if last.document().get("summary") else case.started(part=drilled.SUMMARY)
        last.ended()
        found = case.end(last, clear=False)
        figures.wrong += [f"{where}: {each}" for each in (mended.untrue(found) if found.counts else _begun(found))]
        # A run whose rows were never found fit to be sent has nothing to replay: it is cleared.
        fit = any(f"/{entries.FORESEEN} #" in each for each in case.tries[0].acts())
        part = drilled.REPLAY if then == REPLAYED and fit else drilled.LOAD
        where += f", then {part}"
        last = case.started(part=part)
        last.ended()
    figures.judge(where, case.end(last), expected)


def _begun(found: ground.End) -> list[str]:
    """What a run did whose summary has no rows."""
    said = [] if found.summary.get("status") == "FAILED" else [f"no summary: {found.error}"]
    return said + ([f"no rows in the summary, and jobs wrote {found.written}"] if found.written else [])
