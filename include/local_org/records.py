"""One record as REST writes it (JSON) → saved as a job's row would be, in the caller's transaction (contract 7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.local_org import answers, rows, rules, saving

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from include.local_org import schema, site

# Says what the record is; it is no field.
ABOUT = "attributes"
UNREADABLE = "JSON_PARSER_ERROR"
# What an object must allow, and how its refusal calls that.
ALLOWED = {"insert": ("createable", "inserted"), "update": ("updateable", "updated"), "delete": ("deletable", "deleted")}


def fields_of(sobject: schema.SObject, document: Mapping[str, Any]) -> dict[str, Any]:
    """A record's fields as a job's columns: a parent given by its key becomes `Relation.Key`.

    Raises Refused (400, INVALID_FIELD) for a field that there isn't: in REST that is the request's error.
    """
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name == ABOUT:
            continue
        field = sobject.field(name)
        if field is not None:
            _fits(field, value)
        if isinstance(value, dict):
            found |= _parent(sobject, name, value)
        elif field is None:
            raise answers.Refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        else:
            found[name] = value
    return found


def kind_of(document: Mapping[str, Any]) -> str:
    """The object that a record says it is of; nothing if it doesn't."""
    about = document.get(ABOUT)
    return str(about.get("type", "")) if isinstance(about, dict) else ""


def _fits(field: schema.Field, value: Any) -> None:
    """Refuse a value that is of another kind than its field: in REST the whole request can't be read then [K]."""
    given = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY" if isinstance(value, list) else ""
    kind = rules.XSD.get(field.type, "xsd:string")[4:].lower()
    if not given and field.type in rules.XSD:
        try:
            rules.stored(field, _cell(value), 0)
        except rules.Wrong as wrong:
            given = "VALUE_STRING" if str(wrong).startswith("INVALID_FIELD:") else ""
    if given:
        said = f"Cannot deserialize instance of {kind} from {given} value"
        shown = f" {value}" if given == "VALUE_STRING" else ""
        raise answers.Refused(400, UNREADABLE, f"{said}{shown} or request may be missing a required field at [line:1, column:1]")


def _parent(sobject: schema.SObject, name: str, given: dict[str, Any]) -> dict[str, Any]:
    via = next((each for each in sobject.fields.values() if name and (each.relationship_name or "").lower() == name.lower()), None)
    if via is None:
        raise answers.Refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
    kind = kind_of(given) or given.get("type")
    before = f"{kind or via.reference_to[0]}:" if len(via.reference_to) > 1 else ""
    return {f"{before}{via.relationship_name}.{key}": value for key, value in given.items() if key not in {ABOUT, "type"}}


def saved(
    of: site.Site,
    con: sqlite3.Connection,
    user_id: str,
    sobject: schema.SObject,
    operation: str,
    document: Mapping[str, Any],
    key: str | None = None,
) -> rows.Outcome:
    """Save a record. `key`: the field of an upsert. Raises Refused like `fields_of`."""
    allowed, done = ALLOWED.get(operation, ALLOWED["update"])
    if not sobject.describe[allowed]:
        raise answers.Refused(400, "INVALID_TYPE_FOR_OPERATION", f"entity type cannot be {done}: {sobject.name}")
    given = fields_of(sobject, document)
    work = saving.Job(sobject, of.objects, operation, key, list(given), user_id, of.now())
    return rows.save(of.store, con, work, [[_cell(value) for value in given.values()]]).one()


def _cell(value: Any) -> str:
    """Write a JSON value as a job's cell."""
    if value is None or value == "":
        return rules.NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def parted(error: str) -> tuple[str, str, list[str]]:
    """A row's error → its code, message and fields (contract 3.1)."""
    code, _, rest = error.partition(":")
    message, _, fields = rest.rpartition(":")
    return code, message, [name.strip() for name in fields.removesuffix("--").split(",") if name.strip()]


def told(outcome: rows.Outcome, *, upsert: bool = False) -> dict[str, Any]:
    """What became of one record of several: failed ones have no id, and their errors a statusCode."""
    if outcome.error:
        code, message, fields = parted(outcome.error)
        return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": fields}]}
    return {"id": outcome.sf_id, "success": True, "errors": [], **({"created": outcome.created} if upsert else {})}
