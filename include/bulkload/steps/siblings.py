"""Rows of a sobject in other runs of the plan → the keys of the parents below which they hang.

What has no key can't be told from them: below the same parent it may be one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries, replays
from include.bulkload.match import chosen
from include.bulkload.report import summary
from include.bulkload.steps import journal, later_runs, outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.bulkload.match import newer
    from include.bulkload.steps import ports

NONE = "SELECT NULL::VARCHAR AS key WHERE false"


def named(run: ports.Run, opened: journal.Opened, name: str, sobject: str) -> list[newer.Keys]:
    """Write the keys of one object that rows of `sobject` in later runs name, or stood in, whatever became of them."""

    def rows(later: later_runs.Other, their: str, rule: entities.KeyRule | None) -> str:
        return _parents(sobject, lambda child: later_runs.staged(later.run, child), later, their, rule)

    return later_runs.found(run, opened, f"below-{sobject}", {name: rows}, name)[name]


def sent(run: ports.Run, opened: journal.Opened, name: str, sobject: str, below: Path) -> list[newer.Keys]:
    """Write the keys of one object below which earlier runs wrote rows of `sobject`, or may have, since this run read its source.

    By their replays, or as they were cleared. Where such a run was swept, nothing tells below which: then it is all keys of `below`.
    """
    own = later_runs.own_place(run)

    def rows(other: later_runs.Other, their: str, rule: entities.KeyRule | None) -> str:
        return _sent(own[0], sobject, below, other, their, rule)

    def may_have(folder: ports.RunFolder, place: entries.Order) -> bool:
        return place < own and not _is_done(folder, own[0])

    return later_runs.found(run, opened, f"sent-{sobject}", {name: rows}, name, may_have)[name]


def _is_done(folder: ports.RunFolder, since: str) -> bool:
    """Whether a run's summary says that it was through before then, with nothing left to send. That saves reading all its jobs."""
    told = folder.read(summary.FILE)
    stamp = next((told[each] for each in summary.STAMPS if told.get(each)), since) if told else since
    if told is None or stamp >= since or replays.numbers(folder.names(replays.FOLDER)):
        return False
    return not any(each[fate] for each in told["objects"].values() for fate in (*chosen.LEFT, entities.Fate.IN_DOUBT))


def _sent(since: str, sobject: str, below: Path, other: later_runs.Other, name: str, rule: entities.KeyRule | None) -> str:
    stands = journal.demand(other.run, entries.STAGED)["objects"]
    late = {child: _late(other.run, child, since) for child in _of(other, sobject) if child in stands}
    if not any(late.values()):
        return NONE
    if other.run.folder.read(entries.SWEPT) is not None:
        return f"SELECT {tables.folded('key', rule) if rule else 'key'} AS key FROM {tables.parquet(below)}"
    return _parents(sobject, lambda child: _written(other.run, child, late.get(child, set())), other, name, rule)


def _late(run: ports.Run, name: str, since: str) -> set[int]:
    """The chunks of an object, by their numbers, that a job may have carried which was closed since then.

    A job of which it isn't noted that it was closed, though it was to be, may have been so at any time.
    """
    jobs = [each for each in journal.jobs(run, name) if each.counts or each.goes_again]
    return {each.place.number for each in jobs if each.facts.get("closed", {"at": since})["at"] >= since}


def _written(run: ports.Run, name: str, chunks: set[int]) -> str:
    """The staged rows of an object that are written, or may be, and were sent in some chunks, as SQL. Second passes send no rows."""
    rows = outcome.rows_in(run, outcome.of(run, name).of_records(), chunks)
    carried = " UNION ALL ".join(["SELECT NULL::BIGINT AS row_id WHERE false", *rows])
    written = later_runs.wrote(run, name, "row_id")
    return f"(FROM {later_runs.staged(run, name)} WHERE row_id IN ({carried}) AND row_id IN ({written}))"


def _parents(sobject: str, rows_of: Callable[[str], str], other: later_runs.Other, name: str, rule: entities.KeyRule | None) -> str:
    """The keys of one object that rows of a sobject in one run name, or stood in; `rows_of`: those of an object of that run, as SQL."""
    found, stands = [NONE], journal.demand(other.run, entries.STAGED)["objects"]
    parent = other.plan["objects"][name]["sobject"], other.plan["objects"][name]["external_id"]
    for child in _of(other, sobject):
        for number, one in enumerate(_links(other.plan["objects"][child])) if child in stands else ():
            key = f"to{number}"
            if one["object"] == name and one["by"] == "nesting":
                parents = later_runs.staged(other.run, name)
                key_of = later_runs.key_of(other, name, rule)
                found.append(f"SELECT {key_of} AS key FROM {parents} WHERE row_id IN (SELECT parent_row FROM {rows_of(child)})")
            elif one["object"] == name or (one["sobject"], one["external_id"]) == parent:
                found.append(f"SELECT {tables.folded(key, rule) if rule else key} AS key FROM {rows_of(child)}")
    return " UNION ALL ".join(found)


def _links(each: later_runs.Document) -> list[later_runs.Document]:
    """The links of an object of another run's plan, in the order of their numbers.

    As they stand there: a newer version than that run's may check plans more strictly, and that one's is not to be loaded by again.
    """
    return [one for links in each["parents"].values() for one in (links if isinstance(links, list) else [links])]


def _of(other: later_runs.Other, sobject: str) -> list[str]:
    """The objects of a sobject, in another run's plan."""
    return [name for name, each in other.plan["objects"].items() if each["sobject"].lower() == sobject.lower()]
