"""The org's objects and two lists of fields → the objects as the user sees them: fields gone, or not to be written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.local_org import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.local_org import schema

Objects = dict[str, "schema.SObject"]


def to_user(objects: Objects, given: settings.Settings) -> Objects:
    """Hide fields and take the right to write others. Raises Unfit for a field that there isn't or that can't be hidden."""
    hidden, fixed = _by_object(objects, given.hidden_fields), _by_object(objects, given.read_only_fields)
    for key, names in hidden.items():
        for name in sorted(names):
            field = objects[key].fields[name]
            if not field.nillable and field.type != "boolean":
                raise settings.Unfit(f"hidden_fields: {objects[key].name}.{field.name} is required, everybody sees it")
    changed = {key: _seen(objects[key], hidden.get(key, set()), fixed.get(key, set())) for key in {*hidden, *fixed}}
    return objects | changed


def _by_object(objects: Objects, names: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        key, _, field = name.lower().partition(".")
        if key not in objects or field not in objects[key].fields:
            raise settings.Unfit(f"{name}: there is no such field")
        found.setdefault(key, set()).add(field)
    return found


def _seen(sobject: schema.SObject, hidden: set[str], fixed: set[str]) -> schema.SObject:
    no = {"createable": False, "updateable": False}
    kept = {
        name: replace(field, createable=False, updateable=False, describe=field.describe | no) if name in fixed else field
        for name, field in sobject.fields.items()
        if name not in hidden
    }
    return replace(sobject, fields=kept, describe=sobject.describe | {"fields": [field.describe for field in kept.values()]})
