"""A record that isn't plain, and what the plan reads of it → a line with just that, values as text, faults named.

The slow way for the few: a parser in Python that sees numbers as they were written and keys that stand twice.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.bulkload.intake import plan

MOST_DIGITS = 17
# The key under which a record says why it can't be sent. Where a source has it, it is dropped.
MARK = "\x01"
KINDS = {dict: "object", list: "array", bool: "boolean"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the plan reads of a record: values (name in the source → field), and lists of further records."""

    values: Mapping[str, str]
    lists: Mapping[str, Shape]


def shape(checked: plan.Plan, records_path: str) -> Shape:
    """Gather what the objects of a plan read of the records at `records_path`, and of those within."""
    here = [each for each in checked.objects.values() if each.records == records_path]
    below = [
        each.records.removeprefix(records_path + ".") for each in checked.objects.values() if each.records.startswith(records_path + ".")
    ]
    values = {str(value.from_): field for each in reversed(here) for field, value in each.values.items() if value.from_}
    names = sorted({path.partition("[]")[0] for path in below})
    return Shape(values, {name: shape(checked, f"{records_path}.{name}[]") for name in names})


class _Object(dict[str, Any]):
    """A JSON object that remembers whether a key stood twice in it."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.doubled = len(self) < len(pairs)


class _Fraction(str):
    """A number with a point or an exponent, as it was written."""

    __slots__ = ()


def anew(record: bytes, wanted: Shape) -> bytes:
    """Write a record (JSON, at most 64 levels deep) anew: what is read of it, and under MARK why it can't be sent."""
    found = json.loads(record, parse_float=_Fraction, parse_int=str, object_pairs_hook=_Object)
    return orjson.dumps(_row(found, wanted))


def _row(found: Any, wanted: Shape) -> dict[str, Any]:
    if not isinstance(found, _Object):
        return {MARK: "not an object"}
    row: dict[str, Any] = {name: found[name] for name in wanted.values if not isinstance(found.get(name), dict | list | None)}
    faults = [_value_fault(found.get(name), field) for name, field in wanted.values.items()]
    for name, within in wanted.lists.items():
        items = found.get(name)
        if isinstance(items, list):
            row[name] = [_row(item, within) for item in items]
        elif items is not None:
            faults.append(f"{name}: a list is expected, not {_kind(items)}")
    if found.doubled:
        faults.append("a key stands twice")
    fault = next(filter(None, faults), None)
    return row | {MARK: fault} if fault else row


def _value_fault(value: Any, field: str) -> str | None:
    if isinstance(value, dict | list):
        return f"bad value: {field}: a single value is expected, not {_kind(value)}"
    if isinstance(value, _Fraction) and digits(value) > MOST_DIGITS:
        return f"bad value: {field}: a number of more than {MOST_DIGITS} digits"
    return None


def _kind(value: Any) -> str:
    """Name a value's kind in JSON's words; numbers are texts by now."""
    return next((name for kind, name in KINDS.items() if isinstance(value, kind)), "a single value")


def digits(number: str) -> int:
    """Count a number's significant digits."""
    mantissa = re.split("[eE]", number)[0].lstrip("-").replace(".", "").lstrip("0")
    return len(mantissa.rstrip("0"))
