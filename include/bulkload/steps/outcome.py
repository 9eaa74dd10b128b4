"""An object's waves and jobs in the run folder → what is known of its rows, in files and in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.ledger import resume
from include.bulkload.load import fates
from include.bulkload.steps import journal, rehearsal

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.bulkload.basics import entities
    from include.bulkload.ledger.waves import Wave  # a field is called waves
    from include.bulkload.steps import ports


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of an object: its waves in order, and the job that counts for each chunk that has one.

    `gone`: the last job of each chunk that Salesforce lost and that may be sent again, or was.
    """

    waves: list[Wave]
    jobs: dict[int, resume.JobFacts]
    gone: dict[int, resume.JobFacts] = field(default_factory=dict)

    def chunks(self, wave: Wave) -> list[entities.Chunk]:
        """The chunks of a wave."""
        return [journal.chunk(each) for each in wave.chunks]


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
        found.append(fates.Wave(settled, [journal.bring(run, wave.aside)] if wave.aside else []))
    return found
