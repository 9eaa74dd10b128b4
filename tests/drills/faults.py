"""A ground and a play → the load under faults of the org: ended like the undisturbed one, or its summary tells the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.drills import ground, points

if TYPE_CHECKING:
    from tests.drills import kills, plays

# Every kind of transport fault that the local org can do, together 30 % of all answers. A second 401 in a row is a refused
# log-in, which a person must mend: hence `every`.
TRANSPORT: list[dict[str, Any]] = [
    {"kind": "unauthorized", "every": 25},
    {"kind": "status", "status": 503, "html": True, "share": 0.05},
    {"kind": "status", "status": 429, "retry_after": 1, "share": 0.04},
    {"kind": "status", "status": 500, "acted": True, "share": 0.04, "method": "POST|PUT|PATCH"},
    {"kind": "reset_before", "share": 0.05},
    {"kind": "reset_after", "share": 0.05},
    {"kind": "no_answer", "seconds": 0.02, "share": 0.03},
    {"kind": "truncate", "share": 0.05},
    {"kind": "slow", "seconds": 0.02, "share": 0.03},
    {"kind": "drip", "bytes": 200, "seconds": 0.005, "share": 0.03},
]
# What passes: the load ends as if nothing had been.
PASSING: dict[str, dict[str, Any]] = {
    "30 % of all answers faulty": {"http_faults": TRANSPORT},
    "the token ends at each call": {"token_calls": 1},
    "results echoed as stored": {"echo": "stored"},
}
# What takes rows away: the summary tells which.
TAKING: dict[str, dict[str, Any]] = {
    "jobs fail at 60 %": {"job_ends": [{"state": "Failed", "at": 0.6, "message": "InternalServerError : try later"}]},
    "an admin aborts at 40 %": {"job_ends": [{"state": "Aborted", "at": 0.4}]},
    "the quota ends at 50 %": {"job_ends": [{"state": "Failed", "at": 0.5, "message": "ExceededQuota : daily batches"}]},
    "half the rows are refused, results echoed as stored": {
        "row_faults": [{"share": 0.5, "error": "SOME_RULE:not today:--"}],
        "echo": "stored",
    },
    "an admin aborts at 40 %, results echoed as stored": {"job_ends": [{"state": "Aborted", "at": 0.4}], "echo": "stored"},
}
# What lasts for a while, from some act of the load on.
LASTING: dict[str, dict[str, Any]] = {
    "no API requests left for a while": {"daily_api_requests": 1},
}
FAULTS = (*PASSING, *TAKING, *LASTING)
# Fates of rows that aren't in the org.
AWAY = ("failed", "unprocessed", "orphaned")


def under(place: ground.Ground, play: plays.Play, name: str, figures: kills.Figures, strike: points.Strike | None = None) -> None:
    """Play a load under one of FAULTS; those that last begin at `strike`, or at the first upload."""
    expected = place.undisturbed(play)
    case = place.case(play)
    if name in LASTING:
        _while(case, LASTING[name], strike or points.Strike("PUT jobs/ingest/job1/batches #1", points.BEFORE))
    else:
        place.org.behave(**(play.behaving | PASSING.get(name, {}) | TAKING.get(name, {})))
    last = case.started()
    last.ended()
    place.org.behave(**ground.CALM)
    found = case.end(last)
    if name in TAKING:
        _true(f"{play.name}, {name}", found, expected, case.before, figures)
    else:
        figures.judge(f"{play.name}, {name}", found, expected)


def _while(case: ground.Case, settings: dict[str, Any], strike: points.Strike) -> None:
    """Let a try run into a fault that lasts until it gives up; what it says then adds up."""
    first = case.started(strike, waits=True)
    first.comes_to_its_point()
    case.ground.org.behave(**settings)
    first.goes_on()
    first.ended()
    case.ground.org.behave(**(ground.CALM | case.play.behaving))


def _true(where: str, found: ground.End, expected: ground.End, before: ground.Records, figures: kills.Figures) -> None:
    """Each object's sums close; what counts as succeeded is in the org, and nothing else; the run isn't green over lost rows."""
    figures.loads += 1
    figures.rows += expected.rows
    # What the load should have changed, or deleted, and didn't, is lost and not doubled.
    doubled = found.doubled(expected) - before
    figures.doubled += doubled.total()
    said = [f"doubled {dict(doubled)}"] if doubled else []
    said += [f"{name} has {each}" for name, each in found.counts.items() if each["source"] != fates(each)]
    said += [f"in doubt: {found.counts}"] if any(each["in_doubt"] for each in found.counts.values()) else []
    succeeded = sum(each["succeeded"] for each in found.counts.values())
    said += [f"{succeeded} rows succeeded, jobs wrote {found.written}"] if succeeded != found.written else []
    away = sum(each[fate] for each in found.counts.values() for fate in AWAY)
    said += [f"clean over {away} lost rows"] if bool(away) == found.clean else []
    figures.wrong += [f"{where}: {each}" for each in said]


def fates(counts: dict[str, int]) -> int:
    """How many rows of an object have a fate."""
    return sum(rows for name, rows in counts.items() if name not in ground.NOT_FATES)
