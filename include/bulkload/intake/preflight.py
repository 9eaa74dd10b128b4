"""A plan and the org's describes → nothing, or a PlanError that lists every mistake before anything is sent."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import constants, transformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.bulkload.intake import mapping, plan

Fields = dict[str, dict[str, Any]]

NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})


def check(checked: plan.Plan, describes: Mapping[str, Any]) -> None:
    """Hold each object against its sobject's describe (`describes`: sobject → describe). Raises PlanError.

    What describe can't decide passes: a wrong refusal is worse than none.
    """
    findings = [finding for name in checked.objects for finding in _object(checked, describes, name)]
    findings += [*constants.mistakes(checked, describes), *transformed.mistakes(checked)]
    if findings:
        raise errors.PlanError(*findings)


def _object(checked: plan.Plan, describes: Mapping[str, Any], name: str) -> list[str]:
    each, place = checked.objects[name], f"objects.{name}"
    fields = {field["name"].lower(): field for field in describes[each.sobject]["fields"]}
    found = [finding for field in each.fields for finding in _field(each, fields, f"{place}.fields.{field}", field)]
    for field, links in each.links.items():
        found += _field(each, fields, f"{place}.parents.{field}", field)
        for link in links:
            sobject = link.sobject or checked.objects[str(link.object)].sobject
            found += _lookup(fields, f"{place}.parents.{field}", field, sobject)
    if each.external_id and each.external_id.lower() in fields:
        found += _external_id(fields[each.external_id.lower()], f"{place}.external_id", each.sobject)
    return found


def _field(each: mapping.ObjectPlan, fields: Fields, place: str, name: str) -> list[str]:
    """Whether a field is there and may be written by this user."""
    described = fields.get(name.lower())
    if described is None:
        near = difflib.get_close_matches(name.lower(), fields, n=1)
        hint = f"did you mean {fields[near[0]]['name']}?" if near else "mend its name, or give this user read access to it"
        return [f"{place}: {each.sobject} has no field {name}; {hint}"]
    # An upsert key may be Id or read-only by nature; it is compared, not written.
    if name == each.external_id:
        return []
    wanted = ["createable"] + (["updateable"] if each.operation == "upsert" else [])
    missing = [right for right in wanted if not described[right] and not _write_once(described, right)]
    return [f"{place}: {name} isn't {right} for this user; leave it out, or give the right" for right in missing[:1]]


def _write_once(described: Mapping[str, Any], right: str) -> bool:
    """A master-detail lookup may be created but not changed; that is Salesforce's to refuse, row by row."""
    return right == "updateable" and described["type"] == "reference" and bool(described["createable"])


def _lookup(fields: Fields, place: str, name: str, parent: str) -> list[str]:
    described = fields.get(name.lower())
    if described is None:
        return []
    targets = described.get("referenceTo") or []
    if parent.lower() in {target.lower() for target in targets}:
        return []
    said = f"it points at {', '.join(targets)}" if targets else "it is no lookup"
    return [f"{place}: {name} can't hold the Id of a {parent}, {said}; name another field"]


def _external_id(described: Mapping[str, Any], place: str, sobject: str) -> list[str]:
    if described["externalId"] or described["idLookup"]:
        if described["type"] in NUMBERS:
            # Results show 912260031 as 9.12260031E8, and long ones alike (contract 3.5, 8.11): rows couldn't be told apart.
            return [f"{place}: {described['name']} of {sobject} is a number field; name an external id of type text"]
        return []
    return [f"{place}: {described['name']} of {sobject} is no external id; mark it as one in Setup, or name another"]
