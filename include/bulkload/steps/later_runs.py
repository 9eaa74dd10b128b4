"""Runs of the same plan and org that began after this one → the keys that they have written, or may have, object by object."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.ledger import entries
from include.bulkload.load import fates
from include.bulkload.steps import journal, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.bulkload.steps import ports


def keys(run: ports.Run, opened: journal.Opened) -> dict[str, list[Path]]:
    """Write the keys (Parquet: key) of the records that later runs wrote, or left because they had them already.

    Rows of closed jobs that nobody collected count too: they may be written. Objects whose rows have no key of the source's have none.
    """
    keyed = [name for name, each in opened.plan.objects.items() if each.external_id]
    found: dict[str, list[Path]] = {name: [] for name in opened.plan.objects}
    for later in _later(run, opened) if keyed else ():
        for name in keyed:
            out = later.scratch / f"{name}-written.parquet"
            if _written(later, name, out):
                found[name].append(out)
    return found


def _later(run: ports.Run, opened: journal.Opened) -> Iterator[ports.Run]:
    """The later runs, each with a scratch folder of its own."""
    for number, folder in enumerate(run.folder.beside()):
        begun = folder.read(entries.BEGUN)
        if begun is None or begun["org_id"] != opened.org_id or begun["at"] <= opened.at or folder.read(entries.STAGED) is None:
            continue
        scratch = run.scratch / f"later-{number}"
        scratch.mkdir(exist_ok=True)
        other = dataclasses.replace(run, folder=folder, scratch=scratch)
        plan = json.loads(journal.bring(other, begun["plan"]).read_text("utf-8"))
        if plan["name"] == opened.plan.name and not plan.get("dry_run"):
            yield other


def _written(later: ports.Run, name: str, out: Path) -> int:
    """Write the keys of one object in one run; how many."""
    if name not in journal.demand(later, entries.STAGED)["objects"]:
        return 0
    staged, standing = journal.bring(later, journal.staged(later, name)["file"]), outcome.of(later, name)
    rows = [f"SELECT row_id FROM ({fates.folded(outcome.met(later, standing))}) WHERE sf_id IS NOT NULL"]
    for wave in standing.waves:
        for chunk in standing.chunks(wave):
            facts = standing.jobs.get(chunk.number)
            if facts is not None and not facts.has("matched") and wave.ready:
                rows.append(f"SELECT row_id FROM {tables.parquet(journal.bring(later, wave.ready))} WHERE {chunk.condition}")
    union = " UNION ALL ".join(rows)
    with tables.connect(later.limits) as con:
        query = f"SELECT DISTINCT key FROM {tables.parquet(staged)} SEMI JOIN ({union}) USING (row_id) WHERE key IS NOT NULL"
        return tables.write_parquet(con, query, out)
