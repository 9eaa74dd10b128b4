"""Earlier runs of the plan of which people edited rows since this one read its source → the keys of these rows.

What a person gave a key in a replay from an edited copy is newer than what this run's source had, until a later copy edits this run's
row of that key, too.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.ledger import replays
from include.bulkload.steps import journal, later_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.bulkload.ledger import entries
    from include.bulkload.match import newer
    from include.bulkload.steps import ports

    Query = Callable[[later_runs.Other, str, entities.KeyRule | None], str]


def written(run: ports.Run, opened: journal.Opened, only: str = "") -> dict[str, list[newer.Keys]]:
    """Write those keys that the earlier runs wrote, or may have; of all objects, or of one."""
    return _found(run, opened, "mended", only, later_runs.wrote_of)


def named(run: ports.Run, opened: journal.Opened, only: str = "") -> dict[str, list[newer.Keys]]:
    """Write those keys, whatever became of the rows; of all objects, or of one."""
    return _found(run, opened, "edited", only, None)


def plans(run: ports.Run, opened: journal.Opened) -> list[later_runs.Document]:
    """Read the plans of all runs that may have newer values: of later ones, and of earlier ones that were edited since."""
    own = later_runs.own_place(run)
    return [each.plan for each in later_runs.others(run, opened, lambda folder, place: place > own or is_edited(own, folder, place))]


def is_edited(own: entries.Order, folder: ports.RunFolder, place: entries.Order) -> bool:
    """Whether a run that read its source before that of place `own` was replayed from edited copies since then."""
    return place < own and bool(_copies(folder, own[0]))


def _found(run: ports.Run, opened: journal.Opened, what: str, only: str, among: Query | None) -> dict[str, list[newer.Keys]]:
    own = later_runs.own_place(run)
    rows = {name: functools.partial(_newer, run, name, own[0], among) for name in opened.plan.objects}
    return later_runs.found(run, opened, what, rows, only, functools.partial(is_edited, own))


def _newer(
    run: ports.Run, name: str, since: str, among: Query | None, other: later_runs.Other, their: str, rule: entities.KeyRule | None
) -> str:
    """The keys of rows that another run's copies edited since then, but those that a later copy of this run did; `among`: these only."""
    theirs = _edited(other.run, their, since, later_runs.key_of(other, their, rule))
    ours = _edited(run, name, since, tables.folded("key", rule) if rule else "key")
    newest = f"SELECT key, max(edited) AS edited FROM ({theirs}) GROUP BY key"
    keys = f"SELECT t.key FROM ({newest}) AS t ANTI JOIN ({ours}) AS o ON o.key = t.key AND o.edited > t.edited"
    return f"({keys}) INTERSECT ({among(other, their, rule)})" if among else keys


def _edited(run: ports.Run, name: str, since: str, key: str) -> str:
    """Rows of one object that have an edited copy's cells since then: their key (`key`, SQL of a staged row), when (edited).

    A copy that is sent once more is an edit though no cell is new: until then what others wrote was newer.
    """
    found = ["SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS edited WHERE false"]
    for number, at in _copies(run.folder, since).items():
        said = journal.staged(run, name, number + 1)
        if said.get("replay") == number:
            rows, named = (tables.parquet(journal.bring(run, said[file])) for file in ("file", "named"))
            found.append(f"SELECT {key} AS key, {tables.literal(at)} AS edited FROM {rows} SEMI JOIN (FROM {named}) USING (row_id)")
    return " UNION ALL ".join(found)


def _copies(folder: ports.RunFolder, since: str) -> dict[int, str]:
    """A run's replays that have chosen from edited copies since then: number → when."""
    found = {}
    for number in replays.numbers(folder.names(replays.FOLDER), replays.CHOSEN):
        at = str((folder.read(replays.name(number, replays.CHOSEN)) or {"at": ""})["at"])
        if at >= since and (folder.read(replays.name(number, replays.BEGUN)) or {}).get("file"):
            found[number] = at
    return found
