"""What a run wrote over what, and the records as they stand → what goes back, field by field, and what has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.match import since

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.match import columns

CHANGED, FIXED, HIDDEN = "its value isn't what this run wrote", "this user may not write it", "what this run wrote can't be asked for"


def judge(con: duckdb.DuckDBPyConnection, values: Path, seen: Path, fields: Sequence[columns.Field], newer: Path | None = None) -> None:
    """Fill the tables `fields` (row_id, sf_id, field, state, why, now, was) and `rows` (row_id, sf_id, state, why).

    `values`: from `made.values`. `seen`: the records as they stand (sf_id and `columns.asked(fields)`). A field is `due` if it holds
    what this run wrote and held something else before. A record is `due` if any of its fields is, else `changed_since` if
    any of them can't go back, else `as_it_was`; `gone` if it isn't there. `newer`: records (own, why) that others of ours wrote since:
    what they hold is theirs, be it the same.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE here AS SELECT left(sf_id, 15) AS own, * EXCLUDE (key, sf_id) FROM {tables.parquet(seen)}")
    each = [_field(n, field, values) for n, field in enumerate(fields)]
    nothing = "SELECT NULL::BIGINT, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR WHERE false"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE fields AS SELECT * FROM (" + " UNION ALL ".join(each or [nothing]) + ") "
        "AS t (row_id, sf_id, field, state, why, now, was)"
    )
    if newer:
        con.execute(
            f"UPDATE fields SET state = '{since.CHANGED}', why = n.why FROM {tables.parquet(newer)} AS n "
            f"WHERE n.own = left(sf_id, 15) AND state = '{since.DUE}'"
        )
    told = "string_agg(concat(field, ': ', why), '; ' ORDER BY field) FILTER (state = 'changed_since')"
    judged = (
        f"SELECT row_id, CASE WHEN bool_or(state = '{since.DUE}') THEN '{since.DUE}' WHEN bool_or(state = '{since.CHANGED}') "
        f"THEN '{since.CHANGED}' ELSE '{since.AS_IT_WAS}' END AS state, {told} AS why FROM fields GROUP BY row_id"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE rows AS SELECT v.row_id, v.sf_id, coalesce(j.state, CASE WHEN h.own IS NULL THEN '{since.GONE}' "
        f"ELSE '{since.AS_IT_WAS}' END) AS state, j.why FROM {tables.parquet(values)} AS v LEFT JOIN ({judged}) AS j USING (row_id) "
        "LEFT JOIN here AS h ON h.own = left(v.sf_id, 15)"
    )


def _field(n: int, field: columns.Field, values: Path) -> str:
    """The verdict over one field of all records that it was sent of."""
    shown = f"h.{tables.cell(field.shown or field.name)}"
    own, our, was = f"h.{tables.cell(field.name)}", f"v.our{n}", f"v.was{n}"
    as_it_was = f"{field.folded(own)} IS NOT DISTINCT FROM {field.folded(was)}"
    if field.shown is None:
        reason = HIDDEN
    elif not field.described["updateable"]:
        reason = FIXED
    else:
        reason = ""
    ours = "false" if reason else f"{field.shown_folded(shown)} IS NOT DISTINCT FROM {field.shown_folded(our)}"
    return (
        f"SELECT v.row_id, v.sf_id, {tables.literal(field.name)}, CASE WHEN {as_it_was} THEN '{since.AS_IT_WAS}' WHEN {ours} "
        f"THEN '{since.DUE}' ELSE '{since.CHANGED}' END, {tables.literal(reason or CHANGED)}, {own}, {was} "
        f"FROM {tables.parquet(values)} AS v JOIN here AS h ON h.own = left(v.sf_id, 15) WHERE {our} IS NOT NULL"
    )


def ready(fields: Sequence[columns.Field]) -> str:
    """The query of what is sent, after `judge`: row_id, key, parent_row, Id, and each field: blank where it stays as it is."""
    names = list(dict.fromkeys(field.name for field in fields))
    # A job takes one kind of line ends: a single CRLF among its texts, as people type them in Salesforce, would fail it as a whole.
    held = {name: tables.line_feeds(f"max(was) FILTER (f.field = {tables.literal(name)})") for name in names}
    cells = [f"coalesce({was}, '') AS {tables.cell(name)}" for name, was in held.items()]
    return (
        f"SELECT row_id, left(min(sf_id), 15) AS key, NULL::BIGINT AS parent_row, min(sf_id) AS {tables.cell('Id')}, {', '.join(cells)} "
        f"FROM fields AS f WHERE f.state = '{since.DUE}' GROUP BY row_id ORDER BY row_id"
    )
