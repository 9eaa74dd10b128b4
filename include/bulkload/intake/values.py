"""Source values → Salesforce's text of plain text fields, or the reason why the row can't be sent; counts of what changes.

Text arrives as it left, but for what is counted: CRLF and CR become
LF (by us, so that a job's line ending holds, contract 4.1); blanks at the edges and capitals in e-mail
addresses go when Salesforce stores them (contract 8.11). Numbers come as the source wrote them (`1.10` stays
`1.10`; `careful` sees to that); fractions of more than 17 significant digits are refused, as Salesforce keeps
doubles. `true` and `false` come as these words. Absent, empty and nothing but blanks are alike: NULL, nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_CHARACTERS = 131_072
NULL_MARK = "#N/A"
CHANGES = ("lineEndings", "edgeBlanks", "emailCase")
# The first sign that is no blank: a text below it is empty or begins with one.
FIRST = "!"
# What begins with a blank or as the null mark does is below this.
AFTER_MARK = "$"
SIZED = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "combobox", "encryptedstring"})


def text(raw: str, calm: str = "false") -> str:
    """The Salesforce text of a source value (an SQL expression), line endings as LF, NULL if nothing but blanks is in it.

    `calm`: whether it holds no control character; rows for which that is known take much less time.
    """
    plain = f"{raw} >= '{FIRST}' AND ({calm} OR NOT contains({raw}, chr(13)))"
    return f"CASE WHEN {plain} THEN {raw} WHEN {tables.trimmed(raw)} != '' THEN {tables.line_feeds(raw)} END"


def blank(raw: str) -> str:
    """Whether a source value has no text."""
    return f"{raw} IS NULL OR ({raw} < '{FIRST}' AND {tables.trimmed(raw)} = '')"


def reason(fault: str, checks: Sequence[str]) -> str:
    """The first thing that is wrong with a row, as text; NULL if nothing is.

    `fault`: what its source says against it (an SQL expression); `checks`: branches of a CASE.
    """
    return f"CASE WHEN {fault} IS NOT NULL THEN {fault} {' '.join(checks)} END"


def unfit(raw: str, field: str, most: int = MOST_CHARACTERS, calm: str = "false") -> str:
    """Branches of a CASE: what no text field takes. `most`: how many characters it has room for.

    Signs are counted as people do and without blanks at the edges: if the org counts more, it says so itself.
    """
    return (
        f"WHEN {raw} < '{AFTER_MARK}' AND {tables.trimmed(raw)} = '{NULL_MARK}' "
        f"THEN {bad(field, f'the text {NULL_MARK} would empty the field')} "
        f"WHEN NOT {calm} AND contains({raw}, chr(0)) THEN {bad(field, 'it holds a NUL character')} "
        f"WHEN strlen({raw}) > {most} AND length({tables.trimmed(tables.line_feeds(raw))}) > {most} "
        f"THEN {bad(field, f'more than {most} characters')}"
    )


def most_characters(described: Mapping[str, Any]) -> int:
    """How many characters a text field has room for. Rich text may shrink when it is stored, so only the API's own limit counts."""
    length = int(described.get("length") or 0)
    if described["type"] not in SIZED or described.get("htmlFormatted") or not length:
        return MOST_CHARACTERS
    return min(length, MOST_CHARACTERS)


def bad(field: str, wrong: str) -> str:
    """The reason of a bad value, as an SQL text."""
    return tables.literal(f"bad value: {field}: {wrong}")


def changed(texts: Iterable[tuple[str, str, str]]) -> str:
    """Columns that say how many of a row's values change, by CHANGES.

    `texts`: each text (an SQL expression), its field's type in the org's describe, and whether it is calm, as for `text`.
    """
    given = list(texts)
    counted = {
        "lineEndings": [f"CASE WHEN {calm} THEN false ELSE contains({raw}, chr(13)) END" for raw, _, calm in given],
        "edgeBlanks": [f"({raw} != '' AND ({raw} < '{FIRST}' OR {_ends_blank(raw, calm)}))" for raw, _, calm in given],
        "emailCase": [f"lower({raw}) != {raw}" for raw, kind, _ in given if kind == "email"],
    }
    return ", ".join(f"{_sum(conditions)} AS {tables.quoted(name)}" for name, conditions in counted.items())


def _ends_blank(raw: str, calm: str) -> str:
    """Whether the last sign is a blank; that it is the space itself is seen quicker."""
    return f"CASE WHEN {calm} THEN {raw} LIKE '% ' ELSE {raw}[-1] <= ' ' END"


def _sum(conditions: Sequence[str]) -> str:
    return "(" + (" + ".join(f"coalesce({condition}, false)::INTEGER" for condition in conditions) or "0") + ")"
