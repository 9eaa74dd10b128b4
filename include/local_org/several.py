"""Up to 200 records, or trees of them, in one request → each saved or refused, or none at all (contract 7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.local_org import answers, describes, ids, records, rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from include.local_org import schema, site

MOST = 200
ROLLED_BACK = (
    "ALL_OR_NONE_OPERATION_ROLLED_BACK:Record rolled back because not all records were valid and the request was using AllOrNone header:--"
)


class Undone(Exception):
    """The transaction is to be rolled back; `told` is the answer all the same."""

    def __init__(self, told: Any) -> None:
        super().__init__()
        self.told = told


def _sobject(of: site.Site, name: str) -> schema.SObject:
    found = of.objects.get(name.lower())
    if found is None:
        raise answers.Refused(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _listed(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document.get("records")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise answers.Refused(400, "JSON_PARSER_ERROR", "a list of records is expected")
    if len(found) > MOST:
        raise answers.Refused(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST} records into this call")
    return found


def saved(
    of: site.Site, con: sqlite3.Connection, user_id: str, operation: str, document: dict[str, Any], key: tuple[str, str] | None = None
) -> list[dict[str, Any]]:
    """Save a collection. `key`: object and field of an upsert. Raises Undone if one fails and all were to be saved or none."""
    outcomes = []
    for given in _listed(document):
        name = key[0] if key else records.kind_of(given)
        fields = {("Id" if field.lower() == "id" else field): value for field, value in given.items()}
        if key and key[1].lower() == "id" and fields.get("Id") is None:
            # An upsert by Id without one makes a record.
            fields.pop("Id", None)
        outcomes.append(_one(of, con, user_id, _sobject(of, name), operation, fields, key[1] if key else None))
    return _all_or_none(outcomes, all_or_none=bool(document.get("allOrNone")), upsert=operation == "upsert")


def _one(
    of: site.Site, con: sqlite3.Connection, user_id: str, sobject: schema.SObject, operation: str, fields: dict[str, Any], key: str | None
) -> rows.Outcome:
    """Save one; a field that there isn't fails this record only."""
    try:
        return records.saved(of, con, user_id, sobject, operation, fields, key)
    except answers.Refused as refused:
        if refused.code == records.UNREADABLE:
            raise
        return rows.Outcome(error=f"{refused.code}:{refused.message}:--")


def deleted(of: site.Site, con: sqlite3.Connection, user_id: str, sf_ids: list[str], *, all_or_none: bool) -> list[dict[str, Any]]:
    """Delete records of any objects by their Ids. Raises Undone like `saved`."""
    if len(sf_ids) > MOST:
        raise answers.Refused(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST} records into this call")
    prefixes = {each.key_prefix: each for each in of.objects.values()}
    outcomes = []
    for sf_id in sf_ids:
        sobject = prefixes.get(sf_id[:3]) if ids.read(sf_id) else None
        if sobject is None:
            outcomes.append(rows.Outcome(error=f"MALFORMED_ID:malformed id {sf_id}:--"))
        else:
            outcomes.append(records.saved(of, con, user_id, sobject, "delete", {"Id": sf_id}))
    return _all_or_none(outcomes, all_or_none=all_or_none)


def _all_or_none(outcomes: list[rows.Outcome], *, all_or_none: bool, upsert: bool = False) -> list[dict[str, Any]]:
    if all_or_none and any(each.error for each in outcomes):
        undone = [each if each.error else rows.Outcome(error=ROLLED_BACK) for each in outcomes]
        raise Undone([records.told(each) for each in undone])
    return [records.told(each, upsert=upsert) for each in outcomes]


def tree(of: site.Site, con: sqlite3.Connection, user_id: str, name: str, document: dict[str, Any]) -> dict[str, Any]:
    """Save records with their children, all or none. Raises Undone with the refused ones."""
    found, wrong = [], []
    for reference, outcome in _grown(of, con, user_id, _sobject(of, name), _listed(document), {}):
        if outcome.error:
            wrong.append({"referenceId": reference, "errors": records.told(outcome)["errors"]})
        found.append({"referenceId": reference, "id": outcome.sf_id})
    if wrong:
        raise Undone({"hasErrors": True, "results": wrong})
    return {"hasErrors": False, "results": found}


def _grown(
    of: site.Site, con: sqlite3.Connection, user_id: str, sobject: schema.SObject, given: list[dict[str, Any]], parent: dict[str, str]
) -> Iterator[tuple[str, rows.Outcome]]:
    """Save records of one level, each before its children; `parent`: their lookup and its Id."""
    for each in given:
        branches = {name: value for name, value in each.items() if isinstance(value, dict) and isinstance(value.get("records"), list)}
        fields = {name: value for name, value in each.items() if name not in branches} | parent
        outcome = _one(of, con, user_id, sobject, "insert", fields, None)
        about = each.get(records.ABOUT)
        yield str(about.get("referenceId", "")) if isinstance(about, dict) else "", outcome
        if outcome.error:
            continue
        for name, branch in branches.items():
            child, lookup = _children(of, sobject, name)
            yield from _grown(of, con, user_id, child, _listed(branch), {lookup: outcome.sf_id})


def _children(of: site.Site, sobject: schema.SObject, name: str) -> tuple[schema.SObject, str]:
    for child in of.objects.values():
        for field in child.fields.values():
            if sobject.name in field.reference_to and (describes.relationship(child, field) or "").lower() == name.lower():
                return child, field.name
    raise answers.Refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
