"""A record's JSON → Salesforce text per field, or the reason why the row can't be sent; counts of what changes.

In SQL over a column `j` (the record's JSON). Text arrives as it left, but for what is counted: CRLF and CR become
LF (by us, so that a job's line ending holds, contract 4.1); blanks at the edges and capitals in e-mail
addresses go when Salesforce stores them (contract 8.11). Numbers come as the source wrote them (`1.10` stays
`1.10`; `careful` sees to that); fractions of more than 17 significant digits are refused, as Salesforce keeps
doubles. `true` and `false` come as these words. Absent, null and empty are alike: NULL, nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import careful

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CHARACTERS = 131_072
NULL_MARK = "#N/A"
CHANGES = ("lineEndings", "edgeBlanks", "emailCase")


def pointer(name: str) -> str:
    """The place of a value in its record, as a JSON pointer: any name will do, dots, blanks and stars included."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def read(fields: Mapping[str, str]) -> str:
    """The column `raw` to select from `j`: texts of the mapped values, then what `careful` says against the record."""
    paths = ", ".join(tables.literal(pointer(name)) for name in [*fields.values(), careful.MARK])
    return f"json_extract_string(j, [{paths}]::VARCHAR[]) AS raw"


def items(name: str) -> str:
    """The items of the list `name` of the record `j`; none if it isn't a list."""
    if '"' in name or "\\" in name:
        return f"json_extract(json_extract(j, {tables.literal(pointer(name))}), '$[*]')"
    # The same in one step, for names that a JSON path can quote.
    path = f'$."{name}"[*]'
    return f"json_extract(j, {tables.literal(path)})"


def text(place: int) -> str:
    """The Salesforce text of the mapped value at `place` (from 0), line endings as LF, NULL if it is empty."""
    raw = f"raw[{place + 1}]"
    with_lf = f"replace(replace({raw}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"
    return f"CASE WHEN contains({raw}, chr(13)) THEN {with_lf} WHEN {raw} != '' THEN {raw} END"


def reason(fields: Mapping[str, str]) -> str:
    """The first thing that is wrong with a row, as text; NULL if nothing is."""
    marked = f"raw[{len(fields) + 1}]"
    checks = " ".join(_value_check(place, field) for place, field in enumerate(fields))
    return f"CASE WHEN {marked} IS NOT NULL THEN {marked} {checks} END"


def _value_check(place: int, field: str) -> str:
    raw, said = f"raw[{place + 1}]", tables.literal(f"bad value: {field}: ") + " ||"
    return (
        f"WHEN {raw} = '{NULL_MARK}' THEN {said} 'the text {NULL_MARK} would empty the field' "
        f"WHEN contains({raw}, chr(0)) THEN {said} 'it holds a NUL character' "
        f"WHEN strlen({raw}) > {MOST_CHARACTERS} AND length({raw}) > {MOST_CHARACTERS} THEN {said} 'more than {MOST_CHARACTERS} characters'"
    )


def changed(fields: Mapping[str, str], types: Mapping[str, str]) -> str:
    """Columns to select from rows with `raw`: how many of a row's values change, by CHANGES.

    `types`: each field's type in the org's describe.
    """
    raws = [f"raw[{place + 1}]" for place in range(len(fields))]
    counted = {
        "lineEndings": [f"contains({raw}, chr(13))" for raw in raws],
        "edgeBlanks": [f"({raw} != '' AND (ord({raw}) <= 32 OR {raw}[-1] <= ' '))" for raw in raws],
        "emailCase": [f"lower({raw}) != {raw}" for raw, field in zip(raws, fields, strict=True) if types.get(field) == "email"],
    }
    return ", ".join(f"{_sum(conditions)} AS {tables.quoted(name)}" for name, conditions in counted.items())


def _sum(conditions: Sequence[str]) -> str:
    return "(" + (" + ".join(f"coalesce({condition}, false)::INTEGER" for condition in conditions) or "0") + ")"
