"""A run's folder → how old the run is, who works on it, where it stands among the runs of its plan: what a sweep goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities
from include.bulkload.intake import plan
from include.bulkload.ledger import entries, replays, resume, undos
from include.bulkload.match import chosen
from include.bulkload.steps import journal, ports, summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

Document = dict[str, Any]
# Stands until all the rest of a run is gone.
GOING = "ledger/swept-whole.json"
# What stands in doubt may turn out to be left once its job is collected.
MAYBE_LEFT = (*chosen.LEFT, entities.Fate.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a run stands among others: whose plan and org it is, its place (None: it read no sources), whether it may be replayed."""

    name: ports.RunName
    series: tuple[str, str, str]
    place: entries.Order | None
    has_left: bool

    def precedes(self, other: Placed) -> bool:
        """Whether the other one is a later run of the same plan and org."""
        return self.series == other.series and self.place is not None and other.place is not None and self.place < other.place


@dataclass(frozen=True, slots=True)
class Old:
    """One run that stands there: its folder, all names in it, its plan if it ever began, when it was last heard of, its summary if any."""

    name: ports.RunName
    folder: ports.Kept
    names: Sequence[str]
    opened: journal.Opened | None
    heard: datetime | None
    told: Document

    @property
    def placed(self) -> Placed:
        """Where it stands among others."""
        if self.opened is None:
            return Placed(self.name, (self.name.dag_id, "", ""), None, has_left=False)
        place = entries.order(staged, self.name.run_id) if (staged := self.folder.read(entries.STAGED)) else None
        return Placed(self.name, (self.name.dag_id, self.opened.plan.name, self.opened.org_id), place, has_left=self._has_left())

    def _has_left(self) -> bool:
        """Whether a replay of it may send rows that have a key; what a dry run, an undone or a swept run left never goes."""
        if self.opened is None or self.opened.plan.dry_run or not any(each.external_id for each in self.opened.plan.objects.values()):
            return False
        if entries.STAGED not in self.names or {undos.BEGUN, entries.SWEPT, GOING} & {*self.names}:
            return False
        return not self.told or any(each[fate] for each in self.told["objects"].values() for fate in MAYBE_LEFT)

    def is_past(self, now: datetime, days: int) -> bool:
        """Whether it wasn't heard of for so many days."""
        return self.heard is not None and now - self.heard > timedelta(days=days)

    @property
    def days(self) -> tuple[int, int]:
        """How long its files and its ledger are kept, in days."""
        if self.opened:
            return self.opened.plan.keep_days, self.opened.plan.keep_ledger_days
        fields = plan.Plan.model_fields
        return int(fields["keep_days"].default), int(fields["keep_ledger_days"].default)

    def worked_on(self) -> list[ports.RunName]:
        """Name the runs that replay or undo it, and aren't done by its ledger."""
        begun = replays.numbers(each for each in self.names if each.startswith(replays.FOLDER))
        going = [replays.name(each, replays.BEGUN) for each in begun if replays.name(each, replays.CLOSED) not in self.names]
        plans = [each for each in self.names if each.startswith(undos.PLAN)]
        going += [each for each in plans if each.replace(undos.PLAN, undos.ENDED) not in self.names]
        found = [(self.folder.read(each) or {}).get("by") for each in going]
        return [ports.RunName(self.name.dag_id, by) for by in found if by]

    def jobs(self) -> list[resume.JobFacts]:
        """Fold what its ledger says of its jobs."""
        return resume.jobs({each: self.folder.read(each) or {} for each in self.names if resume.is_of_a_job(each)})


def read(run: ports.Run, folder: ports.Kept, name: ports.RunName, names: Sequence[str]) -> Old:
    """Read what is known of a run; `run`: in its `folder`, `names`: all that stand there. Raises LedgerDamaged."""
    is_whole = entries.BEGUN in names and GOING not in names
    opened = journal.opened(run, compare=False) if is_whole else None
    told = (folder.read(summarize.SUMMARY) or {}) if summarize.SUMMARY in names else {}
    stamps = [told[each] for each in summarize.STAMPS if told.get(each)] + ([opened.at] if opened else [])
    return Old(name, folder, names, opened, max(map(datetime.fromisoformat, stamps), default=None), told)
