"""Objects → what describe says of them: global entries, whole describes with children, record types, addresses (contract 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.local_org import ids

if TYPE_CHECKING:
    from include.local_org import schema

MASTER = "012000000000000AAA"
NONE: dict[str, Any] = {
    "associateEntityType": None,
    "associateParentEntity": None,
    "defaultImplementation": None,
    "extendedBy": None,
    "extendsInterfaces": None,
    "implementedBy": None,
    "implementsInterfaces": None,
}
NO: dict[str, Any] = dict.fromkeys(
    (
        "customSetting",
        "deprecatedAndHidden",
        "hasSubtypes",
        "isInterface",
        "isSubtype",
        "mergeable",
        "deepCloneable",
    ),
    False,
)
YES: dict[str, Any] = dict.fromkeys(
    ("compactLayoutable", "feedEnabled", "layoutable", "mruEnabled", "replicateable", "retrieveable", "undeletable"), True
)
WHOLE: dict[str, Any] = {
    "actionOverrides": [],
    "listviewable": None,
    "lookupLayoutable": None,
    "namedLayoutInfos": [],
    "networkScopeFieldName": None,
    "searchLayoutable": True,
    "sobjectDescribeOption": None,
    "supportedScopes": [{"label": "All records", "name": "everything"}, {"label": "My records", "name": "mine"}],
}
OWN = {"fields", "childRelationships", "recordTypeInfos"}


def brief(sobject: schema.SObject, version: str) -> dict[str, Any]:
    """What describe global says of an object, by key in alphabetical order."""
    told = {key: value for key, value in sobject.describe.items() if key not in OWN}
    return dict(sorted((NONE | NO | YES | told | {"urls": _urls(sobject.name, version)}).items()))


def whole(objects: dict[str, schema.SObject], sobject: schema.SObject, version: str) -> dict[str, Any]:
    """An object's whole describe."""
    urls = _urls(sobject.name, version)
    urls |= {"uiDetailTemplate": "/{ID}", "uiEditTemplate": "/{ID}/e", "uiNewRecord": f"/{sobject.key_prefix}/e"}
    own = {
        "fields": [field.describe for field in sobject.fields.values()],
        "childRelationships": _children(objects, sobject),
        "recordTypeInfos": [_record_type(sobject.name, each, version) for each in record_types(sobject)],
        "urls": urls,
    }
    return dict(sorted((brief(sobject, version) | WHOLE | own).items()))


def record_types(sobject: schema.SObject) -> list[dict[str, Any]]:
    """An object's record types: those of its schema, then Master, which every object has."""
    found = [
        {"recordTypeId": ids.full(each["recordTypeId"]), "name": each["name"], "developerName": each["developerName"], "master": False}
        for each in sobject.describe.get("recordTypeInfos", [])
    ]
    return [*found, {"recordTypeId": MASTER, "name": "Master", "developerName": "Master", "master": True}]


def _record_type(sobject: str, each: dict[str, Any], version: str) -> dict[str, Any]:
    layout = f"/services/data/v{version}/sobjects/{sobject}/describe/layouts/{each['recordTypeId']}"
    return {"active": True, "available": True, "defaultRecordTypeMapping": each["master"], **each, "urls": {"layout": layout}}


def _urls(name: str, version: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{name}"
    parts = {"describe": "/describe", "rowTemplate": "/{ID}", "layouts": "/describe/layouts", "sobject": ""}
    return {key: base + part for key, part in parts.items()}


def _children(objects: dict[str, schema.SObject], sobject: schema.SObject) -> list[dict[str, Any]]:
    """The lookups that point at an object."""
    return [
        {
            "cascadeDelete": field.deleted_with_parent,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": relationship(child, field),
            "restrictedDelete": field.keeps_parent or field.describe["restrictedDelete"],
        }
        for child in objects.values()
        for field in child.fields.values()
        if field.type == "reference" and sobject.name in field.reference_to
    ]


def relationship(child: schema.SObject, field: schema.Field) -> str | None:
    """The name by which a parent knows its children: their plural; lookups to users and groups have none."""
    if field.children_name != "":
        return field.children_name
    if set(field.reference_to) & {"User", "Group"}:
        return None
    plural = str(child.describe.get("labelPlural", child.name)).replace(" ", "")
    if field.name.endswith("__c"):
        return f"{plural}__r"
    first = next(each for each in child.fields.values() if each.type == "reference" and set(each.reference_to) & set(field.reference_to))
    return plural if first.name == field.name else f"{(field.relationship_name or field.name)}{plural}"
