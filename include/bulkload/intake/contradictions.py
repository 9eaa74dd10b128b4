"""A plan's parts → what they say against each other: one finding each, with its place and the remedy."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING, Any, Protocol

from include.bulkload.basics import entities
from include.bulkload.intake import modes, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.bulkload.intake import mapping

BY_KEY = ("upsert", "update", "delete", "hardDelete")
FLAT = ("csv", "parquet")
# Keys of a plan that its DAG's form asks for beside the plan's own params.
SWITCHES = ("only_first", "again", "dry_run")


class Whole(Protocol):
    """What is looked at: a plan, whose parts are fine each by itself."""

    @property
    def keep_days(self) -> int:
        """How long files are kept."""

    @property
    def keep_ledger_days(self) -> int:
        """How long the ledger is kept."""

    @property
    def replay_leftovers(self) -> bool:
        """Whether a run sends again what earlier ones lost."""

    @property
    def source(self) -> mapping.Source | None:
        """Its single source."""

    @property
    def sources(self) -> Mapping[str, mapping.Source]:
        """Its named sources."""

    @property
    def all_sources(self) -> Mapping[str, mapping.Source]:
        """Both."""

    @property
    def objects(self) -> Mapping[str, mapping.ObjectPlan]:
        """Its objects by name."""

    @property
    def schedule(self) -> Any:
        """When it runs; None: by hand."""

    @property
    def time_zone(self) -> str | None:
        """Of datetimes without one."""

    @property
    def params(self) -> Mapping[str, Any]:
        """What may be chosen at trigger time."""

    def source_of(self, name: str) -> str:
        """Name the source of an object."""


def of(checked: Whole) -> list[str]:
    """List all contradictions of a plan whose parts are fine each by itself."""
    found = [*_sources(checked), *_zone("time_zone", checked.time_zone)]
    found += [
        f"params.{name}: each run has a choice of this name already; rename it"
        for name in (*SWITCHES, *modes.KEYS)
        if name in checked.params
    ]
    if checked.replay_leftovers and not any(each.external_id for each in checked.objects.values()):
        found.append("replay_leftovers: no object has an external_id, and rows without a key never go by themselves; leave it out")
    if checked.keep_ledger_days < checked.keep_days:
        found.append(f"keep_ledger_days: files need their ledger as long as they are kept; say at least {checked.keep_days}")
    for name in checked.objects:
        found += _object(checked, name)
    return found


def _sources(checked: Whole) -> Iterator[str]:
    if not checked.all_sources:
        yield "source: the plan names nothing to read; give `source`, or `sources`"
    if checked.source and checked.sources:
        yield "sources: `source` is given too; keep one of the two"
    for name, each in checked.all_sources.items():
        place = "source" if checked.source and not checked.sources else f"sources.{name}"
        if (each.uri is None) == (each.sql is None):
            yield f"{place}: give `uri` or `sql`, one of the two"
        if each.sql and not each.conn_id:
            yield f"{place}.conn_id: a query needs the Airflow connection it goes to"
        if not any(checked.source_of(reader) == name for reader in checked.objects):
            yield f"{place}: no object reads it; leave it out"
        yield from _csv(each.csv, f"{place}.csv")


def _csv(said: mapping.Csv, place: str) -> Iterator[str]:
    for name, mark in (("delimiter", said.delimiter), ("quote", said.quote)):
        if mark in "\r\n\0":
            yield f"{place}.{name}: it ends lines, or texts; name another character"
    if said.delimiter == said.quote:
        yield f"{place}.quote: it is the delimiter too; name another character"
    try:
        "a".encode(said.encoding)
    except (LookupError, UnicodeError):
        yield f"{place}.encoding: Python knows no text encoding {said.encoding}; name one like utf-8, cp1252 or utf-16"


def _object(checked: Whole, name: str) -> Iterator[str]:
    each, place = checked.objects[name], f"objects.{name}"
    yield from _source(checked, each, place)
    yield from _key(each, place)
    yield from _switches(checked, each, place)
    for field, value in each.values.items():
        yield from _value(value, f"{place}.fields.{field}")
    yield from _names(each, place)
    for field, links in each.links.items():
        if not links:
            yield f"{place}.parents.{field}: the list is empty; name a parent"
        for nth, link in enumerate(links):
            yield from _link(checked, name, f"{place}.parents.{field}" + (f".{nth}" if len(links) > 1 else ""), link)
        if len(links) > 1 and any(link.by == "nesting" for link in links):
            yield f"{place}.parents.{field}: several parents are told apart by their `from`; nesting has none"
        if len({_carried(checked, link) for link in links}) > 1 and any(link.carry == "relationship" for link in links):
            # Nobody has confirmed that a blank relationship cell takes nothing away from a filled one beside it (contract 4.2).
            yield f"{place}.parents.{field}: several columns would fill it, blank ones beside the filled; let all its links carry the `id`"
        if len({link.from_ for link in links}) < len(links):
            yield f"{place}.parents.{field}: several parents are told apart by their `from`; give each a source value of its own"
    yield from _reads(each, place)
    if _depth(each) > 1 and not each.parents and not _reads_above(each):
        yield f"{place}.parents: its records stand in others' but no lookup names them; add one"


def _reads(each: mapping.ObjectPlan, place: str) -> Iterator[str]:
    for read in each.reads:
        if names.parsed(read).up >= _depth(each):
            yield f"{place}: {read} leads out of {each.records}, where no further record is; mend it, or `records`"


def _source(checked: Whole, each: mapping.ObjectPlan, place: str) -> Iterator[str]:
    known = checked.all_sources
    if each.source is None and len(known) > 1:
        yield f"{place}.source: the plan has several sources ({', '.join(known)}); say which"
    if each.source is not None and each.source not in known:
        yield f"{place}.source: no source is called {each.source}; the plan has {', '.join(known)}"
    said = known.get(each.source or next(iter(known), ""))
    if said and each.records != "[]" and (said.sql or said.format in FLAT):
        yield f"{place}.records: rows of {'a query' if said.sql else said.format} stand in no list; leave it out"


def _key(each: mapping.ObjectPlan, place: str) -> Iterator[str]:
    if each.operation == "upsert" and each.external_id is None:
        yield f"{place}.external_id: an upsert needs the key's field; name it, or use insert"
    elif each.operation in BY_KEY and each.external_id is None:
        yield f"{place}.external_id: {each.operation} needs the field that finds the records; name it, or `Id`"
    if each.operation == "insert" and each.external_id is not None:
        yield f"{place}.external_id: an insert has no key; use upsert, or leave it out"
    if each.external_id is not None and each.external_id not in each.fields:
        yield f"{place}.fields: {each.external_id} is the key but no source value fills it; add it"
    if each.row_key_field and each.operation != "insert":
        yield f"{place}.row_key_field: only inserts need one, rows of an {each.operation} have their key; leave it out"
    if each.row_key_field and each.row_key_field in each.fields:
        yield f"{place}.fields.{each.row_key_field}: we fill it as `row_key_field`; keep one of the two"


def _names(each: mapping.ObjectPlan, place: str) -> Iterator[str]:
    known: dict[str, str] = {}
    for field in each.fields:
        if (first := known.setdefault(field.lower(), field)) != field:
            yield f"{place}.fields.{field}: it is {first} once more, names have no case; keep one of the two"
    for field in each.parents:
        if field in each.fields:
            yield f"{place}.fields.{field}: it is filled by `parents` too; keep one of the two"


def _switches(checked: Whole, each: mapping.ObjectPlan, place: str) -> Iterator[str]:
    if each.update_only and each.operation != "upsert":
        yield f"{place}.update_only: it is for upserts; leave it out"
    if each.operation in entities.DELETES and (each.parents or set(each.fields) != {each.external_id}):
        yield f"{place}.fields: a {each.operation} takes the key alone; leave all other fields and the parents out"
    if each.changed_only and each.operation not in {"upsert", "update"}:
        yield f"{place}.changed_only: only an upsert or update can tell what changed; leave it out"
    if each.changed_only and any(link.carry == "relationship" for links in each.links.values() for link in links):
        yield f"{place}.changed_only: a parent that was loaded anew keeps its key, so no change would show; let links carry the `id`"
    if each.keep_before and each.operation not in {"upsert", "update"}:
        yield f"{place}.keep_before: only an upsert or update changes what a field held before; leave it out"
    if each.operation == "insert" and checked.schedule is not None and not each.duplicates_ok:
        message = "every scheduled run would insert the same rows again; upsert by an external id, or say why that is right"
        yield f"{place}.duplicates_ok: {message}"


def _value(value: mapping.Value, place: str) -> Iterator[str]:
    if (value.from_ is None) == (value.constant is None):
        yield f"{place}: give `from` or `constant`, one of the two"
    if "#N/A" in {text.strip() for text in (value.constant, value.default, *value.values.values()) if text}:
        yield f"{place}: the text #N/A would empty the field; for nulls of the source say `nulls: clear`"
    if value.constant is not None and (value.default is not None or value.values):
        yield f"{place}.constant: it is the same in every row; leave `default` and `values` out"
    if value.only_values and not value.values:
        yield f"{place}.only_values: there are no `values`; list them"
    yield from _zone(f"{place}.time_zone", value.time_zone)


def _zone(place: str, name: str | None) -> Iterator[str]:
    if name is not None and name not in zoneinfo.available_timezones():
        yield f"{place}: no time zone is called {name}; name one like Europe/Berlin"


def _link(checked: Whole, name: str, place: str, link: mapping.Link) -> Iterator[str]:
    if (link.object is None) == (link.sobject is None):
        yield f"{place}: give `object` for parents of this load, or `sobject` for records in the org; one of the two"
        return
    if link.by != "nesting" and link.from_ is None:
        yield f"{place}.from: no source value names the parent; add it"
    if link.sobject is not None:
        if link.by not in {"external_id", "id"}:
            yield f"{place}.by: records in the org are named by `external_id` or by `id`"
        if link.by == "external_id" and link.external_id is None:
            yield f"{place}.external_id: name the key field of {link.sobject}"
        return
    if link.by in {"external_id", "id"}:
        yield f"{place}.by: parents of this load are named by `nesting` or `key`; for records in the org give `sobject`"
        return
    yield from _parent(checked, name, place, link)


def _parent(checked: Whole, name: str, place: str, link: mapping.Link) -> Iterator[str]:
    each, parent = checked.objects[name], checked.objects.get(str(link.object))
    if parent is None:
        yield f"{place}.object: no object is called {link.object}; the plan has {', '.join(checked.objects)}"
        return
    if parent.operation in entities.DELETES:
        yield f"{place}.object: {link.object} are deleted by this plan; nothing can hang on them"
    if link.by == "nesting":
        if parent.records != each.records.rpartition(".")[0] or checked.source_of(name) != checked.source_of(str(link.object)):
            yield f"{place}: {each.records} don't stand in {parent.records}; mend `records`, or link another object"
        elif parent.key_field is None:
            yield f"{place}: {link.object} has no key, so its Ids can't be told apart; upsert it by an external id"
    elif parent.external_id is None:
        yield f"{place}: {link.object} has no key that the source knows; upsert it by an external id"


def _carried(checked: Whole, link: mapping.Link) -> tuple[str, str] | None:
    """By which key of which objects a link is carried; None: by their Id."""
    if link.carry != "relationship":
        return None
    parent = checked.objects.get(str(link.object))
    return (parent.sobject, str(parent.external_id)) if parent else (str(link.sobject), str(link.external_id))


def _depth(each: mapping.ObjectPlan) -> int:
    return len(re.findall(r"\[\]", each.records))


def _reads_above(each: mapping.ObjectPlan) -> bool:
    """Whether it takes a value of the record it stands in."""
    return any((value.from_ or "").startswith("../") for value in each.values.values())
