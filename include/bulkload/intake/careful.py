"""A record that isn't plain, and what the plan reads of it → a line with just that, values as text, faults named.

The slow way for the few: a parser in Python that sees numbers as they were written and keys that stand twice.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from include.bulkload.basics import tables
from include.bulkload.intake import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.bulkload.intake.shapes import Shape

MOST_DIGITS = 17
# The key under which a record says what can't be sent: an object of faults. Where a source has it, it is dropped.
MARK = "\x01"
# In there: what concerns the record and all that is read of it, the record alone, or a value, by its JSON pointer.
WHOLE, ALONE = "whole", "alone"
KINDS = {dict: "object", list: "array", bool: "boolean"}
TWICE = "a key stands twice"
# Between the texts of a multi-select picklist.
SEPARATOR = ";"
BLANK_ITEM = "an item of its list is blank"
TWO_ITEMS = f"an item of its list holds {SEPARATOR}, which stands between two"


class _Object(dict[str, Any]):
    """A JSON object that remembers whether a key stood twice in it."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.doubled = len(self) < len(pairs)


class _Fraction(str):
    """A number with a point or an exponent, as it was written."""

    __slots__ = ()


class Fault(Exception):
    """A value that can't be sent; the message says why. It becomes its row's, and leaves the readers of sources never."""


def bad(reason: str) -> bytes:
    """Write the line of a record that can't be read."""
    return orjson.dumps({MARK: {WHOLE: reason}})


def anew(record: bytes, wanted: Shape) -> bytes:
    """Write a record (JSON, at most 64 levels deep) anew: what is read of it, and under MARK what can't be sent of it."""
    found = json.loads(record, parse_float=_Fraction, parse_int=str, object_pairs_hook=_Object)
    return orjson.dumps(_row(found, wanted))


def _row(found: Any, wanted: Shape) -> dict[str, Any]:
    if not isinstance(found, _Object):
        return {MARK: {WHOLE: "not an object"}}
    row: dict[str, Any] = {}
    faults = dict(_read(found, wanted, row, ""))
    for name, within in wanted.lists.items():
        items = found.get(name)
        if isinstance(items, list):
            row[name] = [_row(item, within) for item in items]
        elif items is not None:
            faults.setdefault(ALONE, f"{name}: a list is expected, not {kind_of(items)}")
    return row | {MARK: faults} if faults else row


def _read(found: _Object, wanted: Shape, row: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Copy what is read of an object, itself at the pointer `where`, into `row`; yield its faults by what they concern."""
    if found.doubled:
        yield WHOLE, TWICE
    for name in sorted(wanted.values & found.keys()):
        try:
            row[name] = _text(found[name], is_list=name in wanted.joined)
        except Fault as fault:
            yield where + names.pointer(name), str(fault)
    for name, within in wanted.objects.items():
        inner = by_place(found.get(name))
        if isinstance(inner, _Object):
            row[name] = {}
            yield from _read(inner, within, row[name], where + names.pointer(name))
        elif inner is not None:
            for each in _all(within, where + names.pointer(name)):
                yield each, f"an object is expected around it, not {kind_of(inner)}"


def _all(wanted: Shape, where: str) -> Iterator[str]:
    """The pointers of all that is read of an object."""
    yield from (where + names.pointer(name) for name in wanted.values)
    for name, within in wanted.objects.items():
        yield from _all(within, where + names.pointer(name))


def by_place(found: Any) -> Any:
    """A list as an object whose keys are its places, which is how pointers see it; all else as it is."""
    return _Object([(str(place), item) for place, item in enumerate(found)]) if isinstance(found, list) else found


def _text(value: Any, *, is_list: bool) -> Any:
    """A single value as it will be read, a list of them as one text where that is wanted. Raises Fault."""
    if is_list and isinstance(value, list):
        return joined([str(item).lower() if isinstance(item, bool) else item for item in value])
    if isinstance(value, dict | list):
        raise Fault(f"a single value is expected, not {kind_of(value)}")
    if isinstance(value, _Fraction) and digits(value) > MOST_DIGITS:
        raise Fault(f"a number of more than {MOST_DIGITS} digits")
    return value


def joined(items: Sequence[Any]) -> str:
    """Join the texts of a multi-select picklist. Raises Fault for an item that would be none, or two."""
    for item in items:
        if not isinstance(item, str):
            raise Fault(not_items("null" if item is None else kind_of(item)))
        if not item.strip(tables.BLANKS):
            raise Fault(BLANK_ITEM)
        if SEPARATOR in item:
            raise Fault(TWO_ITEMS)
    return SEPARATOR.join(items)


def not_items(kind: str) -> str:
    """Say that a list holds what can't be one item."""
    return f"a list of single values is expected, not of {kind}"


def kind_of(value: Any) -> str:
    """Name a value's kind in JSON's words; numbers are texts by now."""
    return next((name for kind, name in KINDS.items() if isinstance(value, kind)), "a single value")


def digits(number: str) -> int:
    """Count a number's significant digits."""
    mantissa = re.split("[eE]", number)[0].lstrip("-").replace(".", "").lstrip("0")
    return len(mantissa.rstrip("0"))
