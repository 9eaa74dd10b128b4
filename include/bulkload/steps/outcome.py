"""An object's waves and jobs in the run folder → what is known of its rows, in files and in numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import resume
from include.bulkload.load import fates
from include.bulkload.steps import journal, rehearsal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from include.bulkload.ledger.waves import Wave  # a field is called waves
    from include.bulkload.steps import ports


# Enough to tell what stands of one object at one time from what stood at another.
DIGITS = 16


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of an object: its waves in order, and the job that counts for each chunk that has one.

    `gone`: the last job of each chunk that Salesforce lost and that may be sent again, or was.
    """

    waves: list[Wave]
    jobs: dict[int, resume.JobFacts]
    gone: dict[int, resume.JobFacts] = field(default_factory=dict)

    @property
    def sent(self) -> str:
        """Name what was planned and sent of its records: waves, and the jobs that count. As `mark`, but whatever came of them.

        Second passes aren't in it: whoever needs the Ids waits for none, and one may be under way when others ask for them.
        """
        records = self.of_records()
        return _named(records.waves, (job.place.job_id for job in records.jobs.values()))

    @property
    def mark(self) -> str:
        """Name what stands settled of it: its waves, the jobs whose rows have their fates, how often each was collected anew.

        Whatever is made of these may be kept under this name by anybody: as long as it is the same, so are they; when one more job
        is collected, a late one or that of a cleared task, or an aborted one moves, the name is another.
        """
        return _named(self.waves, (f"{job.place.job_id} {job.moves}" for job in self.jobs.values() if job.has("matched")))

    def only(self, own: list[Wave]) -> Standing:
        """The same of some of its waves alone."""
        numbers = {number for wave in own for number in wave.numbers}
        jobs, gone = ({number: facts for number, facts in each.items() if number in numbers} for each in (self.jobs, self.gone))
        return Standing(own, jobs, gone)

    def of_turn(self, replay: int) -> Standing:
        """What stands of one turn: that of a replay, by its number; 0: the run's own."""
        return self.only([wave for wave in self.waves if wave.replay == replay])

    def of_records(self) -> Standing:
        """What stands without the second passes: they make no record known that wasn't."""
        return self.only([wave for wave in self.waves if not wave.sets_links])

    def chunks(self, wave: Wave) -> list[entities.Chunk]:
        """The chunks of a wave."""
        return [journal.chunk(each) for each in wave.chunks]


def _named(own: list[Wave], jobs: Iterable[str]) -> str:
    told = hashlib.sha256("\n".join(sorted(jobs)).encode()).hexdigest()
    return f"{len(own):03d}-{told[:DIGITS]}"


def of(run: ports.Run, name: str) -> Standing:
    """Read what stands of an object. Raises LedgerDamaged if two jobs count for one chunk."""
    jobs = journal.jobs(run, name)
    return Standing(journal.waves_of(run, name), resume.counting(jobs), {each.place.number: each for each in jobs if each.goes_again})


def rows_in(run: ports.Run, standing: Standing, numbers: Collection[int]) -> list[str]:
    """The queries of the rows (row_id) that some chunks hold, by their numbers: one for each."""
    return [
        f"SELECT row_id FROM {tables.parquet(journal.bring(run, wave.ready))} WHERE {chunk.condition}"
        for wave in standing.waves
        for chunk in standing.chunks(wave)
        if wave.ready and chunk.number in numbers
    ]


def met(run: ports.Run, standing: Standing) -> list[fates.Wave]:
    """Bring what became of the rows so far, wave by wave: those of settled jobs (made up, in a dry run), those set aside."""
    found = []
    for wave in standing.waves:
        jobs = [standing.jobs[number] for number in wave.numbers if number in standing.jobs]
        settled = [journal.bring(run, job.facts["matched"]["fates"]) for job in jobs if job.has("matched")]
        settled += [journal.bring(run, wave.notes[rehearsal.NOTE])] if rehearsal.NOTE in wave.notes else []
        asides = [journal.bring(run, wave.aside)] if wave.aside else []
        found.append(fates.Wave(settled, asides, inserts=wave.inserts))
    return found
