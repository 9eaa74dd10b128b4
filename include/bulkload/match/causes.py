"""Rows that a link led nowhere → why: the parent's fate and error, and the ancestor it began with, down all generations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import split
from include.bulkload.load import fates

if TYPE_CHECKING:
    from include.bulkload.match import ways

COLUMNS = (
    "row_id, fate, sf_id, created, error, job_id, field, parent_object, parent_row, parent_key, parent_fate, parent_error, "
    "ancestor_object, ancestor_row, ancestor_key, ancestor_error, depth"
)
_TYPES = {"row_id": "BIGINT", "created": "BOOLEAN", "parent_row": "BIGINT", "ancestor_row": "BIGINT", "depth": "INTEGER"}
# No rows, of all columns: the files of others may lack those of orphans.
NONE = "SELECT {} WHERE false".format(", ".join(f"NULL::{_TYPES.get(name, 'VARCHAR')} AS {name}" for name in COLUMNS.split(", ")))
ABSENT, AMBIGUOUS = "absent", "ambiguous"
TWICE = "two records in the org have this key"
# Only a replay looks in the org for keys that later runs wrote.
GONE = "a later run wrote this key, or may have, and no record in the org has it now"
FINE = f"({split.FINE})"


def explained(way: ways.Way, fate: entities.Fate) -> str:
    """The query of COLUMNS for the rows of the table `lost` that `way` led nowhere, which are `fate` therefore.

    A parent's fate is that of the row that was sent for it; `absent` if no row has its key, `ambiguous` if two records in the
    org have it. The ancestor is the row that it began with, that failed, was rejected or not sent itself: the parent (depth 1),
    or the ancestor of a parent that is an orphan (one deeper).
    """
    details = _in_this_load(way, way.lost) if way.lost else _in_the_org(way)
    field = tables.literal(way.field)
    told = f"'no parent', {field}, concat_ws(' ', parent_object, parent_key, parent_fate), parent_error"
    return f"SELECT *, {tables.literal(fate)} AS fate, concat_ws(': ', {told}) AS error, {field} AS field FROM ({details})"


def _rows(way: ways.Way) -> str:
    """What is known of the rows: named (the row they stood in, or the key they name), text, twice, gone."""
    n = way.number
    at, text = ("parent_row", "NULL::VARCHAR") if way.nested else (f"to{n}", f"as{n}")
    twice, gone = (f"coalesce({each}{n}, false)" if way.org else "false" for each in ("twice", "gone"))
    told = f"{at} AS named, {text} AS text, {twice} AS twice, {gone} AS gone"
    return f"SELECT row_id, {told} FROM lost WHERE way = {n} AND field IS NULL"


def _in_the_org(way: ways.Way) -> str:
    """Details of rows that name a record in the org alone."""
    return (
        f"SELECT row_id, {tables.literal(way.parent or way.field)} AS parent_object, text AS parent_key, "
        f"CASE WHEN twice THEN '{AMBIGUOUS}' ELSE '{ABSENT}' END AS parent_fate, "
        f"CASE WHEN twice THEN '{TWICE}' ELSE 'no record in the org has this key' END AS parent_error, "
        "parent_object AS ancestor_object, text AS ancestor_key, parent_error AS ancestor_error, 1 AS depth "
        f"FROM ({_rows(way)})"
    )


def _in_this_load(way: ways.Way, lost: ways.Lost) -> str:
    """Details of rows whose parent is, or ought to be, one of this load."""
    name, at = tables.literal(lost.object), "l.named" if way.nested else "NULL::BIGINT"
    return (
        f"WITH l AS MATERIALIZED ({_rows(way)}), p AS MATERIALIZED ({_parents(way, lost)}), "
        f"f AS (SELECT row_id, fate, error FROM ({fates.folded(lost.waves)}) WHERE row_id IN (SELECT sent_row FROM p)), "
        f"a AS ({_orphans(lost)}) "
        f"SELECT l.row_id, {name} AS parent_object, coalesce(p.row_id, {at}) AS parent_row, coalesce(text, p.written) AS parent_key, "
        f"{_fate()} AS parent_fate, {_error(way, lost)} AS parent_error, "
        f"coalesce(began.object, {name}) AS ancestor_object, if(began.depth IS NULL, p.sent_row, began.row) AS ancestor_row, "
        "if(began.depth IS NULL, coalesce(p.written, text), began.key) AS ancestor_key, "
        "if(began.depth IS NULL, parent_error, began.error) AS ancestor_error, coalesce(began.depth, 0) + 1 AS depth "
        "FROM l LEFT JOIN p USING (named) LEFT JOIN f ON f.row_id = p.sent_row "
        f"LEFT JOIN a ON a.row_id = p.sent_row AND f.fate = '{entities.Fate.ORPHANED}' AND NOT twice AND NOT gone"
    )


def _fate() -> str:
    """The parent's fate: rejected and filtered ones have none in any wave, nor have those that were never sent."""
    return (
        f"CASE WHEN twice THEN '{AMBIGUOUS}' WHEN p.row_id IS NULL THEN '{ABSENT}' "
        f"WHEN p.reason IS NOT NULL THEN '{entities.Fate.REJECTED}' WHEN p.filtered THEN '{entities.Fate.FILTERED}' "
        f"ELSE coalesce(f.fate, '{entities.Fate.UNPROCESSED}') END"
    )


def _error(way: ways.Way, lost: ways.Lost) -> str:
    absent = f"no row of {lost.object} has this key" + (", nor has a record in the org" if way.org else "")
    of_org = f"WHEN twice THEN '{TWICE}' WHEN gone THEN '{GONE}'"
    return f"CASE {of_org} WHEN p.row_id IS NULL THEN {tables.literal(absent)} ELSE coalesce(p.reason, f.error) END"


def _parents(way: ways.Way, lost: ways.Lost) -> str:
    """The rows that are stood in or named: named (by what), row_id, its key as `written`, reason, filtered, sent_row (sent for it)."""
    written = tables.cell(lost.key_field) if lost.key_field else "key"
    at = "row_id" if way.nested else "key"
    # Several rows of one key: the one that was to be sent, else the first.
    first = "" if way.nested else f" QUALIFY row_number() OVER (PARTITION BY key ORDER BY NOT {FINE}, row_id) = 1"
    return (
        f"SELECT {at} AS named, row_id, {written} AS written, reason, filtered, coalesce(merged_into, row_id) AS sent_row "
        f"FROM {tables.parquet(lost.staged)} WHERE {at} IN (SELECT named FROM l){first}"
    )


def _orphans(lost: ways.Lost) -> str:
    """Where parents that are orphans themselves began: row_id, began (object, row, key, error, depth)."""
    asides = [f"SELECT *, {n} AS wave FROM {tables.parquet(aside)}" for n, wave in enumerate(lost.waves) for aside in wave.asides]
    met = " UNION ALL BY NAME ".join([f"SELECT *, 0 AS wave FROM ({NONE})", *asides])
    began = "{'object': ancestor_object, 'row': ancestor_row, 'key': ancestor_key, 'error': ancestor_error, 'depth': depth}"
    orphans = f"({met}) WHERE fate = '{entities.Fate.ORPHANED}' AND row_id IN (SELECT sent_row FROM p)"
    return f"SELECT row_id, arg_max({began}, wave) AS began FROM {orphans} GROUP BY row_id"
