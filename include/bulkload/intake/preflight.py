"""A plan and the org's describes → warnings, or a PlanError that lists every mistake before anything is sent.

What describe can't decide passes, some of it with a warning: a wrong refusal is worse than none.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import constants, link_rules, transformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.bulkload.intake import mapping, plan

Fields = dict[str, dict[str, Any]]
RIGHTS = {
    "insert": ("createable",),
    "upsert": ("createable", "updateable"),
    "update": ("updateable",),
    "delete": (),
    "hardDelete": (),
}
OBJECT_RIGHTS = {**RIGHTS, "delete": ("deletable",), "hardDelete": ("deletable",)}
# A row key is the run's mark, a dash and the row's number.
ROW_KEY_LENGTH = 32
TEXTS = {"string", "textarea"}


def check(checked: plan.Plan, describes: Mapping[str, Any]) -> list[str]:
    """Hold each object against its sobject's describe (`describes`: sobject → describe). Raises PlanError.

    Returns warnings: what may go wrong though nothing is wrong with the plan.
    """
    findings = [finding for name in checked.objects for finding in _object(checked, describes, name)]
    findings += [*constants.mistakes(checked, describes), *transformed.mistakes(checked)]
    if findings:
        raise errors.PlanError(*findings)
    return [warning for name in checked.objects for warning in _warnings(checked, describes, name)]


def fields_of(describe: Mapping[str, Any]) -> Fields:
    """A describe's fields by their name in lower case: Salesforce matches names without case."""
    return {field["name"].lower(): field for field in describe["fields"]}


def rights(each: mapping.ObjectPlan) -> tuple[str, ...]:
    """What a user must be allowed to do with the fields of an object."""
    return ("updateable",) if each.update_only else RIGHTS[each.operation]


def is_required(described: Mapping[str, Any]) -> bool:
    """Whether a new record must bring a value of this field (contract 7.4)."""
    return bool(described["createable"]) and not described["nillable"] and not described["defaultedOnCreate"]


def _object(checked: plan.Plan, describes: Mapping[str, Any], name: str) -> Iterator[str]:
    each, place = checked.objects[name], f"objects.{name}"
    fields = fields_of(describes[each.sobject])
    missing = [right for right in OBJECT_RIGHTS[each.operation] if not describes[each.sobject].get(right, True)]
    yield from (f"{place}.sobject: {each.sobject} isn't {right} for this user; give the right" for right in missing[:1])
    for field in each.fields:
        yield from _field(each, fields, f"{place}.fields.{field}", field)
    for field, links in each.links.items():
        yield from _field(each, fields, f"{place}.parents.{field}", field)
        if field.lower() in fields:
            for nth, link in enumerate(links):
                yield from link_rules.of(checked, describes, name, (field, nth, link), fields[field.lower()])
    if each.external_id and each.external_id.lower() in fields:
        yield from _external_id(fields[each.external_id.lower()], f"{place}.external_id", each.sobject)
    if each.row_key_field:
        yield from _field(each, fields, f"{place}.row_key_field", each.row_key_field)
        yield from _row_key(fields.get(each.row_key_field.lower()), f"{place}.row_key_field")
    if each.operation == "insert":
        yield from (f"{place}.fields: {field} of {each.sobject} is required; add it" for field in _uncovered(each, fields))


def _field(each: mapping.ObjectPlan, fields: Fields, place: str, name: str) -> Iterator[str]:
    """Whether a field is there and may be written by this user."""
    described = fields.get(name.lower())
    if described is None:
        yield f"{place}: {each.sobject} has no field {name}; {_near(name, fields)}"
        return
    # A key may be Id or read-only by nature; it is compared, not written.
    if name == each.external_id:
        return
    missing = [right for right in rights(each) if not described[right] and not _write_once(described, right)]
    yield from (f"{place}: {name} isn't {right} for this user; leave it out, or give the right" for right in missing[:1])


def _near(name: str, fields: Fields) -> str:
    """Say which field may have been meant: the same behind a package's prefix, or one that is spelled alike."""
    prefixed = [field["name"] for lower, field in fields.items() if lower.endswith(f"__{name.lower()}")]
    near = prefixed or [fields[each]["name"] for each in difflib.get_close_matches(name.lower(), fields, n=1)]
    return f"did you mean {near[0]}?" if near else "mend its name, or give this user read access to it"


def _write_once(described: Mapping[str, Any], right: str) -> bool:
    """A master-detail lookup may be created but not changed; that is Salesforce's to refuse, row by row."""
    return right == "updateable" and described["type"] == "reference" and bool(described["createable"])


def _external_id(described: Mapping[str, Any], place: str, sobject: str) -> Iterator[str]:
    if not (described["externalId"] or described["idLookup"] or described["type"] == "id"):
        yield f"{place}: {described['name']} of {sobject} is no external id; mark it as one in Setup, or name another"


def _row_key(described: Mapping[str, Any] | None, place: str) -> Iterator[str]:
    if described is not None and (described["type"] not in TEXTS or described.get("length", ROW_KEY_LENGTH) < ROW_KEY_LENGTH):
        yield f"{place}: {described['name']} is no text of {ROW_KEY_LENGTH} characters or more; name another"


def _uncovered(each: mapping.ObjectPlan, fields: Fields) -> list[str]:
    """Required fields that the plan doesn't fill."""
    filled = {name.lower() for name in (*each.fields, *each.parents)}
    return [field["name"] for lower, field in fields.items() if is_required(field) and lower not in filled]


def _warnings(checked: plan.Plan, describes: Mapping[str, Any], name: str) -> Iterator[str]:
    each, place = checked.objects[name], f"objects.{name}"
    fields = fields_of(describes[each.sobject])
    if each.operation == "upsert" and not each.update_only:
        yield from (f"{place}.fields: {field} is required; rows that aren't in the org yet will fail" for field in _uncovered(each, fields))
    if each.external_id and not fields[each.external_id.lower()]["unique"] and fields[each.external_id.lower()]["externalId"]:
        yield f"{place}.external_id: {each.external_id} isn't unique; keys that several records have will fail, others need View All Data"
