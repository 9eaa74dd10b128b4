"""Rows that a replay takes, and what later runs wrote → the keys of parents that stand in the org though not by this run.

A parent that this run lost, or never had, may have come by a later run: its children hang on that record. Which keys these are is
chosen with the rows; the Ids are asked of the org when the children are sent, since the record may have gone meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.ledger import replays
from include.bulkload.match import chosen, newer
from include.bulkload.steps import journal, later_edits, later_objects, later_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]


def of(
    run: ports.Run,
    opened: journal.Opened,
    taken: Mapping[str, tuple[chosen.Member, Path]],
    final: Mapping[str, Path],
    written: Mapping[str, Sequence[newer.Keys]] | None,
) -> dict[str, Path]:
    """Write, by object, the keys (key) that taken rows name, that no record of this run has, and that later runs wrote.

    `taken`: each object and what is taken of it (row_id, how); `final`: where its rows stand (row_id, sf_id); `written`: what later
    runs wrote, None: that is found out if any key is named at all. Objects without such keys are left out.
    """
    named = {name: path for name in taken if opened.plan.objects[name].external_id and (path := _named(run, name, taken, final[name]))}
    if not named:
        return {}
    known, found = _written(run, opened) if written is None else written, {}
    for name, path in named.items():
        out = run.scratch / f"{name}-later.parquet"
        with tables.connect(run.limits) as con:
            if tables.write_parquet(con, f"FROM {tables.parquet(path)} WHERE {newer.among('key', known[name])} ORDER BY key", out):
                found[name] = out
    return found


def _written(run: ports.Run, opened: journal.Opened) -> dict[str, list[newer.Keys]]:
    """The keys that later runs wrote, or replays of earlier ones from edited copies since, or later objects of this run."""
    later, mended = later_runs.written(run, opened), later_edits.written(run, opened)
    return {name: [*each, *mended[name], *later_objects.written(run, opened, name)] for name, each in later.items()}


def _named(run: ports.Run, name: str, taken: Mapping[str, tuple[chosen.Member, Path]], final: Path) -> Path | None:
    """Write the keys that taken rows name and no record of this run has; None: there are none."""
    members, rows = zip(*taken.values(), strict=True)
    parent, out = taken[name][0], run.scratch / f"{name}-named.parquet"
    own = f"SELECT row_id FROM {tables.parquet(final)} WHERE sf_id IS NOT NULL"
    known = f"SELECT key FROM {tables.parquet(parent.staged)} SEMI JOIN ({own}) USING (row_id) WHERE key IS NOT NULL"
    with tables.connect(run.limits) as con:
        query = f"SELECT key FROM ({chosen.named(members, rows, parent)}) ANTI JOIN ({known}) USING (key)"
        return out if tables.write_parquet(con, query, out) else None


def keys(run: ports.Run, replay: int) -> dict[str, Path]:
    """Bring the keys that a replay may ask the org for, by object; none outside of a replay."""
    told: Document = journal.demand(run, replays.name(replay, replays.CHOSEN))["objects"] if replay else {}
    return {name: journal.bring(run, each["later"]) for name, each in told.items() if each.get("later")}
