"""A column of a chunk's cells → stored values, and the rows that are refused for them (contract 4.4).

Most columns are fine text: that is seen for all cells at once. Only others are looked at one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.local_org import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.local_org import schema

Read = tuple[list[Any], dict[int, str]]


def read(field: schema.Field, cells: Sequence[str], place: int) -> Read:
    """Values of one field by row (rules.NOTHING for blank, None for `#N/A`), and error texts by row.

    `place`: the column's number in the upload, from 0.
    """
    fine = _fine(field, cells)
    if fine is not None:
        return fine, {}
    values: list[Any] = []
    errors: dict[int, str] = {}
    for row, cell in enumerate(cells):
        try:
            values.append(rules.stored(field, cell, place))
        except rules.Wrong as wrong:
            values.append(rules.NOTHING)
            errors[row] = str(wrong)
    return values, errors


def _fine(field: schema.Field, cells: Sequence[str]) -> list[Any] | None:
    """Read a column of text that has nothing odd in it; None for any other."""
    if field.type in rules.XSD or field.type in {"reference", "id"} or field.restricted or rules.NULL in cells:
        return None
    bare = [cell.strip(rules.BLANKS) for cell in cells]
    if field.length and max(map(len, bare), default=0) > field.length:
        return None
    if field.type == "email":
        bare = [text.lower() for text in bare]
        if not all(map(rules.EMAIL.fullmatch, filter(None, bare))):
            return None
    return [text or rules.NOTHING for text in bare]


def echoed(field: schema.Field | None, cells: Sequence[str], values: Sequence[Any], echo: str) -> Sequence[str]:
    """Write a column as results show it for rows that got through (contract 3.5)."""
    if field is None or (field.type not in rules.XSD and echo == "sent"):
        return cells
    return [rules.echoed(field, cell, value, echo) for cell, value in zip(cells, values, strict=True)]
