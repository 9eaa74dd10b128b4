"""A typed column of the table engine → the SQL that makes text of it, exactly, and the SQL that says what can't become text.

Integers and decimals keep every digit and their scale, floats are the shortest text that reads as the same number,
times are ISO 8601. What isn't a single value is a fault, lists of them are one where a multi-select picklist wants it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from include.bulkload.basics import tables
from include.bulkload.intake import careful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb.sqltypes import DuckDBPyType

NOT_SINGLE = {"list": "array", "array": "array", "struct": "object", "map": "object", "blob": "binary data", "interval": "interval"}
FLOATS = ("float", "double")
# The engine's word, and the one that everybody else uses.
NOT_NUMBERS = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def found(column: str, type_: DuckDBPyType, keys: Sequence[str]) -> tuple[str, DuckDBPyType] | None:
    """Go down the keys of objects in a column: what stands there and its type; None if there is no such place."""
    for key in keys:
        inner = _inner(type_) if type_.id == "struct" else {}
        if key not in inner:
            return None
        column, type_ = f"struct_extract({column}, {tables.literal(key)})", inner[key]
    return column, type_


def text(value: str, type_: DuckDBPyType, *, is_joined: bool) -> str:
    """The text of a value; NULL for nothing, and for what is a fault."""
    if type_.id == "list" and is_joined:
        items = f"[{_single('item', _inner(type_)['child'])} FOR item IN {value}]"
        return f"CASE WHEN {fault(value, type_, is_joined=True)} IS NULL THEN array_to_string({items}, '{careful.SEPARATOR}') END"
    return "NULL::VARCHAR" if type_.id in NOT_SINGLE else _single(value, type_)


def fault(value: str, type_: DuckDBPyType, *, is_joined: bool) -> str:
    """Why a value can't be sent, NULL if it can; "" for a type whose values all can."""
    if type_.id not in NOT_SINGLE:
        return ""
    if type_.id != "list" or not is_joined:
        return f"CASE WHEN {value} IS NOT NULL THEN 'a single value is expected, not {NOT_SINGLE[type_.id]}' END"
    inner = _inner(type_)["child"]
    if inner.id in NOT_SINGLE:
        return f"CASE WHEN len({value}) > 0 THEN {tables.literal(careful.not_items(NOT_SINGLE[inner.id]))} END"
    items = f"[{_single('item', inner)} FOR item IN {value}]"
    wrong = {
        "item IS NULL": careful.not_items("null"),
        f"{tables.trimmed('item')} = ''": careful.BLANK_ITEM,
        f"contains(item, '{careful.SEPARATOR}')": careful.TWO_ITEMS,
    }
    cases = [f"WHEN list_contains([{is_so} FOR item IN {items}], true) THEN {tables.literal(told)}" for is_so, told in wrong.items()]
    return f"CASE {' '.join(cases)} END"


def _inner(type_: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """The types within a type, by name; a list's is called `child`."""
    return cast("dict[str, DuckDBPyType]", dict(type_.children))


def _single(value: str, type_: DuckDBPyType) -> str:
    kind = str(type_).lower()
    if type_.id in FLOATS:
        cases = " ".join(f"WHEN '{ours}' THEN '{word}'" for ours, word in NOT_NUMBERS.items())
        return f"CASE {value}::VARCHAR {cases} ELSE {value}::VARCHAR END"
    if kind.startswith("timestamp"):
        # Whatever zone the session has: an instant is told in UTC.
        zone = "Z" if "time zone" in kind else ""
        moment = f"({value} AT TIME ZONE 'UTC')" if zone else value
        return f"(replace({moment}::VARCHAR, ' ', 'T') || '{zone}')"
    if kind == "time with time zone":
        return f"regexp_replace({value}::VARCHAR, '[+]00$', 'Z')"
    return f"({value})::VARCHAR"
