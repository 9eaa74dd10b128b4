"""A number's text (an SQL expression, trimmed, not blank) → what is wrong with it, held against its field's describe.

Salesforce keeps doubles: a text whose digits a double doesn't keep is refused, and so is one that would be rounded
to the field's decimals. Texts that are fine are sent as they were written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

WHOLE = frozenset({"int", "long"})
FRACTIONS = frozenset({"double", "currency", "percent"})
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?"
INTEGER = r"[+-]?[0-9]+(\.0*)?"
# Any number of so many digits is a double's shortest text: nothing is lost.
SURE_DIGITS = 15
BITS = {"int": 31, "long": 63}
LOST_DIGITS = "it has digits that a double, which Salesforce keeps, would lose"
NO_NUMBER = "it is no number as Salesforce reads them, like -1234.5 or 1.5e3"


def whole_wrong(text: str, described: Mapping[str, Any]) -> str:
    """What is wrong with a whole number, as an SQL text or NULL; `1.0` is one."""
    digits = int(described.get("digits") or 0)
    most = 2 ** BITS[described["type"]] - 1
    if digits:
        most = min(most, 10**digits - 1)
    number = f"TRY_CAST({whole(text)} AS HUGEINT)"
    return (
        f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]{{1,{len(str(most)) - 1}}}') THEN NULL "
        f"WHEN NOT regexp_full_match({text}, '{INTEGER}') THEN 'it is no whole number' "
        f"WHEN coalesce(abs({number}) > {most}, true) THEN 'it is larger than {most}' END"
    )


def whole(text: str) -> str:
    """The text of a whole number as Salesforce reads it: no point."""
    return f"regexp_extract({text}, '^[+-]?[0-9]+')"


def fraction_wrong(text: str, described: Mapping[str, Any]) -> str:
    """What is wrong with a number that may have decimals, as an SQL text or NULL."""
    precision, scale = int(described.get("precision") or 0), int(described.get("scale") or 0)
    double, digits = f"TRY_CAST({text} AS DOUBLE)", _digits(text)
    checks = [
        f"WHEN NOT regexp_full_match({text}, '{NUMBER}') THEN {tables.literal(NO_NUMBER)}",
        f"WHEN {digits} = '' THEN NULL",
        f"WHEN coalesce(isinf({double}), true) OR {digits} != {_digits(f'{double}::VARCHAR')} THEN '{LOST_DIGITS}'",
    ]
    if precision:
        larger = f"it has more than {precision - scale} digits before its point"
        longer = f"it has more than {scale} decimals, Salesforce would round it"
        checks += [
            f"WHEN abs({double}) >= 1e{precision - scale} THEN {tables.literal(larger)}",
            f"WHEN {_decimals(text)} > {scale} THEN {tables.literal(longer)}",
        ]
    return f"CASE {_sure(text, precision, scale)} {' '.join(checks)} END"


def _sure(text: str, precision: int, scale: int) -> str:
    """The quick way for most numbers: few digits, all in their places."""
    before = min(precision - scale, SURE_DIGITS - scale) if precision else SURE_DIGITS
    if before < 1:
        return ""
    after = rf"(\.[0-9]{{0,{scale}}}0*)?" if scale else r"(\.0*)?"
    return f"WHEN regexp_full_match({text}, '[+-]?0*[0-9]{{1,{before}}}{after}') THEN NULL"


def key_wrong(text: str) -> str:
    """Why a number can't be a key, as an SQL text or NULL: results show doubles, so long ones can't be told apart (contract 8.11)."""
    return (
        f"CASE WHEN NOT regexp_full_match({text}, '{NUMBER}') THEN {tables.literal(NO_NUMBER)} "
        f"WHEN strlen({text}) > {SURE_DIGITS} AND strlen({_digits(text)}) > {SURE_DIGITS} "
        f"THEN 'a key of more than {SURE_DIGITS} digits can''t be told from others' END"
    )


def _digits(text: str) -> str:
    """The significant digits of a number, without zeros at either end."""
    mantissa = f"regexp_replace({text}, '[eE].*', '')"
    return f"trim(regexp_replace({mantissa}, '[^0-9]', '', 'g'), '0')"


def _decimals(text: str) -> str:
    """How many decimals a number other than zero has when written out; less than 1 for a whole one."""
    mantissa = f"regexp_replace(regexp_replace({text}, '[eE].*', ''), '[^0-9.]', '', 'g')"
    behind = f"strlen(regexp_extract({mantissa}, '[.](.*)$', 1))"
    shown = f"replace({mantissa}, '.', '')"
    zeros = f"(strlen({shown}) - strlen(rtrim({shown}, '0')))"
    exponent = f"coalesce(TRY_CAST(regexp_extract({text}, '[eE]([+-]?[0-9]+)$', 1) AS INTEGER), 0)"
    return f"({behind} - {zeros} - {exponent})"
