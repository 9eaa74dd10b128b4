"""What a run was asked for → load, replay or undo, and of which run; everything that contradicts itself told at once.

These are choices of a run, no keys of a plan: a plan file says what every night does (docs/decisions/modes.md).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Mode(StrEnum):
    """What a run of a plan does."""

    LOAD = "load"
    REPLAY = "replay"
    UNDO = "undo"


# Each key beside `mode`, and the mode that it is for.
OWN = {"replay_of": Mode.REPLAY, "replay_file": Mode.REPLAY, "undo_of": Mode.UNDO, "undo_confirmed": Mode.UNDO}
KEYS = ("mode", *OWN)
OF = {Mode.REPLAY: "replay_of", Mode.UNDO: "undo_of"}
NEEDS = {
    Mode.REPLAY: "replay_of: a replay needs the run id of the run that lost the rows; copy it from Airflow's page of that run",
    Mode.UNDO: "undo_of: an undo needs the run id of the run that is to be undone; copy it from Airflow's page of that run",
}
NO_DRY_RUN = {
    Mode.REPLAY: "dry_run: a replay has none; say false, and look at the run's lists before",
    Mode.UNDO: "dry_run: an undo begins with one anyway, and asks before it goes on; say false",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run does; of which run (its id, "" for a load); from which edited copy; whether an undo was agreed to beforehand."""

    mode: Mode = Mode.LOAD
    of: str = ""
    file: str | None = None
    confirmed: bool = False

    @property
    def key(self) -> str:
        """The key that names the other run."""
        return OF.get(self.mode, "mode")


def asked(given: Mapping[str, Any]) -> Asked:
    """Read what a run was asked for from all its choices. Raises PlanError with every contradiction."""
    told = {name: text.strip() or None if isinstance(text := given.get(name), str) else text for name in KEYS}
    mode = told["mode"] or Mode.LOAD
    if mode not in list(Mode):
        raise errors.PlanError(f"mode: {mode}; it is load, replay or undo")
    found = [*_contradictions(Mode(mode), told), *(_of_loads(Mode(mode), given) if mode != Mode.LOAD else ())]
    if found:
        raise errors.PlanError(*found)
    return Asked(Mode(mode), str(told[OF[Mode(mode)]]) if mode in OF else "", told["replay_file"], bool(told["undo_confirmed"]))


def _contradictions(mode: Mode, told: Mapping[str, Any]) -> Iterator[str]:
    if mode in OF and not told[OF[mode]]:
        yield NEEDS[mode]
    for name, own in OWN.items():
        if told[name] and mode is not own:
            yield f"{name}: this run's mode is {mode}; say mode: {own}, or leave it out"


def _of_loads(mode: Mode, given: Mapping[str, Any]) -> Iterator[str]:
    """What is for loads only, and would be missed sorely if nobody obeyed it."""
    if given.get("dry_run"):
        yield NO_DRY_RUN[mode]
    if given.get("only_first") is not None:
        yield "only_first: it is for loads; leave it empty" + (", a replay of some rows takes an edited copy" * (mode is Mode.REPLAY))


def unknown(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raise PlanError for choices that this DAG doesn't know: a misspelt one must not be passed over."""
    found = [_near(key, list(known)) for key in given if key not in known]
    if found:
        raise errors.PlanError(*found)


def _near(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"{key}: nobody can choose it here; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
