"""An object's staged rows and its parents' Ids → its jobs cut from the linked rows, all others set aside as orphans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.ledger import entries
from include.bulkload.match import link, orphans
from include.bulkload.steps import journal, settle, split

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports


def children(run: ports.Run, name: str) -> dict[str, Any]:
    """Link an object's rows to the records that this run wrote, and cut the jobs of what is linked.

    Returns {"chunks": [number, ...], "ready": rows, "orphaned": rows, "uri": of the orphan file for people}.
    """
    opened = journal.opened(run)
    aside = run.folder.read(entries.set_aside_name(name)) or journal.note(run, _set_aside(run, opened, name))
    numbers = _cut(run, opened, name)
    planned = journal.demand(run, entries.planned_name(name))
    return {
        "chunks": numbers,
        "ready": sum(each["rows"] for each in planned["chunks"]),
        "orphaned": aside["rows"],
        "uri": run.folder.uri(aside["for_people"]["name"]),
    }


def _staged(run: ports.Run, name: str) -> Path:
    return journal.bring(run, journal.demand(run, entries.STAGED)["objects"][name]["file"])


def _id_map(run: ports.Run, name: str) -> Path:
    return journal.bring(run, journal.demand(run, entries.learned_name(name))["id_map"])


def _set_aside(run: ports.Run, opened: journal.Opened, name: str) -> entries.Entry:
    """Write the rows whose parent this run didn't write, with the parent's key, fate and error."""
    (parent,) = [str(link.object) for links in opened.plan.objects[name].links.values() for link in links]
    aside, for_people = run.scratch / f"{name}-orphans.parquet", run.scratch / f"{name}-orphans.csv"
    with tables.connect(run.limits) as con:
        family = orphans.Family(
            child=name,
            child_staged=_staged(run, name),
            fields=tuple(opened.plan.objects[name].fields),
            parent=parent,
            parent_staged=_staged(run, parent),
            id_map=_id_map(run, parent),
            fates=settle.fates(run, parent),
        )
        rows = orphans.set_aside(con, family, aside, for_people)
    return entries.set_aside(
        name, journal.keep(run, aside, f"{name}/orphans.parquet"), journal.keep(run, for_people, f"{name}/orphans.csv"), rows
    )


def _cut(run: ports.Run, opened: journal.Opened, name: str) -> list[int]:
    each = opened.plan.objects[name]
    columns = [*each.fields, *each.parents]
    if run.folder.read(entries.planned_name(name)) is not None:
        return split.cut(run, opened, name, "", columns)
    links = [(field, _id_map(run, str(link.object))) for field, (link, *_) in each.links.items()]
    return split.cut(run, opened, name, link.children(_staged(run, name), list(each.fields), links), columns)
