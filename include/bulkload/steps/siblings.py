"""Rows of one object that would be sent, and other runs of the plan → which of these rows those had, too, or may have had.

What has no key is known by its parents and its cells alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries, replays, undos
from include.bulkload.match import chosen, doubles
from include.bulkload.report import summary
from include.bulkload.steps import both_known, journal, later_runs, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]
# When a job had been closed at the latest, by the first of these that is noted.
CLOSED = ("closed", "ended", "collected")


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows of one object that are asked for: its name, the staged rows of all objects.

    `left`: the query of its rows (row_id) that are left, and that no copy names; `below`: a file of those that are asked for;
    `brought`: of those of them below parents that only later runs brought, None: there are none.
    """

    name: str
    staged: Mapping[str, Path]
    left: str
    below: Path
    brought: Path | None


def had(run: ports.Run, opened: journal.Opened, asked: Asked) -> list[Path]:
    """Write, by other runs, the rows that they had, too (row_id, run: NULL), or may have had (the other run's id).

    Of a later run all rows count that its source named, whatever became of them: they came, or are left for a replay of it. Of one that
    was refused before it sent anything none are, and of one that is undone, or was, those that stand in spite of it. Of an earlier one
    those count that it wrote, or may have, since this run read its source, by a replay or as it was cleared. Where such a run was
    swept, nothing tells which these were.
    """
    own = later_runs.own_place(run)

    def wanted(folder: ports.RunFolder, place: entries.Order) -> bool:
        if place > own:
            return asked.brought is not None and folder.read(entries.FORESEEN) is not None
        return place < own and not _is_done(folder, own[0])

    found: list[Path] = []
    for other in later_runs.others(run, opened, wanted):
        with later_runs.saying_whose(other.run.folder):
            found += _of_one(run, opened, asked, other, "" if other.place > own else own[0])
    return found


def _is_done(folder: ports.RunFolder, since: str) -> bool:
    """Whether a run's summary says that it was through before then, with nothing left to send. That saves reading all its jobs."""
    told = folder.read(summary.FILE)
    # A run that never began, by its summary, may have been cleared since.
    if not told or not told["objects"]:
        return False
    stamp = next((told[each] for each in summary.STAMPS if told.get(each)), since)
    if stamp >= since or replays.numbers(folder.names(replays.FOLDER)):
        return False
    return not any(each[fate] for each in told["objects"].values() for fate in (*chosen.LEFT, entities.Fate.IN_DOUBT))


def _of_one(run: ports.Run, opened: journal.Opened, asked: Asked, other: later_runs.Other, since: str) -> Iterator[Path]:
    """Write the rows that one other run had. `since`: when this one read its source, if the other is an earlier one."""
    stands = journal.demand(other.run, entries.STAGED)["objects"]
    for their in _of(other, asked.name, opened.plan.objects[asked.name].sobject):
        if their not in stands:
            continue
        late = _late(other.run, their, since) if since else None
        out = other.run.scratch / f"{asked.name}-with-{their}.parquet"
        if late != set() and _had(run, opened, asked, other, their, late, out):
            yield out


def _had(
    run: ports.Run, opened: journal.Opened, asked: Asked, other: later_runs.Other, their: str, late: set[int] | None, out: Path
) -> int:
    """Write the rows that one of another run's objects had; how many. `late`: which of its chunks count; None: all that it read does."""
    own = f"SELECT DISTINCT row_id FROM {tables.parquet(asked.below if late is not None else asked.brought or asked.below)}"
    who = other.run.folder.run_id()
    with tables.connect(run.limits) as con:
        if late is not None and other.run.folder.read(entries.SWEPT) is not None:
            return tables.write_parquet(con, f"SELECT row_id, {tables.literal(who)} AS run FROM ({own})", out)
        both = both_known.of(run, opened, asked.name, asked.staged, other, their)
        counted = _named(other.run, their) if late is None else _written(other.run, their, late)
        theirs = doubles.Other(both.theirs, counted, who, is_whole=both.is_whole)
        return doubles.had(con, doubles.Ours(both.ours, asked.left, own), theirs, out.with_suffix(""), out)


def _late(run: ports.Run, name: str, since: str) -> set[int]:
    """The chunks of an object, by their numbers, that a job may have carried which was closed since then.

    A job of which nothing says that it was closed, or has ended, though it was to be closed, may have been so at any time.
    """
    jobs = [each for each in journal.jobs(run, name) if each.counts or each.goes_again]
    return {each.place.number for each in jobs if _closed(each.facts, since) >= since}


def _closed(facts: Mapping[str, Document], unknown: str) -> str:
    """When a job had been closed at the latest."""
    return next((str(facts[fact]["at"]) for fact in CLOSED if "at" in facts.get(fact, {})), unknown)


def _named(run: ports.Run, name: str) -> str:
    """The query of the rows (row_id) of an object that are stored, or may be or come; nothing more comes of a run that is undone."""
    if run.folder.read(undos.BEGUN) is not None:
        return f"SELECT key AS row_id FROM ({later_runs.wrote(run, name, 'row_id')})"
    return f"SELECT row_id FROM {later_runs.staged(run, name)}"


def _written(run: ports.Run, name: str, chunks: set[int]) -> str:
    """The query of the rows (row_id) of an object that are written, or may be, and were sent in some chunks. Second passes send no rows."""
    carried = " UNION ALL ".join(outcome.rows_in(run, outcome.of(run, name).of_records(), chunks))
    written = later_runs.wrote(run, name, "row_id")
    return f"SELECT row_id FROM ({carried or tables.NO_ROWS}) WHERE row_id IN ({written})"


def _of(other: later_runs.Other, name: str, sobject: str) -> list[str]:
    """The objects of a sobject in another run's plan: the one of that name, else those without a key, or those that have one by now."""
    found = [name for name, each in other.plan["objects"].items() if each["sobject"].lower() == sobject.lower()]
    keyless = [name for name in found if not other.plan["objects"][name].get("external_id")]
    if name in keyless:
        return [name]
    return keyless or [name for name in found if other.plan["objects"][name]["operation"] not in entities.DELETES]
