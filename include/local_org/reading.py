"""A record's Id, key or relationship, Ids or a stretch of time → the records as REST shows them (contract 7.6)."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from include.local_org import answers, describes, ids, lookups, rules, soql, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.local_org import schema, site

NUMBERS = {"int", "double", "currency", "percent"}
# Past so many records the answer to "which have changed" is refused, and so long back they are known [K].
MOST_CHANGED, MOST_DAYS = 600_000, 30
EARLIEST = "2026-01-01T00:00:00.000+0000"


class Several(Exception):
    """A key that several records have; their paths."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(paths)
        self.paths = paths


def key_field(sobject: schema.SObject, name: str) -> schema.Field:
    """Find a field that records can be named by. Raises Refused (404)."""
    field = sobject.field(name)
    if field is None or not (field.external_id or field.id_lookup):
        raise answers.Refused(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def one_only(of: site.Site, sobject: schema.SObject, field: schema.Field, value: str, version: str) -> None:
    """Raise Several if several records have a key."""
    known = lookups.by_key(of.store.reading(), sobject, field, [store.folded(field, value)])
    for found in known.values():
        if len(found) > 1:
            raise Several([f"/services/data/v{version}/sobjects/{sobject.name}/{sf_id}" for sf_id in found])


def by_id(of: site.Site, sobject: schema.SObject, sf_id: str, version: str, fields: str | None = None) -> dict[str, Any]:
    """Show a record; all its fields, or those named. Raises Refused (404)."""
    if ids.read(sf_id) is None:
        key_field(sobject, sf_id)
        raise answers.not_found()
    return _shown(of, sobject, f"Id = '{sf_id}'", version, fields)


def by_key(of: site.Site, sobject: schema.SObject, name: str, value: str, version: str, fields: str | None = None) -> dict[str, Any]:
    """Show the record with a key. Raises Refused (404), Several."""
    field = key_field(sobject, name)
    if field.name == "Id":
        return by_id(of, sobject, value, version, fields)
    one_only(of, sobject, field, value, version)
    if field.type in NUMBERS:
        try:
            known = str(rules.stored(field, value, 0))
        except rules.Wrong:
            raise answers.not_found() from None
    else:
        known = "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return _shown(of, sobject, f"{field.name} = {known}", version, fields)


def _shown(of: site.Site, sobject: schema.SObject, where: str, version: str, fields: str | None) -> dict[str, Any]:
    found = soql.one(of, f"SELECT {fields or _all(sobject)} FROM {sobject.name} WHERE {where}", version)
    if found is None:
        raise answers.not_found()
    return found


def _all(sobject: schema.SObject) -> str:
    return ",".join(each.name for each in sobject.fields.values())


def related(of: site.Site, sobject: schema.SObject, sf_id: str, name: str, fields: str | None) -> tuple[str, bool]:
    """The query for what a relationship of a record leads to, and whether that is a parent. Raises Refused (404)."""
    for child in of.objects.values():
        for lookup in child.fields.values():
            if sobject.name in lookup.reference_to and (describes.relationship(child, lookup) or "").lower() == name.lower():
                return f"SELECT {fields or _all(child)} FROM {child.name} WHERE {lookup.name} = '{sf_id}'", False
    via = next((each for each in sobject.fields.values() if (each.relationship_name or "").lower() == name.lower()), None)
    if via is None:
        raise answers.not_found()
    parent = by_id(of, sobject, sf_id, "66.0", via.name)[via.name]
    kind = next((each for each in of.objects.values() if each.key_prefix == str(parent)[:3]), None)
    if kind is None:
        raise answers.not_found()
    return f"SELECT {fields or _all(kind)} FROM {kind.name} WHERE Id = '{parent}'", True


def several(of: site.Site, sobject: schema.SObject, sf_ids: Sequence[str], fields: str, version: str) -> list[dict[str, Any] | None]:
    """Show records by their Ids in that order; nothing for those that aren't there. Raises Refused."""
    known = [ids.read(sf_id) for sf_id in sf_ids]
    listed = ",".join(f"'{sf_id}'" for sf_id in known if sf_id)
    if not listed:
        return [None] * len(known)
    asked = soql.asked(of, f"SELECT {fields or 'Id'} FROM {sobject.name} WHERE Id IN ({listed})")
    shown = asked.records(of, asked.run(of).fetchall(), version)
    found = {each["attributes"]["url"].rpartition("/")[2]: each for each in shown}
    return [found.get(sf_id or "") for sf_id in known]


def changed(of: site.Site, sobject: schema.SObject, start: str, end: str, *, deleted: bool) -> dict[str, Any]:
    """Which records of an object were changed, or deleted, from a moment on until before another. Raises Refused (400)."""
    first, after = _moment(start), _moment(end)
    if after - first < datetime.timedelta(minutes=1):
        raise answers.Refused(400, "INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than the startDate")
    if first < of.clock() - datetime.timedelta(days=MOST_DAYS):
        raise answers.Refused(400, "INVALID_REPLICATION_DATE", f"startDate before org replication enabled date or {MOST_DAYS} days ago")
    query = f'SELECT "Id", "SystemModstamp" FROM "{sobject.name}" WHERE "IsDeleted" = ? AND "SystemModstamp" >= ? AND "SystemModstamp" < ?'
    times = [f"{each.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%S}" for each in (first, after)]
    found = of.store.reading().execute(f"{query} LIMIT ?", [int(deleted), *times, MOST_CHANGED])
    covered = {"latestDateCovered": f"{min(after, of.clock()):%Y-%m-%dT%H:%M:00.000+0000}"}
    if deleted:
        gone = [{"id": sf_id, "deletedDate": moment} for sf_id, moment in found]
        return {"deletedRecords": gone, "earliestDateAvailable": EARLIEST, **covered}
    return {"ids": [sf_id for sf_id, _ in found], **covered}


def _moment(text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise answers.Refused(400, "INVALID_REPLICATION_DATE", f"malformed date: {text}") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
