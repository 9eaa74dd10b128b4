"""An object of a run → its rows whose records earlier objects of the same run send: they go again.

Its own cells may be those of yesterday: the record isn't as it left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import same_records
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from include.bulkload.ledger import waves
    from include.bulkload.steps import ports


def again(run: ports.Run, opened: journal.Opened, name: str, replay: int) -> str:
    """The query of an object's staged rows (row_id), of a run or its replay, whose record earlier objects were to send; "": none.

    By the key as it is staged: rows that are sent by their Id have another one in what is remembered.
    """
    keys = [
        sent(run, other, wave) for other in same_records.before(opened.plan, name) for wave in journal.waves_of(run, other) if wave.ready
    ]
    return f"SELECT row_id FROM {_staged(run, name, replay)} WHERE key IN ({' UNION ALL '.join(keys)})" if keys else ""


def sent(run: ports.Run, name: str, wave: waves.Wave) -> str:
    """The query of the keys (key), as they are staged, of all rows that a wave was to send, whatever became of them."""
    ready = tables.parquet(journal.bring(run, wave.ready or {}))
    return f"SELECT s.key FROM {_staged(run, name, wave.replay)} AS s SEMI JOIN {ready} AS r ON r.row_id = s.row_id WHERE s.key IS NOT NULL"


def _staged(run: ports.Run, name: str, replay: int) -> str:
    """The staged rows of an object as a run or its replay sends them: edited copies may have changed keys since."""
    return tables.parquet(journal.bring(run, journal.staged(run, name, replay + 1)["file"]))
