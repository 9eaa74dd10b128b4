"""A folder of describe-shaped JSON files → objects and fields, as frozen values and as the describe itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Field:
    """One field, as far as rules need it; `describe` has the rest.

    `restricted`: the only values of a restricted picklist. `whole_digits`: of a number, before its point; 0: any.
    `sql`: how a value that isn't stored is read from the record's others, which stand in braces.
    """

    name: str
    label: str
    type: str
    length: int
    nillable: bool
    createable: bool
    updateable: bool
    defaulted_on_create: bool
    external_id: bool
    id_lookup: bool
    unique: bool
    case_sensitive: bool
    reference_to: tuple[str, ...]
    relationship_name: str | None
    restricted: tuple[str, ...]
    whole_digits: int
    deleted_with_parent: bool
    describe: dict[str, Any]
    sql: str = ""

    @property
    def folds(self) -> bool:
        """Whether keys of this field are compared without case (contract 2.1.2, 8.11)."""
        return self.type == "email" or (self.unique and not self.case_sensitive)


@dataclass(frozen=True, slots=True)
class SObject:
    """One object: its fields by lower-cased API name, and its describe."""

    name: str
    label: str
    key_prefix: str
    fields: dict[str, Field]
    describe: dict[str, Any]

    def defaults(self) -> dict[str, Any]:
        """What new records have in fields that they aren't given: pre-selected values of picklists, false or true."""
        found: dict[str, Any] = {}
        for each in self.fields.values():
            chosen = next((value["value"] for value in each.describe["picklistValues"] if value["defaultValue"]), None)
            if each.type == "boolean":
                found[each.name] = int(each.describe["defaultValue"] is True)
            elif chosen is not None:
                found[each.name] = chosen
        return found

    def field(self, name: str) -> Field | None:
        """Find a field; names have no case."""
        return self.fields.get(name.lower())


def load(folder: Path | None = None) -> dict[str, SObject]:
    """Load the built-in objects, then those of `folder`, which add to or replace them; by lower-cased name."""
    defaults = json.loads((HERE / "defaults.json").read_text("utf-8"))
    paths = sorted(HERE.glob("objects/*.json")) + (sorted(folder.glob("*.json")) if folder else [])
    found = [_object(json.loads(path.read_text("utf-8")), defaults) for path in paths]
    return {each.name.lower(): each for each in found}


def _object(document: dict[str, Any], defaults: dict[str, Any]) -> SObject:
    given = [*(defaults["system_fields"] if document.get("system", True) else []), *document["fields"]]
    described = [_sized({**defaults["field"], **_by_type(each, defaults), **_public(each)}, each) for each in given]
    whole = {**defaults["object"], **{key: value for key, value in document.items() if key != "system"}, "fields": described}
    along = {each["name"] for each in given if each.get("deletedWithParent") or each.get("cascadeDelete")}
    reads = {each["name"]: each.get("sql", "") for each in given}
    fields = {each["name"].lower(): _field(each, deleted_with_parent=each["name"] in along, sql=reads[each["name"]]) for each in described}
    return SObject(document["name"], whole["label"], whole["keyPrefix"], fields, whole)


def _sized(described: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A text takes up to three bytes a character, unless the file says otherwise (contract 7.4)."""
    if "length" in given and "byteLength" not in given:
        described["byteLength"] = 3 * described["length"]
    return described


def _public(each: dict[str, Any]) -> dict[str, Any]:
    """What a describe says of a field; `deletedWithParent` it says of the parent's children only, `sql` is ours."""
    return {key: value for key, value in each.items() if key not in {"deletedWithParent", "sql"}}


def _by_type(each: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {"label": each["name"], **defaults["types"].get(each.get("type", "string"), {})}


def _field(each: dict[str, Any], *, deleted_with_parent: bool, sql: str) -> Field:
    return Field(
        name=each["name"],
        label=each["label"],
        type=each["type"],
        length=each["length"],
        nillable=each["nillable"],
        createable=each["createable"],
        updateable=each["updateable"],
        defaulted_on_create=each["defaultedOnCreate"],
        external_id=each["externalId"],
        id_lookup=each["idLookup"],
        unique=each["unique"],
        case_sensitive=each["caseSensitive"],
        reference_to=tuple(each["referenceTo"]),
        relationship_name=each["relationshipName"],
        restricted=tuple(value["value"] for value in each["picklistValues"]) if each["restrictedPicklist"] else (),
        whole_digits=each["precision"] - each["scale"],
        deleted_with_parent=deleted_with_parent,
        describe=each,
        sql=sql,
    )
