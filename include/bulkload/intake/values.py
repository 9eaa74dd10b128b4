"""A record's JSON → Salesforce text per field, or the reason why the row can't be sent; counts of what changes.

In SQL over a column `j` (the record's JSON). Text arrives as it left, but for what is counted: CRLF and CR become
LF (by us, so that a job's line ending holds, contract 4.1); blanks at the edges and capitals in e-mail
addresses go when Salesforce stores them (contract 8.11). Numbers come as the source wrote them, as far as a
double prints them alike (`1.10` becomes `1.1`); what a double can't keep is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CHARACTERS = 131_072
NULL_MARK = "#N/A"
CHANGES = ("lineEndings", "edgeBlanks", "emailCase")


def json_path(names: Sequence[str]) -> str:
    """The path of a value in a record, each name quoted: a name may hold dots and blanks."""
    return "$" + "".join("." + json.dumps(name, ensure_ascii=False) for name in names)


def read(fields: Mapping[str, str], lists: Sequence[str]) -> str:
    """Columns to select from `j`: `raw` texts and `kinds` of the mapped values, kinds of the lists, number of keys."""
    paths = [json_path([source]) for source in fields.values()]
    lists_paths = [json_path([name]) for name in lists]
    return (
        f"json_extract_string(j, {_list(paths)}) AS raw, json_type(j, {_list(paths + lists_paths)}) AS kinds, "
        "json_type(j) AS shape, len(json_keys(j)) AS keys"
    )


def _list(paths: Sequence[str]) -> str:
    return "[" + ", ".join(tables.literal(path) for path in paths) + "]::VARCHAR[]"


def text(place: int) -> str:
    """The Salesforce text of the mapped value at `place` (from 0), line endings as LF."""
    raw = f"raw[{place + 1}]"
    return f"CASE WHEN contains({raw}, chr(13)) THEN replace(replace({raw}, chr(13) || chr(10), chr(10)), chr(13), chr(10)) ELSE {raw} END"


def reason(fields: Mapping[str, str], lists: Sequence[str]) -> str:
    """The first thing that is wrong with a row, as text; NULL if nothing is."""
    checks = ["WHEN bad IS NOT NULL THEN bad", "WHEN shape IS DISTINCT FROM 'OBJECT' THEN 'not an object'"]
    checks += [_value_check(place, field) for place, field in enumerate(fields)]
    checks += [_list_check(len(fields) + place, name) for place, name in enumerate(lists)]
    # Where every key is a mapped one there can be no second of its kind; only others are looked at more closely.
    present = "len(list_filter(kinds, lambda kind: kind IS NOT NULL))"
    checks.append(f"WHEN keys > {present} AND keys > len(list_distinct(json_keys(j))) THEN 'a key stands twice'")
    return f"CASE {' '.join(checks)} END"


def _value_check(place: int, field: str) -> str:
    kind, raw = f"kinds[{place + 1}]", f"raw[{place + 1}]"
    said = f"'bad value: {field}: ' ||"
    precise = tables.literal(json.dumps(records.TOO_PRECISE))
    return (
        f"WHEN {kind} IN ('OBJECT', 'ARRAY') THEN {said} CASE WHEN contains({raw}, {precise}) "
        f"THEN 'a number of more than {records.MOST_DIGITS} digits' ELSE 'a single value is expected, not a list or object' END "
        f"WHEN {raw} = '{NULL_MARK}' THEN {said} 'the text {NULL_MARK} would empty the field' "
        f"WHEN contains({raw}, chr(0)) THEN {said} 'it holds a NUL character' "
        f"WHEN length({raw}) > {MOST_CHARACTERS} THEN {said} 'more than {MOST_CHARACTERS} characters'"
    )


def _list_check(place: int, name: str) -> str:
    kind = f"kinds[{place + 1}]"
    return f"WHEN {kind} NOT IN ('ARRAY', 'NULL') THEN {tables.literal(f'{name}: a list is expected, not ')} || lower({kind})"


def changed(fields: Mapping[str, str], types: Mapping[str, str]) -> str:
    """Columns to select from rows with `raw`: how many of a row's values change, by CHANGES."""
    raws = [f"raw[{place + 1}]" for place in range(len(fields))]
    counted = {
        "lineEndings": [f"contains({raw}, chr(13))" for raw in raws],
        "edgeBlanks": [f"regexp_matches({raw}, '^[\\x01-\\x20]|[\\x01-\\x20]$')" for raw in raws],
        "emailCase": [f"lower({raw}) != {raw}" for raw, field in zip(raws, fields, strict=True) if types.get(field) == "email"],
    }
    return ", ".join(f"{_sum(conditions)} AS {tables.quoted(name)}" for name, conditions in counted.items())


def _sum(conditions: Sequence[str]) -> str:
    return "(" + (" + ".join(f"coalesce({condition}, false)::INTEGER" for condition in conditions) or "0") + ")"
