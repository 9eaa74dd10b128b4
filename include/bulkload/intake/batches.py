"""A query's rows, batch by batch as a database driver gives them → rows of cells, one row a line, in bounded memory.

Texts are made column by column, so that a column that is text already costs nothing.
"""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from include.bulkload.basics import errors
from include.bulkload.intake import careful, cells, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from include.bulkload.intake import files

KINDS = {
    dict: "object",
    list: "array",
    tuple: "array",
    bytes: "binary data",
    bytearray: "binary data",
    memoryview: "binary data",
    datetime.timedelta: "interval",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a query, in order, and the columns' names. The first one is there even if there is no row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def read(given: Iterable[Batch], wanted: Sequence[str], joined: Collection[str], folder: Path, checksum: files.Checksum) -> lines.Lines:
    """Write the wanted columns of the rows, one row a line, into `folder`.

    `joined`: those of them whose lists become one text. Raises SourceError if two columns have one name, PlanError
    naming columns that are missing.
    """
    folder.mkdir()
    checksum.update(orjson.dumps([*wanted]) + b"\n")
    lists = [name in joined for name in wanted]
    places: list[int] | None = None
    with lines.Written(folder / "rows.jsonl", is_one=True) as target:
        target.begin("")
        for batch in given:
            if places is None:
                _distinct(batch.columns)
                places = cells.columns_of(wanted, batch.columns, "the query")
            if batch.rows:
                written = _lines(batch.rows, places, lists)
                checksum.update(b"\n".join(written) + b"\n")
                target.add(written)
        return target.lines


def _distinct(columns: Sequence[str]) -> None:
    twice = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
    if twice is not None:
        raise errors.SourceError(f"the query has two columns called {twice}; name them apart with AS")


def _lines(rows: Sequence[Sequence[Any]], places: Sequence[int], lists: Sequence[bool]) -> list[bytes]:
    """Write rows; where one value can't become text, row by row."""
    try:
        columns = [_column([row[place] for row in rows], is_list) for place, is_list in zip(places, lists, strict=True)]
        return [*map(orjson.dumps, zip(*columns, strict=True))] if columns else [b"[]"] * len(rows)
    except (careful.Fault, TypeError, ValueError):
        # TypeError: orjson refuses half a surrogate; ValueError: Python refuses to write an integer of thousands of digits.
        return [_line([row[place] for place in places], lists) for row in rows]


def _column(values: list[Any], is_list: bool) -> Sequence[str | None]:
    """The texts of one column. Raises careful.Fault."""
    kinds = {*map(type, values)}
    if kinds <= _AS_IT_IS:
        return values
    if len(kinds) == 1:
        return [*map(_text_of(kinds.pop(), is_list), values)]
    return [None if value is None else _text_of(type(value), is_list)(value) for value in values]


def _line(row: Sequence[Any], lists: Sequence[bool]) -> bytes:
    """Write a row; what can't become text is a fault of its column."""
    told: list[str | None] = []
    faults: dict[str, str] = {}
    for place, (value, is_list) in enumerate(zip(row, lists, strict=True)):
        try:
            (text,) = _column([value], is_list)
            orjson.dumps(text)
        except careful.Fault as fault:
            text, faults[str(place)] = None, str(fault)
        except (TypeError, ValueError):
            text, faults[str(place)] = None, "it is no text, or a number of thousands of digits"
        told.append(text)
    return orjson.dumps({cells.CELLS: told, cells.FAULTS: faults} if faults else told)


def _text_of(kind: type, is_list: bool) -> Callable[[Any], str]:
    """Find what makes text of a kind of value: of the first of its classes that we know. Raises careful.Fault."""
    if is_list and issubclass(kind, list | tuple):
        return _joined
    found = next((_TEXTS[each] for each in kind.__mro__ if each in _TEXTS), None)
    if found is None:
        told = next((told for each, told in KINDS.items() if issubclass(kind, each)), kind.__name__)
        raise careful.Fault(f"a single value is expected, not {told}")
    return found


def _joined(value: Sequence[Any]) -> str:
    """The text of a list for a multi-select picklist. Raises careful.Fault."""
    items = [None if item is None else _text_of(type(item), False)(item) for item in value]
    return careful.joined(items)


def _float(value: float) -> str:
    if math.isfinite(value):
        return float.__repr__(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _moment(value: datetime.datetime) -> str:
    """ISO 8601; with its offset if it has one, `Z` for UTC. An offset of seconds, which it hasn't, is told in UTC."""
    offset = value.utcoffset()
    if offset is None:
        return value.isoformat()
    if offset.total_seconds() % 60:
        value = value.astimezone(datetime.UTC)
    return value.isoformat().removesuffix("+00:00") + ("" if value.utcoffset() else "Z")


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _decimal(value: decimal.Decimal) -> str:
    """Every digit and the scale, without an exponent."""
    return format(value, "f") if value.is_finite() else _float(float(value))


_AS_IT_IS = frozenset({str, type(None)})
_TEXTS: dict[type, Callable[[Any], str]] = {
    str: str.__str__,
    bool: _bool,
    int: int.__repr__,
    float: _float,
    decimal.Decimal: _decimal,
    datetime.datetime: _moment,
    datetime.date: datetime.date.isoformat,
    datetime.time: datetime.time.isoformat,
    uuid.UUID: str,
}
