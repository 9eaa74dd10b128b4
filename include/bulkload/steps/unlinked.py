"""An object's turn → the rows whose links a second pass is to set, and those that none has looked at: their records may lack a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.ledger import waves
from include.bulkload.match import link
from include.bulkload.steps import ids, journal, targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.steps import ports

Document = dict[str, Any]
# What a second pass notes: the stored id map that it was planned with. It looked at the records in it, and at no others: it sends
# their links, sets them aside, or leaves them as an earlier run set them.
LOOKED_AT = "id_map"


def links_later(opened: journal.Opened, name: str) -> bool:
    """Whether an object has links that a second pass may have to set: to its own rows, or to objects that are loaded later."""
    links = opened.plan.objects[name].numbered_links
    return bool(opened.plan.links_within(name)) or any(opened.plan.is_cut(name, field, nth) for _, field, nth, _ in links)


def rows(run: ports.Run, opened: journal.Opened, name: str, turn: Sequence[waves.Wave]) -> str:
    """The query of a turn's rows (row_id), with records or without, whose links wait and that no second pass has looked at; "": none."""
    if not turn or not links_later(opened, name) or _has_looked_at_all(run, name, turn):
        return ""
    own, within = wanted(run, turn), frozenset(opened.plan.links_within(name))
    due = link.waiting(targets.staged_file(run, name), targets.unfollowed(run, opened, name), own, within if own else frozenset())
    seen = [tables.parquet(journal.bring(run, wave.notes[LOOKED_AT])) for wave in turn if LOOKED_AT in wave.notes]
    return " ".join([f"SELECT row_id FROM ({due})", *(f"ANTI JOIN {each} USING (row_id)" for each in seen)])


def records(run: ports.Run, opened: journal.Opened, name: str, turn: Sequence[waves.Wave], known: Document) -> Path | None:
    """The records of an id map that no second pass of a turn has looked at; None: one has come, and no link of theirs waits."""
    there = journal.bring(run, known)
    if not any(wave.kind is waves.Kind.LINKS for wave in turn):
        return there
    due, out = rows(run, opened, name, turn), run.scratch / f"{name}-unseen.parquet"
    if not due:
        return None
    with tables.connect(run.limits) as con:
        found = tables.write_parquet(con, f"FROM {tables.parquet(there)} SEMI JOIN ({due}) USING (row_id)", out)
    return out if found else None


def _has_looked_at_all(run: ports.Run, name: str, turn: Sequence[waves.Wave]) -> bool:
    known = ids.learnt(run, name)
    return known is not None and any(wave.notes.get(LOOKED_AT) == known for wave in turn)


def wanted(run: ports.Run, turn: Sequence[waves.Wave]) -> str | None:
    """The rows of a turn, an SQL table expression of (row_id, cut: which of their links wait for the second pass); None: all rows."""
    layered = turn[0].notes.get("layered")
    return f"(SELECT row_id, cut FROM {tables.parquet(journal.bring(run, layered))})" if layered else None
