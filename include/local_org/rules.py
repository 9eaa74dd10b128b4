"""A cell of an upload → its stored value, or Salesforce's error text for the row (contract 4.4)."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import math
import re
from typing import TYPE_CHECKING, Any

from include.local_org import ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from include.local_org import schema

NOTHING = object()
NULL = "#N/A"
BLANKS = "".join(chr(code) for code in range(33))
XSD = {
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "boolean": "xsd:boolean",
}
EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")


class Wrong(Exception):
    """A row that Salesforce refuses; its text is the whole sf__Error."""


def some_blank(column: Iterable[Any]) -> bool:
    """Whether NOTHING is among values. No other one is a plain object: types are told apart faster than values."""
    return object in {*map(type, column)}


def stored(field: schema.Field, cell: str, column: int) -> Any:
    """Read a cell as it is stored; NOTHING for a blank one, None for `#N/A`. Raises Wrong. `column` is 0-based."""
    if cell == NULL:
        return None
    if field.type in XSD:
        return _typed(field, cell, column)
    text = cell.strip(BLANKS)
    if not text:
        return NOTHING
    if field.type in {"reference", "id"}:
        return _id(field, text)
    if field.type == "email":
        text = text.lower()
        if not EMAIL.fullmatch(text):
            raise Wrong(f"INVALID_EMAIL_ADDRESS:{field.label}: invalid email address: {cell}:{field.name} --")
    if field.restricted and not set(text.split(";") if field.type == "multipicklist" else [text]) <= set(field.restricted):
        said = f"{field.label}: bad value for restricted picklist field: {text}"
        raise Wrong(f"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:{said}:{field.name} --")
    if field.length and len(text) > field.length:
        raise Wrong(f"STRING_TOO_LONG:{field.label}: data value too large: {cell} (max length={field.length}):{field.name} --")
    return text


def _typed(field: schema.Field, cell: str, column: int) -> Any:
    text = cell.strip(BLANKS)
    if not text:
        return NOTHING
    try:
        value = READERS[XSD[field.type]](text)
    except (ValueError, OverflowError):
        message = f"Failed to deserialize field at col {column}. Due to, '{cell}' is not a valid value for the type {XSD[field.type]}"
        raise Wrong(f"INVALID_FIELD:{message}:{field.name} --") from None
    if isinstance(value, float) and not value.is_integer():
        value = rounded(field, value)
    if isinstance(value, float) and (math.isinf(value) or (field.whole_digits and abs(value) >= 10**field.whole_digits)):
        said = f"{field.label}: value outside of valid range on numeric field: {java_double(value)}"
        raise Wrong(f"NUMBER_OUTSIDE_VALID_RANGE:{said}:{field.name} --")
    return value


def rounded(field: schema.Field, value: float) -> float:
    """Round half up, away from zero, to a number field's scale [K]; a field without a precision takes any."""
    if not field.describe["precision"]:
        return value
    with contextlib.suppress(decimal.InvalidOperation):
        return float(decimal.Decimal(repr(value)).quantize(decimal.Decimal(1).scaleb(-field.describe["scale"]), decimal.ROUND_HALF_UP))
    return value


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**31) <= int(text) < 2**31:
        raise ValueError(text)
    return int(text)


def _double(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        raise ValueError(text)
    return float(text)


def _boolean(text: str) -> int:
    found = {"true": 1, "1": 1, "false": 0, "0": 0}.get(text.lower())
    if found is None:
        raise ValueError(text)
    return found


def _datetime(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", text):
        raise ValueError(text)
    moment = datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dZ?", text):
        raise ValueError(text)
    return datetime.date.fromisoformat(text[:10]).isoformat()


READERS: dict[str, Callable[[str], Any]] = {
    "xsd:int": _integer,
    "xsd:double": _double,
    "xsd:date": _date,
    "xsd:dateTime": _datetime,
    "xsd:boolean": _boolean,
}


def _id(field: schema.Field, text: str) -> str:
    found = ids.read(text)
    if found is None:
        raise Wrong(f"MALFORMED_ID:{field.label}: id value of incorrect type: {text}:{field.name} --")
    return found


def echoed(field: schema.Field | None, cell: str, value: Any, echo: str) -> str:
    """Write a successful row's cell as results show it: typed values anew, text as sent or as stored (contract 3.5)."""
    if field is None or value is NOTHING or value is None:
        return cell
    if field.type == "boolean":
        return "true" if value else "false"
    if field.type == "int":
        return str(value)
    if XSD.get(field.type) == "xsd:double":
        return java_double(float(value))
    if field.type in XSD or echo == "stored":
        return str(value)
    return cell


def java_double(value: float) -> str:
    """Print a double as Java's Double.toString does: scientific from ten million on and below a thousandth."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:  # noqa: PLR2004 - Java's own limits
        return repr(value)
    mantissa, exponent = f"{value!r}e0".split("e")[:2] if "e" in repr(value) else ("", "")
    if not mantissa:
        digits = f"{value:.17e}"
        for precision in range(17):
            digits = f"{value:.{precision}e}"
            if float(digits) == value:
                break
        mantissa, exponent = digits.split("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"
