"""A folder of describe-shaped JSON files → objects and fields, as frozen values and as the describe itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# What our files say of a field beside what a describe does.
OURS = {"deletedWithParent", "keepsParent", "childrenName", "sql"}
# A longer text can be read and written only [REAL].
LONG = 255
NOT_LONG = ("aggregatable", "filterable", "groupable", "sortable")


@dataclass(frozen=True, slots=True)
class Field:
    """One field, as far as rules need it; `describe` has the rest.

    `restricted`: the only values of a restricted picklist. `whole_digits`: of a number, before its point; 0: any.
    `keeps_parent`: the record above can't be deleted. `children_name`: what the record above calls these; "": their plural.
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
    keeps_parent: bool = False
    children_name: str | None = ""

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
    ours = {each["name"]: each for each in given}
    fields = {each["name"].lower(): _field(each, ours[each["name"]], deleted_with_parent=each["name"] in along) for each in described}
    return SObject(document["name"], whole["label"], whole["keyPrefix"], fields, whole)


def _sized(described: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What follows from a field's other properties, unless the file says otherwise (contract 7.4).

    A text takes up to three bytes a character, a long one can't be filtered or sorted, and a field that is required,
    or that nobody writes, is everybody's.
    """
    if "length" in given and "byteLength" not in given:
        described["byteLength"] = 3 * described["length"]
    if described["type"] == "textarea" and described["length"] > LONG:
        described.update({name: False for name in NOT_LONG if name not in given})
    required = not (described["nillable"] or described["type"] == "boolean")
    if required or not (described["createable"] or described["updateable"] or described["calculated"]):
        described["permissionable"] = given.get("permissionable", False)
    return described


def _public(each: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in each.items() if key not in OURS}


def _by_type(each: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {"label": each["name"], **defaults["types"].get(each.get("type", "string"), {})}


def _field(each: dict[str, Any], given: dict[str, Any], *, deleted_with_parent: bool) -> Field:
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
        sql=given.get("sql", ""),
        keeps_parent=given.get("keepsParent", False),
        children_name=given.get("childrenName", ""),
    )
