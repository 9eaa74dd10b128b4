"""A query with `columns=true` → what its columns are, instead of records.

Clients ask so to learn the order of columns, Salesforce's command line among them. A parent's fields stand inside
the parent's column, children's inside theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.local_org import soql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local_org import org, schema

PARTS = re.compile(r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
INNER = re.compile(r"\(\s*SELECT\s+.*?\s+FROM\s+(?P<relation>\w+)", re.IGNORECASE | re.DOTALL)
FUNCTION = re.compile(r"(?P<call>\w+\s*\(.*\))(?:\s+(?P<alias>\w+))?", re.DOTALL)
NUMBERS = {"int": "Integer", "double": "Double", "currency": "Double", "percent": "Double"}
APEX = {"id": "Id", "reference": "Id", "boolean": "Boolean", "date": "Date", "datetime": "Datetime", **NUMBERS}


def told(of: org.Org, query: str, *, deleted: bool) -> dict[str, Any]:
    """Tell a query's columns. Raises Refused (400) as the query itself would."""
    sobject = soql.asked(of, query, deleted=deleted).sobject
    found = PARTS.fullmatch(query)
    if found is None:
        return {"columnMetadata": []}
    columns = _columns(of, sobject, list(_cut(found["fields"])))
    return {
        "columnMetadata": columns,
        "entityName": sobject.name,
        "groupBy": re.search(r"\bGROUP\s+BY\b", found["rest"], re.IGNORECASE) is not None,
        "idSelected": any(each["columnName"] == "Id" for each in columns),
        "keyPrefix": sobject.key_prefix,
    }


def _cut(text: str) -> Iterator[str]:
    """Cut a list of fields at its commas, those in brackets aside."""
    depth, begin = 0, 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and not depth:
            yield text[begin:place].strip()
            begin = place + 1
    yield text[begin:].strip()


def _columns(of: org.Org, sobject: schema.SObject, paths: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    parents: dict[str, list[str]] = {}
    numbered = 0
    for path in paths:
        relation, dot, rest = path.partition(".")
        if path.startswith("("):
            inner = INNER.match(path)
            found.append(_column(inner["relation"] if inner else path, aggregate=True))
        elif "(" in path:
            found.append(_called(path, numbered))
            numbered += found[-1]["columnName"] == f"expr{numbered}"
        elif not dot:
            field = sobject.field(path)
            found += [_of_field(field)] if field else []
        elif relation.lower() in parents:
            parents[relation.lower()].append(rest)
        else:
            parents[relation.lower()] = [rest]
            found.append(_column(relation))
    for each in found:
        within = parents.get(each["columnName"].lower())
        if within:
            _join(of, sobject, each, within)
    return found


def _join(of: org.Org, sobject: schema.SObject, column: dict[str, Any], paths: list[str]) -> None:
    """Put a parent's fields into its column."""
    via = next((each for each in sobject.fields.values() if (each.relationship_name or "").lower() == column["columnName"].lower()), None)
    if via is not None:
        parent = of.objects[via.reference_to[0].lower()]
        name = via.relationship_name
        column.update(columnName=name, displayName=name, foreignKeyName=via.name, joinColumns=_columns(of, parent, paths))


def _called(path: str, number: int) -> dict[str, Any]:
    """An aggregate's column: its alias, or else `expr0` and so on."""
    found = FUNCTION.fullmatch(path)
    call, alias = (found["call"], found["alias"]) if found else (path, None)
    return {**_column(alias or f"expr{number}", aggregate=True), "displayName": alias or call, "numberType": True}


def _of_field(field: schema.Field) -> dict[str, Any]:
    apex = APEX.get(field.type, "String")
    return {
        **_column(field.name),
        "apexType": apex,
        "booleanType": apex == "Boolean",
        "custom": field.name.endswith("__c"),
        "insertable": field.createable,
        "numberType": field.type in NUMBERS,
        "textType": apex == "String",
        "updatable": field.updateable,
    }


def _column(name: str, *, aggregate: bool = False) -> dict[str, Any]:
    return {
        "aggregate": aggregate,
        "apexType": None,
        "booleanType": False,
        "columnName": name,
        "custom": False,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": False,
        "textType": False,
        "updatable": False,
    }
