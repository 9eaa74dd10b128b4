"""Records that were deleted or restored → later runs no longer remember what was sent of them, and send it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import errors, tables
from include.bulkload.steps import generations, journal

if TYPE_CHECKING:
    from include.bulkload.steps import ports

RACES = 5


def records(run: ports.Run, opened: journal.Opened, name: str, rows: str, by: str) -> int:
    """Forget the records of `rows` (an SQL table expression with sf_id) of an object with `changed_only`; how many were remembered.

    `by`: what did it, a mark of the new generation. A second call forgets nothing more. Raises LedgerDamaged.
    """
    if not opened.plan.objects[name].changed_only or run.memory is None:
        return 0
    where = generations.place(opened, name)
    for _ in range(RACES):
        number, document = generations.newest(run.memory, where)
        if not document.get("rows"):
            return 0
        out, known = run.scratch / f"{name}-left_in_memory.parquet", generations.file(run.memory, document, run.scratch)
        with tables.connect(run.limits) as con:
            gone = f"(SELECT left(sf_id, 15) FROM {rows})"
            left = tables.write_parquet(con, f"SELECT * FROM {tables.parquet(known)} WHERE left(sf_id, 15) NOT IN {gone} ORDER BY key", out)
        if left == document["rows"]:
            return 0
        written = {**document, "run": f"{run.folder.uri('')}#{by}", "at": run.now(), "rows": left}
        written["file"] = run.memory.put(out, f"{where}/rows.parquet").as_document()
        try:
            generations.add(run.memory, where, number + 1, written)
        except FileExistsError:
            continue
        return int(document["rows"]) - left
    raise errors.NetworkFault(f"{run.memory.uri(where)}: other runs write here again and again; the next try goes on")
