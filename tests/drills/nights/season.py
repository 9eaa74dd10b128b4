"""A seed → a play: nights of a drawn plan, and what is done between them, disturbed by dice; then two calm nights."""

from __future__ import annotations

import collections
import csv
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.steps import summarize
from tests.drills.nights import accounts, drawn, known, sources, trials, troubles
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path

    from tests.drills.nights import mortal

DAY = 86_400
TRIES = (1, 1, 2, 3)
NIGHTS, BETWEEN = (2, 3, 3, 4), 3
RELINKED, COPIED, DELETED = 0.3, 0.7, 0.2


@dataclass
class Season:
    """A play in a folder and an org of its own."""

    folder: Path
    org: loads.LocalOrg
    seed: int

    def __post_init__(self) -> None:
        """Draw the plan."""
        self.dice = random.Random(self.seed)
        self.plan = drawn.plan(self.dice)
        self.source = sources.Source(self.plan, self.dice)
        self.trials = trials.Trials(self.folder, self.org, self.plan, self.dice, self._read)
        self.drawn: dict[str, tuple[int, sources.Rows]] = {}
        self.stalled: list[trials.Doing] = []
        self.deleted: collections.Counter[str] = collections.Counter()
        self.days = self.names = 0

    def play(self) -> None:
        """Play it all."""
        self.nights(self.dice.choice(NIGHTS), BETWEEN)
        self.calm_nights()

    def nights(self, nights: int, between: int) -> None:
        """Play some nights; after each of them at most so many other steps."""
        acts = {self.clear: 3, self.replay: 4, self.replay_copy: 3, self.undo: 1, self.resume: 2, self.delete_jobs: 1}
        for _ in range(nights):
            self.night()
            for act in self.dice.choices([*acts], [*acts.values()], k=self.dice.randint(0, between)):
                act()

    def night(self) -> None:
        """Load what the source has another night."""
        run = f"n{len(self.drawn) + 1}"
        self._day()
        self._draw(run)
        self._do(self._load(run))

    def clear(self) -> None:
        """Clear all tasks of a run."""
        self._do(self._load(self._some()))

    def replay(self) -> None:
        """Replay a run, its rows as they were sent last."""
        self._do(self._replay(self._some(), None))

    def replay_copy(self) -> None:
        """Edit some rows of a run's lists, and replay it from that copy."""
        run = self._some()
        if (file := self._copy(run)) is not None:
            self._do(self._replay(run, file))

    def undo(self) -> None:
        """Undo a run."""
        run, by = self._some(), self._name()
        self._do(trials.Doing(f"{by} undoes {run}", known.UNDO, run, lambda at: at.undone(by), lambda at: at.undo_summed(by)))

    def resume(self) -> None:
        """Clear something that broke off."""
        if self.stalled:
            self._do(self.stalled.pop(self.dice.randrange(len(self.stalled))))

    def delete_jobs(self) -> None:
        """Delete some of the jobs that have ended."""
        for job in self.org.jobs():
            if job["state"] in {"JobComplete", "Aborted", "Failed"} and self.dice.random() < DELETED:
                self.org.client().delete(job["id"])
                self.deleted[job["object"]] += 1
        self.trials.told.append(f"jobs are deleted: {dict(self.deleted)} by now")

    def calm_nights(self) -> None:
        """Nothing goes wrong: the first night brings all that the source has, the second finds it there."""
        rows = self.source.night(whole=True)
        keyed = {kind.name for kind in self.plan.kinds if kind.known_by == drawn.KEYED}
        self._calm("calm1", rows)
        found = self._calm("calm2", {name: each if name in keyed else {} for name, each in rows.items()})
        self.trials.figures.wrong += [f"calm2: {each}" for each in accounts.changed(self.plan, found)]

    def _calm(self, run: str, rows: sources.Rows) -> trials.Document:
        """Load these rows; what the summary returns."""
        self._day()
        self.drawn[run] = self.source.nights, rows
        self._behave(troubles.Trouble())
        found = self.trials.tried(self._load(run, calm=True), 1) or {"clean": False, "summary": {"objects": {}}}
        said = accounts.whole(self.trials.known, run, self.trials.before)
        said += [] if found["clean"] else ["a calm night is red"]
        self.trials.figures.wrong += [f"{run}: {each}" for each in said]
        return found

    def _do(self, doing: trials.Doing) -> None:
        jobs = self.deleted + collections.Counter(each["object"] for each in self.org.jobs())
        self._behave(troubles.drawn_for(self.dice, self.plan, self._rows(doing.run), jobs))
        if self.trials.tried(doing, self.dice.choice(TRIES)) is None:
            self.stalled.append(doing)

    def _rows(self, run: str) -> list[sources.Row]:
        """The rows of a run as they stand, or as it will find them."""
        versions = self.trials.known.of.get(run)
        if versions is not None:
            return [each[-1] for each in versions.values()]
        return [row for each in self._read(run).values() for row in each.values()]

    def _load(self, run: str, *, calm: bool = False) -> trials.Doing:
        return trials.Doing(f"load {run}", known.LOAD, run, _whole, _summed, calm=calm)

    def _replay(self, run: str, file: Path | None) -> trials.Doing:
        by, copy = self._name(), file.as_uri() if file else None
        name = f"{by} replays {run}{f' from {file.name}' if file else ''}"
        return trials.Doing(name, known.REPLAY, run, lambda at: at.replayed(by, copy), lambda at: at.replay_summed(by), copy=bool(file))

    def _some(self) -> str:
        return self.dice.choice([*self.drawn])

    def _name(self) -> str:
        self.names += 1
        return f"by{self.names}"

    def _day(self) -> None:
        """Let a day go by, for the org and for us."""
        self.days += 1
        self.trials.clock = max(self.trials.clock, self.days * DAY)
        self.org.behave(clock_skew_seconds=self.days * DAY)

    def _behave(self, trouble: troubles.Trouble) -> None:
        self.trials.trouble = trouble
        self.org.behave(seed=self.seed, **trouble.settings)

    def _draw(self, run: str) -> None:
        rows = self.source.night()
        self.drawn[run] = self.source.nights, rows
        self.trials.known.rows |= {row.number: row for each in rows.values() for row in each.values()}

    def _read(self, run: str) -> sources.Rows:
        """What a run that hasn't read its source yet finds there now: of a later night, if one has come since."""
        if self.drawn[run][0] != self.source.nights:
            self._draw(run)
        rows = self.drawn[run][1]
        (self.folder / f"{run}.json").write_text(json.dumps(sources.document(self.plan, rows)))
        return rows

    def _copy(self, run: str) -> Path | None:
        """An edited copy of one of a run's lists; None if it has none."""
        summary = self.trials.begun(run).run.folder.read(summarize.SUMMARY) or {"objects": {}}
        files = {name: each.get("files", {}) for name, each in summary["objects"].items()}
        lists = [(name, fate) for name in files for fate in accounts.LOST if files[name].get(fate)]
        lists = [each for each in lists if self.plan.kind(each[0]).known_by != drawn.DELETED]
        if not lists or run not in self.trials.known.of:
            return None
        name, fate = self.dice.choice(lists)
        rows = [each for each in loads.listed(files[name][fate]) if self.dice.random() < COPIED]
        edited = [self._edited(run, self.plan.kind(name), each) for each in rows]
        path = self.folder / f"copy-{self._name()}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*edited[0]] if edited else ["row_id"])
            writer.writeheader()
            writer.writerows(edited)
        return path

    def _edited(self, run: str, kind: drawn.Kind, cells: dict[str, str]) -> dict[str, str]:
        """Edit a row's text, and perhaps a link of it."""
        row = self.trials.known.of[run][kind.name, accounts.key_of(self.plan, kind, cells)][-1]
        movable = [lookup for lookup, tie in kind.ties.items() if not tie.nested and row.link(lookup)]
        moved = [lookup for lookup in movable if self.dice.random() < RELINKED]
        new = self.source.edited(row, {lookup: self.source.anybody(kind.ties[lookup], row.key) for lookup in moved})
        self.trials.known.edits(run, new)
        return cells | {kind.text: new.text} | {lookup: sources.cell(self.plan, new.link(lookup), new.number) or "" for lookup in moved}


def _whole(at: mortal.Mortal) -> dict[str, Any]:
    return at.whole()


def _summed(at: mortal.Mortal) -> dict[str, Any]:
    return at.summed()
