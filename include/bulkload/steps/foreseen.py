"""Staged rows → what may go wrong with them, before anything is sent: keys that lead nowhere, a day's limits that are close."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import dangling
from include.bulkload.ledger import entries
from include.bulkload.steps import day_limits, journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.bulkload.steps import ports

Document = dict[str, Any]
FORESEEN = "ledger/foreseen.json"


def check(run: ports.Run, opened: journal.Opened) -> None:
    """Look ahead once, when the rows are staged. Raises PlanError for what can't fit into the day's limits.

    A dry run isn't stopped: it counts exactly, and its summary tells.
    """
    if run.folder.read(FORESEEN) is not None:
        return
    staged = journal.demand(run, entries.STAGED)["objects"]
    loose = _dangling(run, opened, staged)
    warnings = [warning for name, each in loose.items() for warning in _said(name, each)]
    if not opened.plan.dry_run:
        warnings += day_limits.fit(run, opened, staged, loose)
    told = {name: [each.as_document() for each in found] for name, found in loose.items()}
    local = journal.write_json({"dangling": told, "warnings": warnings}, run.scratch / "foreseen.json")
    # It quotes keys of rows: those stand in a stored file, not in an entry.
    journal.note(run, entries.Entry(FORESEEN, {"file": journal.keep(run, local, "foreseen.json")}))


def standing(run: ports.Run) -> Document:
    """What was foreseen: {"dangling": object → documents, "warnings"}; nothing if the run didn't come so far."""
    found = run.folder.read(FORESEEN)
    if found is None:
        return {"dangling": {}, "warnings": []}
    return dict(json.loads(journal.bring(run, found["file"]).read_text("utf-8")))


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
