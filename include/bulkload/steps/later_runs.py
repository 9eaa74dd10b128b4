"""Runs of the same plan and org that began after this one → the keys that they have written, or may have, object by object.

Or all keys that their sources had.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import entries, undos, waves
from include.bulkload.load import fates
from include.bulkload.steps import journal, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from include.bulkload.steps import ports


def keys(run: ports.Run, opened: journal.Opened) -> dict[str, list[Path]]:
    """Write the keys (Parquet: key) of the records that later runs wrote, or left because they had them already.

    Rows of closed jobs that nobody collected count too: they may be written. Objects whose rows have no key of the source's have none.
    """
    return _found(run, opened, _written)


def sources(run: ports.Run, opened: journal.Opened) -> dict[str, list[Path]]:
    """Write the keys (Parquet: key) that later runs read, whatever became of their rows."""
    return _found(run, opened, _read)


def _found(run: ports.Run, opened: journal.Opened, write: Callable[[ports.Run, str, Path, Path], int]) -> dict[str, list[Path]]:
    keyed = [name for name, each in opened.plan.objects.items() if each.external_id]
    found: dict[str, list[Path]] = {name: [] for name in opened.plan.objects}
    for _, later in others(run, opened, lambda _, at: at > opened.at) if keyed else ():
        stands = journal.demand(later, entries.STAGED)["objects"]
        for name in [each for each in keyed if each in stands]:
            staged, out = journal.bring(later, journal.staged(later, name)["file"]), later.scratch / f"{name}-later.parquet"
            if write(later, name, staged, out):
                found[name].append(out)
    return found


def others(run: ports.Run, opened: journal.Opened, wanted: Callable[[ports.RunFolder, str], bool]) -> Iterator[tuple[str, ports.Run]]:
    """The other runs of the plan and org that are `wanted` by their folder and when they began, with that time.

    Each has a scratch folder of its own. A run that isn't wanted costs little: its plan isn't read.
    """
    for number, folder in enumerate(run.folder.beside()):
        begun = folder.read(entries.BEGUN)
        if begun is None or begun["org_id"] != opened.org_id or not wanted(folder, begun["at"]) or folder.read(entries.STAGED) is None:
            continue
        scratch = run.scratch / f"other-{number}"
        scratch.mkdir(exist_ok=True)
        other = dataclasses.replace(run, folder=folder, scratch=scratch)
        plan = json.loads(journal.bring(other, begun["plan"]).read_text("utf-8"))
        if plan["name"] == opened.plan.name and not plan.get("dry_run"):
            yield begun["at"], other


def _read(later: ports.Run, _: str, staged: Path, out: Path) -> int:
    """Write the keys of one object that a run read; how many."""
    with tables.connect(later.limits) as con:
        return tables.write_parquet(con, f"SELECT DISTINCT key FROM {tables.parquet(staged)} WHERE key IS NOT NULL", out)


def _written(later: ports.Run, name: str, staged: Path, out: Path) -> int:
    """Write the keys of one object in one run; how many."""
    standing = outcome.of(later, name)
    # What an undo of that run has deleted supersedes nothing.
    deleted = f"SELECT row_id FROM ({_undone(later, name)}) WHERE fate = '{entities.Fate.SUCCEEDED}'"
    rows = [f"SELECT row_id FROM ({fates.folded(outcome.met(later, standing))}) WHERE sf_id IS NOT NULL AND row_id NOT IN ({deleted})"]
    for wave in standing.waves:
        for chunk in standing.chunks(wave):
            facts = standing.jobs.get(chunk.number)
            if facts is not None and not facts.has("matched") and wave.ready:
                rows.append(f"SELECT row_id FROM {tables.parquet(journal.bring(later, wave.ready))} WHERE {chunk.condition}")
    union = " UNION ALL ".join(rows)
    with tables.connect(later.limits) as con:
        query = f"SELECT DISTINCT key FROM {tables.parquet(staged)} SEMI JOIN ({union}) USING (row_id) WHERE key IS NOT NULL"
        return tables.write_parquet(con, query, out)


def _undone(later: ports.Run, name: str) -> str:
    """The query of what became of the records of an object that an undo of that run was to delete."""
    standing = outcome.of(later, undos.place(name))
    deletes = [wave for wave in standing.waves if wave.kind is waves.Kind.UNDO_DELETE]
    return fates.folded(outcome.met(later, outcome.Standing(deletes, standing.jobs)))
