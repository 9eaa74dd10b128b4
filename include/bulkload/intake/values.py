"""Source values → Salesforce text per field, or the reason why the row can't be sent; counts of what changes.

Text arrives as it left, but for what is counted: CRLF and CR become
LF (by us, so that a job's line ending holds, contract 4.1); blanks at the edges and capitals in e-mail
addresses go when Salesforce stores them (contract 8.11). Numbers come as the source wrote them (`1.10` stays
`1.10`; `careful` sees to that); fractions of more than 17 significant digits are refused, as Salesforce keeps
doubles. `true` and `false` come as these words. Absent, null and empty are alike: NULL, nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CHARACTERS = 131_072
NULL_MARK = "#N/A"
CHANGES = ("lineEndings", "edgeBlanks", "emailCase")


def text(raw: str) -> str:
    """The Salesforce text of a source value (an SQL expression), line endings as LF, NULL if it is empty."""
    with_lf = f"replace(replace({raw}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"
    return f"CASE WHEN contains({raw}, chr(13)) THEN {with_lf} WHEN {raw} != '' THEN {raw} END"


def reason(fault: str, raws: Mapping[str, str], more: str = "") -> str:
    """The first thing that is wrong with a row, as text; NULL if nothing is.

    `fault`: what its source says against it; `raws`: field → its source value (SQL expressions); `more`: further
    branches of the CASE.
    """
    checks = " ".join(unfit(raw, field) for field, raw in raws.items())
    return f"CASE WHEN {fault} IS NOT NULL THEN {fault} {checks} {more} END"


def unfit(raw: str, field: str) -> str:
    """Branches of a CASE: what no field of any type takes."""
    return (
        f"WHEN {raw} = '{NULL_MARK}' THEN {bad(field, f'the text {NULL_MARK} would empty the field')} "
        f"WHEN contains({raw}, chr(0)) THEN {bad(field, 'it holds a NUL character')} "
        f"WHEN strlen({raw}) > {MOST_CHARACTERS} AND length({raw}) > {MOST_CHARACTERS} "
        f"THEN {bad(field, f'more than {MOST_CHARACTERS} characters')}"
    )


def bad(field: str, wrong: str) -> str:
    """The reason of a bad value, as an SQL text."""
    return tables.literal(f"bad value: {field}: {wrong}")


def changed(raws: Mapping[str, str], types: Mapping[str, str]) -> str:
    """Columns that say how many of a row's values change, by CHANGES.

    `raws`: field → its source value (an SQL expression); `types`: each field's type in the org's describe.
    """
    counted = {
        "lineEndings": [f"contains({raw}, chr(13))" for raw in raws.values()],
        "edgeBlanks": [f"({raw} != '' AND (ord({raw}) <= 32 OR {raw}[-1] <= ' '))" for raw in raws.values()],
        "emailCase": [f"lower({raw}) != {raw}" for field, raw in raws.items() if types.get(field) == "email"],
    }
    return ", ".join(f"{_sum(conditions)} AS {tables.quoted(name)}" for name, conditions in counted.items())


def _sum(conditions: Sequence[str]) -> str:
    return "(" + (" + ".join(f"coalesce({condition}, false)::INTEGER" for condition in conditions) or "0") + ")"
