"""Rows without a key and what Salesforce handed back of them → which row met which fate, by text.

A handed-back row is matched to a waiting row of the same job by the exact text of all its cells, else by text
folded as the org stores it. Among equal rows any one serves: they can't be told apart in the org either.

Rows that are equal only when folded differ in what was sent. Unprocessed rows come back as they were sent, refused ones too
unless they were stored first, successes as they are stored (contract 3.5, 3.11). So whoever is surer of his text chooses first: a
success that looks like the row of a refused one doesn't take its place.

A text that comes back more often than it was sent tells that the org wrote another row's text anew (a trigger, a number's decimals),
and that row now looks like these. Who is who nobody knows: none of them is given an Id, and if one of them was refused, they and all
rows that found nothing are in doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.load import stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

UNCLEAR = "the org changed texts, and the one of this row came back more often than it was sent: it may be another row's"
SUREST_FIRST = (entities.Fate.UNPROCESSED, entities.Fate.FAILED, entities.Fate.SUCCEEDED)


def fates(con: duckdb.DuckDBPyConnection, columns: Sequence[str], types: Mapping[str, str], *, closes: bool) -> str:
    """Match the tables `sent` and `outcome`; the query of row_id, fate, sf_id, created, error.

    Where the job's sums don't close, or a refused or unprocessed row fits none that was sent, every row is in
    doubt. `types`: field type by column, as describe names them.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE waiting AS SELECT * FROM sent")
    ranks = " ".join(f"WHEN '{fate}' THEN {rank}" for rank, fate in enumerate(SUREST_FIRST))
    order = f"CASE fate {ranks} END"
    con.execute(f"CREATE OR REPLACE TEMP TABLE handed AS SELECT row_number() OVER (ORDER BY {order}) AS place, * FROM outcome")
    con.execute("CREATE OR REPLACE TEMP TABLE pairs (row_id BIGINT, place BIGINT)")
    folded = [stored.folded(tables.cell(column), types.get(column, "string")) for column in columns]
    _pair(con, [tables.cell(column) for column in columns])
    _pair(con, folded)
    lost = con.execute(f"SELECT count(*) FROM handed ANTI JOIN pairs USING (place) WHERE fate != '{entities.Fate.SUCCEEDED}'").fetchone()
    if not closes or (lost and lost[0]):
        return f"SELECT row_id, '{entities.Fate.IN_DOUBT}' AS fate, NULL AS sf_id, NULL AS created, NULL AS error FROM sent"
    _find_unclear(con, _text(folded))
    fate = f"CASE WHEN is_doubtful THEN '{entities.Fate.IN_DOUBT}' ELSE coalesce(handed.fate, '{entities.Fate.SUCCEEDED}') END"
    return (
        f"SELECT row_id, {fate} AS fate, CASE WHEN is_doubtful IS NULL THEN handed.sf_id END AS sf_id, handed.created, "
        f"CASE WHEN is_doubtful THEN {tables.literal(UNCLEAR)} ELSE handed.error END AS error "
        "FROM sent LEFT JOIN pairs USING (row_id) LEFT JOIN handed USING (place) LEFT JOIN unclear USING (row_id)"
    )


def _find_unclear(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Write the table `unclear` (row_id, is_doubtful): rows whose text came back more often than it was sent, and whom that may concern."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE surplus AS SELECT DISTINCT {text} AS text FROM handed ANTI JOIN pairs USING (place)")
    alike = f"SELECT row_id, text FROM (SELECT row_id, {text} AS text FROM sent) SEMI JOIN surplus USING (text)"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE alike AS SELECT row_id, fate, "
        f"bool_or(fate = '{entities.Fate.FAILED}') OVER (PARTITION BY text) AS is_refused "
        f"FROM ({alike}) JOIN pairs USING (row_id) JOIN handed USING (place)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE unclear AS "
        # Unprocessed rows come back as they were sent.
        f"SELECT row_id, is_refused AND fate != '{entities.Fate.UNPROCESSED}' AS is_doubtful FROM alike "
        "UNION ALL SELECT row_id, true FROM sent ANTI JOIN pairs USING (row_id) WHERE EXISTS (FROM alike WHERE is_refused)"
    )


def _text(cells: Sequence[str]) -> str:
    """The SQL of all of a row's cells as one value."""
    return f"list_value({', '.join(cells)})"


def _pair(con: duckdb.DuckDBPyConnection, cells: Sequence[str]) -> None:
    """Pair what isn't paired yet: the n-th waiting row of a text with the n-th handed-back row of the same text."""
    text = _text(cells)
    numbered = "SELECT {name}, text, row_number() OVER (PARTITION BY text ORDER BY {name}) AS nth FROM ({rows})"
    waiting = numbered.format(name="row_id", rows=f"SELECT row_id, {text} AS text FROM waiting")
    handed = numbered.format(name="place", rows=f"SELECT place, {text} AS text FROM handed ANTI JOIN pairs USING (place)")
    con.execute(f"INSERT INTO pairs SELECT row_id, place FROM ({waiting}) JOIN ({handed}) USING (text, nth)")
    con.execute("CREATE OR REPLACE TEMP TABLE waiting AS SELECT sent.* FROM sent ANTI JOIN pairs USING (row_id)")
