"""Keys in a file → the records of the org that have them, as they stand now, by few query jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import seen
from include.bulkload.steps import org_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.basics import entities
    from include.bulkload.steps import ports


def read(run: ports.Run, whose: tuple[str, str, entities.KeyRule], keys: Path, columns: Sequence[str], out: Path) -> int:
    """Read the records whose key is one of `keys` (Parquet: key, text); write `out`; return how many there are.

    `whose`: sobject, the key's field, its rule. `out`: Parquet of key (folded), sf_id (18 characters) and `columns` (fields, or
    paths to a parent's) as text, NULL where blank; two records of one key are two rows. Deleted records aren't read.
    Raises what `query_rows` raises.
    """
    _, field, rule = whose
    answer = run.scratch / f"{out.stem}-answer.csv"
    with tables.connect(run.limits) as con:
        seen.begin(con, columns)
        for soql in org_keys.questions(run, con, whose, keys, columns):
            run.salesforce.query_rows(soql, answer)
            seen.read(con, answer, keys, field, rule, columns)
        answer.unlink(missing_ok=True)
        return seen.write(con, out)
