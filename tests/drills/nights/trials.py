"""A step of a play → tried as often as dice say, by processes that may die; the org and its summary judged after each try."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.ledger import entries, undos
from include.bulkload.steps import summarize
from tests.drills import kills, points
from tests.drills.nights import accounts, drawn, excuses, known, mortal, moves, sources, standing, troubles

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from tests.running import loads

Document = dict[str, Any]
# A process that is to die does so about here: looks at jobs aren't counted.
MEAN_ACTS = 40
DIES, GIVEN_UP = 0.4, 0.7
# What nothing excuses, unless somebody marked a task success that had not done its work.
NEVER = (errors.LedgerDamaged, errors.ContradictingIds, errors.SumsDontClose, errors.PlanError, errors.WrongOrg)


@dataclass(frozen=True, slots=True)
class Doing:
    """A step. `act`: all its tasks; `close`: its summary alone, once one of them failed.

    `copy`: it is a replay of an edited copy; `calm`: nothing goes wrong.
    """

    name: str
    kind: str
    run: str
    act: Callable[[mortal.Mortal], Document]
    close: Callable[[mortal.Mortal], Document]
    copy: bool = False
    calm: bool = False


@dataclass
class Trials:
    """All tries of a play. `told`: what was done; `figures`: what it came to; `gone_about`: how often a step was gone about, by name.

    `planted`: what the org refused, by step; `disturbed`: steps whose losses nobody can foretell, as jobs ended early or a task was
    marked, or that have ended before.
    """

    folder: Path
    org: loads.LocalOrg
    plan: drawn.Plan
    dice: random.Random
    rows_of: Callable[[str], sources.Rows]
    told: list[str] = field(default_factory=list)
    figures: kills.Figures = field(default_factory=kills.Figures)
    before: standing.Standing = field(default_factory=dict)
    planted: dict[str, set[str]] = field(default_factory=lambda: collections.defaultdict(set))
    disturbed: set[str] = field(default_factory=set)
    gone_about: collections.Counter[str] = field(default_factory=collections.Counter)
    trouble: troubles.Trouble = field(default_factory=troubles.Trouble)
    clock: int = 0
    steps: int = 0

    def __post_init__(self) -> None:
        """Know nothing."""
        self.known = known.Known(self.plan)

    def tried(self, doing: Doing, tries: int) -> Document | None:
        """Try a step; what its summary returned, None if it broke off."""
        self.planted[doing.name] |= self.trouble.planted
        self.gone_about[doing.name] += 1
        found = next((found for _ in range(tries) if (found := self._once(doing, doing.act, doing.name, DIES))), None)
        if found is None and self.dice.random() < GIVEN_UP:
            self._once(doing, doing.close, f"{doing.name}, its summary", DIES / 2)
        # A replay that goes on is the same one; a load that is cleared, or broke off, has lost what it had lost.
        if doing.kind == known.LOAD:
            self.disturbed.add(doing.name)
        return found

    def begun(self, run: str, *, dies: float = 0) -> mortal.Mortal:
        """Begin a process that works on a run; `dies`: how likely it does so before its end."""
        strike = points.Strike(1 + int(self.dice.expovariate(1 / MEAN_ACTS)), self.dice.choice(points.OF_AN_UPLOAD))
        life = mortal.life(strike if self.dice.random() < dies else None)
        self.clock += 1
        return mortal.Mortal(self.folder, self.org, self.plan.document(self.folder / f"{run}.json"), run, self.clock, life)

    def _once(self, doing: Doing, act: Callable[[mortal.Mortal], Document], name: str, dies: float) -> Document | None:
        """Do something as one process, and hold the org against it."""
        at = self.begun(doing.run, dies=0 if doing.calm else dies)
        if doing.kind == known.LOAD and not doing.calm and self.dice.random() < DIES / 4:
            at.skipped = f"{self.dice.choice(mortal.TASKS)} {self.dice.choice(self.plan.kinds).name}"
        rows = None if doing.run in self.known.of else self.rows_of(doing.run)
        found, said, never = self._ended(act, at)
        self.clock = max(self.clock, at.clock)
        without = f", {at.skipped} marked success" if at.skipped else ""
        self.told.append(f"{name}{without}{self.trouble}: {said}")
        if rows and at.run.folder.read(entries.STAGED) is not None:
            self.known.reads(doing.run, rows, self.steps)
        if at.skipped or self.trouble.ends:
            self.disturbed.add(doing.name)
        # The DAG's own tasks refuse a replay and an undo of a run that never began, before any step of the loader's.
        refused = doing.kind != known.LOAD and at.run.folder.read(entries.BEGUN) is None
        wrong = [said] if never and not (at.skipped or refused) else []
        wrong += self._moved(doing, at) + (self._accounted(doing, at, found) if found and act is doing.act else [])
        self.figures.wrong += [f"{name}: {each}" for each in wrong]
        return found

    def _ended(self, act: Callable[[mortal.Mortal], Document], at: mortal.Mortal) -> tuple[Document | None, str, bool]:
        """Do it: what it returned, how it ended, and whether it must never end so."""
        try:
            found = act(at)
        except mortal.DiedError:
            self.figures.kills += 1
            return None, f"died at act {at.life.met}", False
        except errors.BulkloadError as stopped:
            return None, f"{type(stopped).__name__}: {stopped}", isinstance(stopped, NEVER)
        except Exception as broken:  # noqa: BLE001 - a mistake of the product is what is looked for
            return None, f"broke down, {type(broken).__name__}: {broken}", True
        return found, "green" if found["clean"] else f"red, {found['why']}", False

    def _moved(self, doing: Doing, at: mortal.Mortal) -> list[str]:
        """Hold the org against what it held before."""
        self.steps += 1
        if doing.kind == known.UNDO and at.run.folder.read(undos.BEGUN) is not None:
            self.known.undone.add(doing.run)
        leftovers = doing.kind == known.LOAD and bool(self.plan.more["replay_leftovers"])
        now, doubled = standing.now(self.org, self.plan)
        self.figures.doubled += len(doubled)
        step = known.Step(doing.kind, doing.run, self.steps, leftovers)
        said = moves.wrong(self.known, self.before, now, step)
        self.before = now
        return said + [f"stored twice: {each}" for each in doubled]

    def _accounted(self, doing: Doing, at: mortal.Mortal, found: Document) -> list[str]:
        """Judge a step by its own summary, and by that of its run."""
        self.figures.loads += 1
        if doing.kind == known.UNDO:
            return accounts.undone(self.known, doing.run, found["summary"], self.before)
        if doing.run not in self.known.of:
            return []
        self.figures.rows += len(self.known.of[doing.run])
        said, whole = [], found
        if doing.kind == known.REPLAY:
            said += accounts.replayed(self.plan, found)
            whole = {"summary": at.run.folder.read(summarize.SUMMARY), "clean": False, "why": ["its own summary has no colour"]}
        lost = accounts.wrong(self.known, doing.run, whole, self.before)
        # Nothing but what is planted kept it from bringing all.
        if not doing.copy and doing.name not in self.disturbed and doing.run not in self.known.undone:
            lost += self._needless(doing, whole)
        self.figures.lost += len(lost)
        return said + lost

    def _needless(self, doing: Doing, whole: Document) -> list[str]:
        listed = accounts.lists(self.plan, whole["summary"])
        replays = doing.kind == known.REPLAY
        planted, resumed = self.planted[doing.name], self.gone_about[doing.name] > 1
        found = excuses.Excuses(self.known, doing.run, listed, self.before, planted, superseded=replays, resumed=resumed).needless()
        return found + ([f"red for nothing: {whole['why']}"] if not listed and not whole["clean"] and not replays else [])
