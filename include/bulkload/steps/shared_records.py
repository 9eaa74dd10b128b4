"""An object of a run → the records that other objects of the same run were to write over: they aren't as it left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import same_records
from include.bulkload.steps import earlier_objects, journal, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.bulkload.steps import ports

ID = "Id"


def mark(run: ports.Run, opened: journal.Opened, name: str) -> list[str]:
    """Name what others planned and sent so far: as long as it is the same, so are the records."""
    return [outcome.of(run, other).mark for other in same_records.sharing(opened.plan, name)]


def of(run: ports.Run, opened: journal.Opened, name: str) -> list[str]:
    """The queries of the records (key as it is staged, own: first 15 characters of the Id), whatever became of the rows."""
    return [each for other in same_records.sharing(opened.plan, name) for each in _of_other(run, outcome.of(run, other), other)]


def _of_other(run: ports.Run, standing: outcome.Standing, name: str) -> Iterator[str]:
    for wave in standing.waves:
        if not wave.ready:
            continue
        yield f"SELECT key, NULL FROM ({earlier_objects.sent(run, name, wave)})"
        if ID in wave.columns:
            yield f"SELECT NULL, left({tables.cell(ID)}, 15) FROM {tables.parquet(journal.bring(run, wave.ready))}"
    # What others remember may be known by the Id alone.
    for job in standing.jobs.values():
        if job.has("matched"):
            yield f"SELECT NULL, left(sf_id, 15) FROM {tables.parquet(journal.bring(run, job.facts['matched']['fates']))}"
