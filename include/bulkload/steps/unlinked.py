"""An object's turns → the rows whose links a second pass was to set, and none came: their records may lack a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.ledger import waves
from include.bulkload.steps import journal, next_wave, targets

if TYPE_CHECKING:
    from include.bulkload.steps import ports


def rows(run: ports.Run, opened: journal.Opened, name: str) -> str:
    """The query of their row_ids, records or not; "": none. The last turn that was to set a row's links counts."""
    turns = waves.turns(journal.waves_of(run, name))
    if not next_wave.sets_links_later(opened, name) or all(_has_come(turn) for turn in turns):
        return ""
    due = [
        f"SELECT row_id, {not _has_come(turn)} AS missing, {nth} AS turn FROM ({_due(run, opened, name, turn)})"
        for nth, turn in enumerate(turns)
    ]
    return f"SELECT row_id FROM ({' UNION ALL '.join(due)}) GROUP BY row_id HAVING arg_max(missing, turn)"


def _has_come(turn: list[waves.Wave]) -> bool:
    """A wave that sends nothing has come too: it says whose parents aren't there."""
    return any(wave.kind is waves.Kind.LINKS for wave in turn)


def _due(run: ports.Run, opened: journal.Opened, name: str, turn: list[waves.Wave]) -> str:
    """The rows of a turn with a filled link that waits: in all of them, or because their own row was cut."""
    staged, layered = tables.parquet(targets.staged_file(run, name)), turn[0].notes.get("layered")
    waiting = ["false"]
    for number, field, nth, one in opened.plan.objects[name].numbered_links:
        filled = "s.parent_row IS NOT NULL" if one.by == "nesting" else f"s.to{number} IS NOT NULL"
        if opened.plan.is_cut(name, field, nth):
            waiting.append(filled)
        elif layered and one.object == name:
            waiting.append(f"list_contains(w.cut, {number}) AND {filled}")
    only = f" JOIN {tables.parquet(journal.bring(run, layered))} AS w USING (row_id)" if layered else ""
    return f"SELECT s.row_id FROM {staged} AS s{only} WHERE {' OR '.join(waiting)}"
