"""Keys in a file → the Ids of the records in the org that have them, by few query jobs, joined on this side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.basics import entities
    from include.bulkload.steps import ports


def found(run: ports.Run, sobject: str, field: str, rule: entities.KeyRule, keys: Path, out: Path) -> int:
    """Look up the records of `sobject` whose `field` has one of `keys`; write `out`; return how many keys were found.

    `keys`: Parquet of key (folded by `rule`, `tables.folded`) and text, in any number of rows. `out`: Parquet of key, sf_id
    (18 characters), twice (more than one record has it; sf_id is one of them). Deleted records aren't found.
    Raises what `query_rows` raises.
    """
    answer = run.scratch / f"{out.stem}-answer.csv"
    with tables.connect(run.limits) as con:
        asked.begin(con)
        for soql in questions(run, con, (sobject, field, rule), keys):
            run.salesforce.query_rows(soql, answer)
            asked.read(con, answer, keys, rule)
        answer.unlink(missing_ok=True)
        return asked.write(con, out)


def questions(
    run: ports.Run, con: duckdb.DuckDBPyConnection, whose: tuple[str, str, entities.KeyRule], keys: Path, more: Sequence[str] = ()
) -> Iterable[str]:
    """The queries that ask for keys, by lists or as a whole, whichever is less work. `whose`: sobject, its key's field and rule."""
    sobject, field, rule = whose
    lists = asked.cut(con, keys, rule)
    few = lists == 0 or asked.by_lists(lists, run.salesforce.record_count(sobject) if lists > 1 else None)
    return asked.listed(con, sobject, field, more) if few else [asked.whole(sobject, field, more)]
