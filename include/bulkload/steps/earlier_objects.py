"""An object of a run → the keys that earlier objects of the same run send, over whose values it writes.

Its own cells may be those of yesterday: the record isn't as they left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import same_records
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from include.bulkload.ledger import waves
    from include.bulkload.steps import ports


def sent(run: ports.Run, opened: journal.Opened, name: str) -> str:
    """The query of the keys (key) of all rows that earlier objects were to send, whatever became of them; "": none."""
    rows = [
        f"SELECT s.key FROM {_staged(run, other, wave)} AS s SEMI JOIN {tables.parquet(journal.bring(run, wave.ready))} AS r "
        "ON r.row_id = s.row_id WHERE s.key IS NOT NULL"
        for other in same_records.before(opened.plan, name)
        for wave in journal.waves_of(run, other)
        if wave.ready
    ]
    return " UNION ALL ".join(rows)


def _staged(run: ports.Run, name: str, wave: waves.Wave) -> str:
    """The staged rows of an object as a wave sent them: edited copies may have changed keys since."""
    return tables.parquet(journal.bring(run, journal.staged(run, name, wave.replay + 1)["file"]))
