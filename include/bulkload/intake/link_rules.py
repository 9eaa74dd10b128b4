"""A plan's link and the describe of its lookup → what doesn't fit: targets, required lookups, links that must come later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.bulkload.intake import mapping, plan


def of(
    checked: plan.Plan, describes: Mapping[str, Any], name: str, placed: tuple[str, int, mapping.Link], described: Mapping[str, Any]
) -> Iterator[str]:
    """List what doesn't fit. `placed`: lookup field, which of its links, the link; `described`: what describe says of the lookup."""
    field, nth, link = placed
    each = checked.objects[name]
    place = f"objects.{name}.parents.{field}" + (f".{nth}" if len(each.links[field]) > 1 else "")
    sobject = link.sobject or checked.objects[str(link.object)].sobject
    yield from _target(place, described, sobject)
    required = not described["nillable"] and not described["defaultedOnCreate"]
    if required and link.missing == "blank":
        yield f"{place}.missing: {field} is required and can't be left blank; quarantine, fail or look_in_org"
    if checked.is_cut(name, field, nth):
        yield from _later(place, field, described, required=required)
    yield from _key(place, describes, link, sobject)
    if link.carry == "relationship" and not described.get("relationshipName"):
        yield f"{place}.carry: {field} has no relationship name; carry the id"
    if link.carry == "relationship" and link.by == "id":
        yield f"{place}.carry: there is no key to carry, the source gives the Id; carry the id"


def _target(place: str, described: Mapping[str, Any], sobject: str) -> Iterator[str]:
    targets = described.get("referenceTo") or []
    if sobject.lower() not in {target.lower() for target in targets}:
        said = f"it points at {', '.join(targets)}" if targets else "it is no lookup"
        yield f"{place}: {described['name']} can't hold the Id of a {sobject}, {said}; name another field"


def _later(place: str, field: str, described: Mapping[str, Any], *, required: bool) -> Iterator[str]:
    """A link that is set in a second pass must be one that may stay blank at first, and be changed then."""
    if required:
        yield f"{place}: {field} is required, so its parents must be there first, and they wait for these rows; cut another link"
    elif not described["updateable"]:
        yield f"{place}: {field} would be set in a second pass, and this user can't change it; cut another link"


def _key(place: str, describes: Mapping[str, Any], link: mapping.Link, sobject: str) -> Iterator[str]:
    """Whether the key of records in the org is one that Salesforce finds records by."""
    if link.by != "external_id":
        return
    fields = {field["name"].lower(): field for field in describes[sobject]["fields"]}
    key = fields.get(str(link.external_id).lower())
    if key is None:
        yield f"{place}.external_id: {sobject} has no field {link.external_id}; mend its name, or give this user read access to it"
    elif not (key["externalId"] or key["idLookup"] or key["type"] == "id" or key.get("nameField")):
        yield f"{place}.external_id: {link.external_id} of {sobject} is no external id; mark it as one in Setup, or name another"
