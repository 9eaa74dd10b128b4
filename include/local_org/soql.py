"""Simple SOQL → SQL over the records, and rows → records as Salesforce shows them (contract 7.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.local_org import answers, ids

if TYPE_CHECKING:
    from include.local_org import org, schema

QUERY = re.compile(
    r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)(?:\s+WHERE\s+(?P<where>.+?))?(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(
    r"\s*(?P<field>[\w.]+)\s*(?P<operator>=|!=|<>|<=|>=|<|>|\bNOT\s+IN\b|\bIN\b|\bLIKE\b)\s*(?P<value>\(.*?\)|'(?:[^'\\]|\\.)*'|[^\s()]+)\s*",
    re.IGNORECASE | re.DOTALL,
)
TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
CASELESS = {"string", "email", "picklist", "textarea", "phone", "url"}

COUNT = re.compile(r"COUNT\(\s*(?P<what>Id)?\s*\)(\s+(?P<alias>\w+))?", re.IGNORECASE)


class Counted(list[dict[str, Any]]):
    """What `COUNT()` answers: no records, their number as the total size."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total


def run(of: org.Org, query: str, version: str) -> list[dict[str, Any]]:
    """Run a query; all its records. Raises Refused (400)."""
    found = QUERY.fullmatch(query)
    if found is None:
        raise answers.Refused(400, "MALFORMED_QUERY", f"unexpected token: {query.strip().split(' ')[0]}")
    sobject = of.objects.get(found["object"].lower())
    if sobject is None:
        raise answers.Refused(400, "INVALID_TYPE", f"sObject type '{found['object']}' is not supported.")
    where, values = _where(sobject, found["where"])
    tail = (f" ORDER BY {_order(sobject, found['order'])}" if found["order"] else "") + (
        f" LIMIT {found['limit']}" if found["limit"] else ""
    )
    counting = COUNT.fullmatch(found["fields"].strip())
    if counting:
        (count,) = of.store.reading().execute(f'SELECT count(*) FROM "{sobject.name}"{where}', values).fetchone()
        if not counting["what"]:
            return Counted(count)
        return [{"attributes": {"type": "AggregateResult"}, counting["alias"] or "expr0": count}]
    paths = [name.strip() for name in found["fields"].split(",")]
    rows = of.store.reading().execute(f'SELECT * FROM "{sobject.name}"{where}{tail}', values)
    return [_record(of, sobject, dict(row), paths, version) for row in rows]


def _field(sobject: schema.SObject, name: str) -> schema.Field:
    found = sobject.field(name.strip())
    if found is None:
        message = (
            f"No such column '{name.strip()}' on entity '{sobject.name}'. If you are attempting to use a custom field, be sure to append "
            "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        )
        raise answers.Refused(400, "INVALID_FIELD", message)
    return found


def _order(sobject: schema.SObject, text: str) -> str:
    parts = [part.split() for part in text.split(",")]
    return ", ".join(
        f'"{_field(sobject, part[0]).name}" {"DESC" if "desc" in [word.lower() for word in part[1:]] else "ASC"}' for part in parts
    )


def _where(sobject: schema.SObject, text: str | None) -> tuple[str, list[Any]]:
    if not text:
        return "", []
    sql, values, place = [], [], 0
    while place < len(text):
        found = CONDITION.match(text, place)
        if found is None:
            raise answers.Refused(400, "MALFORMED_QUERY", f"unexpected token: {text[place:].strip()[:40]}")
        condition, given = _condition(_field(sobject, found["field"]), found["operator"].upper(), found["value"])
        sql.append(condition)
        values += given
        place = found.end()
        joint = re.match(r"(AND|OR)\b", text[place:], re.IGNORECASE)
        if joint:
            sql.append(joint[1].upper())
            place += joint.end()
    return " WHERE " + " ".join(sql), values


def _condition(field: schema.Field, operator: str, value: str) -> tuple[str, list[Any]]:
    column, fold = f'"{field.name}"', field.type in CASELESS and not field.case_sensitive
    if value.lower() == "null":
        return f"{column} IS {'NOT ' if operator in {'!=', '<>'} else ''}NULL", []
    read = [_value(field, each, fold=fold) for each in (TEXT.findall(value) if value.startswith("(") else [value])]
    column = f"lower({column})" if fold else column
    if value.startswith("("):
        return f"{column} {operator} ({', '.join('?' * len(read))})", read
    return f"{column} {operator} ?", read


def _value(field: schema.Field, text: str, *, fold: bool) -> Any:
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        text = text[1:-1]
    text = re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), text)
    if field.type in {"id", "reference"}:
        return ids.read(text) or text
    if field.type == "boolean":
        return int(text.lower() == "true")
    if field.type in {"int", "double", "currency", "percent"}:
        return float(text)
    return text.lower() if fold else text


def _record(of: org.Org, sobject: schema.SObject, row: dict[str, Any], paths: list[str], version: str) -> dict[str, Any]:
    """Show a row: its attributes, the wanted fields, parents' fields nested."""
    record: dict[str, Any] = {"attributes": {"type": sobject.name, "url": f"/services/data/v{version}/sobjects/{sobject.name}/{row['Id']}"}}
    for path in paths:
        relation, dot, rest = path.partition(".")
        if not dot:
            field = _field(sobject, path)
            record[field.name] = _shown(field, row[field.name])
            continue
        via = next((each for each in sobject.fields.values() if (each.relationship_name or "").lower() == relation.lower()), None)
        if via is None:
            raise answers.Refused(400, "INVALID_FIELD", f"Didn't understand relationship '{relation}' in field path.")
        parent = of.objects[via.reference_to[0].lower()]
        found = of.store.reading().execute(f'SELECT * FROM "{parent.name}" WHERE "Id" = ?', [row[via.name]]).fetchone()
        nested = _record(of, parent, dict(found), [rest], version) if found else None
        known = record.get(via.relationship_name or "")
        record[via.relationship_name or ""] = {**known, **nested} if known and nested else nested
    return record


def _shown(field: schema.Field, value: Any) -> Any:
    return bool(value) if field.type == "boolean" and value is not None else value
