"""Staged rows → what may go wrong with them, before anything is sent: keys that lead nowhere, deep hierarchies, a day's limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import dangling, layers
from include.bulkload.ledger import entries
from include.bulkload.report import summary
from include.bulkload.steps import day_limits, journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.bulkload.steps import ports

Document = dict[str, Any]


def check(run: ports.Run, opened: journal.Opened) -> None:
    """Look ahead once, when the rows are staged. Raises PlanError for what can't fit into the day's limits, or lies too deep.

    A dry run isn't stopped by limits: it counts exactly, and its summary tells.
    """
    if run.folder.read(entries.FORESEEN) is not None:
        return
    staged = journal.demand(run, entries.STAGED)["objects"]
    deep = _layers(run, opened, staged)
    loose = _dangling(run, opened, staged)
    warnings = [warning for name, each in loose.items() for warning in _said(name, each)]
    if not opened.plan.dry_run:
        warnings += day_limits.fit(run, opened, staged, loose)
    told = {name: [each.as_document() for each in found] for name, found in loose.items()}
    local = journal.write_json({"dangling": told, "warnings": warnings}, run.scratch / "foreseen.json")
    # It quotes keys of rows: those stand in a stored file, not in an entry.
    journal.note(run, entries.Entry(entries.FORESEEN, {"file": journal.keep(run, local, "foreseen.json"), "layers": deep}))


def passed(run: ports.Run) -> None:
    """Raise MustStop if the run's rows didn't pass what is checked before anything is sent: then nothing of it may go, whoever asks."""
    if run.folder.read(entries.FORESEEN) is None:
        message = (
            f"{run.folder.uri('')}: this run was refused before anything was sent, its summary says why; nothing of it goes before its "
            f"first task comes through: {summary.ANEW}"
        )
        raise errors.MustStop(message)


def standing(run: ports.Run) -> Document:
    """What was foreseen: {"dangling": object → documents, "warnings"}; nothing if the run didn't come so far."""
    found = run.folder.read(entries.FORESEEN)
    if found is None:
        return {"dangling": {}, "warnings": []}
    return dict(json.loads(journal.bring(run, found["file"]).read_text("utf-8")))


def layered(run: ports.Run, opened: journal.Opened, name: str) -> Document | None:
    """In which layers the rows of an object go, that name each other: {"layers": how many, "layered": stored}; None: they don't."""
    if not opened.plan.links_within(name):
        return None
    return dict(journal.demand(run, entries.FORESEEN)["layers"][name])


def not_too_deep(found: Iterable[tuple[str, int]]) -> None:
    """Raise PlanError naming all objects that have more layers than can be sent."""
    if wrong := [said for name, count in found if (said := layers.too_deep(name, count))]:
        raise errors.PlanError(*wrong)


def _layers(run: ports.Run, opened: journal.Opened, staged: Document) -> dict[str, Document]:
    """Find the layers of all objects whose rows name each other."""
    found: dict[str, Document] = {}
    for name in [each for each in opened.plan.objects if opened.plan.links_within(each)]:
        out = run.scratch / f"{name}-layers.parquet"
        with tables.connect(run.limits) as con:
            count = layers.of(con, journal.bring(run, staged[name]["file"]), opened.plan.links_within(name), out)
        found[name] = {"layers": max(count, 1), "layered": journal.keep(run, out, f"{name}/layers.parquet")}
    not_too_deep((name, each["layers"]) for name, each in found.items())
    return found


def _dangling(run: ports.Run, opened: journal.Opened, staged: Document) -> dict[str, list[dangling.Dangling]]:
    by_key = [name for name, each in opened.plan.objects.items() if any(link.by == "key" for _, _, _, link in each.numbered_links)]
    if not by_key:
        return {}
    files = {name: journal.bring(run, each["file"]) for name, each in staged.items()}
    with tables.connect(run.limits) as con:
        found = {name: dangling.of(con, opened.plan, name, files) for name in by_key}
    return {name: each for name, each in found.items() if each}


def _said(name: str, found: list[dangling.Dangling]) -> Iterator[str]:
    for each in found:
        place = f"objects.{name}.parents.{each.field}"
        yield f"{place}: {each.rows:,} rows name a key that no row of {each.object} has, {each.example!r} for example; mend the source"
