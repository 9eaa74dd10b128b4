"""Rows of cells, one row a line → each object's raw rows: how flat sources end, CSV files and queries alike.

A line is a JSON list of the texts of those columns that the plan reads; or a JSON string: why the row can't be read; or
an object of CELLS, such a list, and FAULTS: column → why its value can't be sent.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from include.bulkload.basics import errors, tables
from include.bulkload.intake import names, raw

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from include.bulkload.intake import lines

MOST_TOLD = 20
CELLS, FAULTS = "cells", "faults"


def rows(found: lines.Lines, columns: Sequence[str], reads: Mapping[str, str], asked: Collection[str], *, unit: str) -> raw.Raw:
    """Take one object's values out of the rows.

    `columns`: what the lines hold; `reads`: the source values wanted → what they fill; `asked`: those of them whose nulls
    are to be told: cells that are null, not ""; `unit`: how a place is called, `line` or `row`.
    """
    at = {name: columns.index(name) for name in reads}
    whole = [*columns] == [*reads]
    told = ", ".join(f"CASE WHEN c[{at[name] + 1}] IS NULL THEN {tables.literal(name)} END" for name in reads if name in asked)
    nulls = f"nullif(list_filter([{told}], lambda name: name IS NOT NULL), [])" if told else "NULL::VARCHAR[]"
    query = (
        f"SELECT row_id, NULL::BIGINT AS parent_row, nth, {'c' if whole else _cells([*at.values()])} AS raw, "
        f"CASE WHEN c IS NOT NULL THEN {nulls} END AS nulls, CASE WHEN is_odd THEN {_fault(reads, at)} END AS fault, false AS filtered "
        f"FROM (SELECT row_id, nth, line, line[1] != '[' AS is_odd, {_LIST} AS c FROM ({found.query}))"
    )
    place = f"concat({raw.file_name(found.names)}, '{unit} ', nth + 1) AS place"
    return raw.Raw(query, tuple(reads), lambda wanted: f"SELECT row_id, {place} FROM ({found.query}) SEMI JOIN {wanted} USING (row_id)")


_LIST = f"""from_json(CASE WHEN line[1] = '{{' THEN json_extract(line, '/{CELLS}') ELSE line END, '["VARCHAR"]')"""


def _cells(places: Sequence[int]) -> str:
    return f"[{', '.join(f'c[{place + 1}]' for place in places)}]::VARCHAR[]"


def _fault(reads: Mapping[str, str], at: Mapping[str, int]) -> str:
    """Why a row can't be read, or the first of the wanted values that can't be sent."""
    said = [
        f"{tables.literal(f'bad value: {field}: ')} || json_extract_string(line, '/{FAULTS}/{at[name]}')" for name, field in reads.items()
    ]
    return f"coalesce(CASE WHEN line[1] = '\"' THEN json_extract_string(line, '$') END, {', '.join(said)})"


def columns_of(wanted: Collection[str], header: Sequence[str], what: str) -> list[int]:
    """Find the wanted source values among the columns of a file or query; their places.

    A value is a column as it is called, or the JSON pointer of one. Raises PlanError naming all that are missing.
    """
    found = {name: _column(name, header) for name in wanted}
    lost = [name for name, column in found.items() if column not in header]
    if lost:
        raise errors.PlanError(*(missing(name, header, what) for name in lost))
    return [header.index(column) for column in found.values()]


def _column(name: str, header: Sequence[str]) -> str:
    parsed = names.parsed(name)
    return parsed.keys[0] if name not in header and parsed.up == 0 and len(parsed.keys) == 1 else name


def missing(name: str, header: Sequence[str], what: str) -> str:
    """Say that a file or query has no such column, and which ones it has."""
    folded = {column.lower(): column for column in header}
    near = [folded[close] for close in difflib.get_close_matches(name.lower(), folded, n=3)]
    more = f" and {len(header) - MOST_TOLD} more" if len(header) > MOST_TOLD else ""
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(header[:MOST_TOLD])}{more}"
    return f"{what}: it has no column {name} that the plan reads; {hint}"


def same(first: Sequence[str], header: Sequence[str], name: str) -> None:
    """Raise SourceError if a file's columns aren't those of the source's first one, called `name`, in whatever order."""
    more, fewer = sorted({*header} - {*first}), sorted({*first} - {*header})
    if more or fewer:
        told = [f"{' and '.join(names)} {what}" for names, what in ((fewer, "missing"), (more, "too many")) if names]
        raise errors.SourceError(f"its columns aren't those of {name}: {', '.join(told)}; give each kind of file a source of its own")
