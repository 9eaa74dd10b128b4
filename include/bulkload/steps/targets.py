"""An object's links in the plan, the describes, and what is known of the parents → ways that can be followed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import keys
from include.bulkload.ledger import entries
from include.bulkload.match import asked, bereaved, link, ways
from include.bulkload.steps import ids, journal, later_parents, org_keys, outcome

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from include.bulkload.intake import mapping
    from include.bulkload.load import fates
    from include.bulkload.steps import ports

IN_THE_ORG = "look_in_org"


def of(
    run: ports.Run, opened: journal.Opened, name: str, staged: Path, wanted: str | None, *, waited: bool = False, replay: int = 0
) -> list[ways.Way]:
    """Make the ways of all links of an object: ask the run for its parents' Ids, and the org where a link says so.

    `wanted`: the rows of this wave, an SQL table expression of (row_id, cut); None: all.
    `waited`: they are followed in the second pass. `replay`: the number of the replay whose wave it is, which knows keys of parents
    that later runs wrote; 0: none.
    """
    each, later = opened.plan.objects[name], later_parents.keys(run, replay)
    found = [(_known(run, opened, name, placed), placed[3]) for placed in each.numbered_links]
    asking = [_asking(name, way, one, later.get(str(one.object)), waited=waited) for way, one in found]
    return [_asked(run, opened, way, one, staged, wanted, ask) if ask else way for (way, one), ask in zip(found, asking, strict=True)]


def unfollowed(run: ports.Run, opened: journal.Opened, name: str) -> list[ways.Way]:
    """The ways of all links of an object as the plan says them, while nobody knows where they lead."""
    return [_way(run, opened, name, placed) for placed in opened.plan.objects[name].numbered_links]


def _known(run: ports.Run, opened: journal.Opened, name: str, placed: tuple[int, str, int, mapping.Link]) -> ways.Way:
    """The way of a link, with the Ids of its parents if they are of this load."""
    way, one = _way(run, opened, name, placed), placed[3]
    # Parents that are loaded later have no Ids yet, nor has the first layer of an object for its own rows.
    if one.object is None or ((way.cut or one.object == name) and run.folder.read(entries.wave_name(one.object, 0)) is None):
        return way
    return dataclasses.replace(way, known=ids.known(run, one.object))


def _way(run: ports.Run, opened: journal.Opened, name: str, placed: tuple[int, str, int, mapping.Link]) -> ways.Way:
    number, field, nth, one = placed
    each = opened.plan.objects[name]
    described = keys.described(opened.describes, each.sobject, field)
    return ways.Way(
        field=field,
        number=number,
        nested=one.by == "nesting",
        known=None,
        from_org=None,
        column=_column(opened, name, field, one),
        sends_key=one.carry == "relationship",
        missing=one.missing,
        required=each.operation in {"insert", "upsert"} and not described["nillable"] and not described["defaultedOnCreate"],
        lost=_lost(run, opened, one.object) if one.object else None,
        cut=opened.plan.is_cut(name, field, nth),
        parent=str(one.sobject or ""),
    )


def _column(opened: journal.Opened, name: str, field: str, one: mapping.Link) -> str:
    """The column that carries a link: the lookup field, or the relationship with the parent's key (contract 4.2)."""
    if one.carry != "relationship":
        return field
    described = keys.described(opened.describes, opened.plan.objects[name].sobject, field)
    sobject, key = _parent(opened, one)
    # The type is due where the lookup may point at several objects, and an error elsewhere.
    kind = f"{sobject}:" if len(described["referenceTo"]) > 1 else ""
    return f"{kind}{described['relationshipName']}.{key}"


def _parent(opened: journal.Opened, one: mapping.Link) -> tuple[str, str]:
    """The sobject of a link's parents, and the field by which they are named."""
    if one.object:
        parent = opened.plan.objects[one.object]
        return parent.sobject, str(parent.external_id)
    return str(one.sobject), str(one.external_id)


def _lost(run: ports.Run, opened: journal.Opened, parent: str) -> ways.Lost:
    """Where those parents are explained that weren't written."""

    def brought() -> tuple[Path, list[fates.Wave]]:
        return staged_file(run, parent), outcome.met(run, outcome.of(run, parent))

    return ways.Lost(parent, brought, opened.plan.objects[parent].external_id or "")


def kin(run: ports.Run, opened: journal.Opened, name: str, columns: Collection[str]) -> list[bereaved.Kin]:
    """An object's lookups to objects of this load that leave unchanged rows out, as far as a wave with these columns sends them."""
    found = []
    for _, field, _, one in opened.plan.objects[name].numbered_links:
        if one.object is None or not opened.plan.objects[one.object].changed_only:
            continue
        # A first pass has no column for a link that waits, a second pass only those.
        if (column := _column(opened, name, field, one)) not in columns:
            continue
        asides = [path for met in outcome.met(run, outcome.of(run, one.object)) for path in met.asides]
        sobject, key = _parent(opened, one)
        rule = keys.rule(keys.described(opened.describes, sobject, key)) if one.carry == "relationship" else None
        found.append(bereaved.Kin(field, column, one.object, staged_file(run, one.object), asides, key, rule))
    return found


def staged_file(run: ports.Run, name: str) -> Path:
    """Bring an object's staged rows."""
    return journal.bring(run, journal.staged(run, name)["file"])


@dataclass(frozen=True, slots=True)
class Asking:
    """What the org is asked for: keys of the way's rows in the first or (`waited`) second pass; `only`: a file of those that may be."""

    waited: bool
    only: Path | None = None


def _asking(name: str, way: ways.Way, one: mapping.Link, later: Path | None, *, waited: bool) -> Asking | None:
    """What a pass asks the org for, of one link; None: nothing.

    A pass asks for those links alone that it follows: the second one for links that are cut, or to rows of the object itself. Of
    parents that later runs wrote the first pass knows already that a link which waits will find them.
    """
    if one.by == "id":
        return None
    if way.cut == waited or (waited and one.object == name):
        if one.object is None or one.missing == IN_THE_ORG:
            return Asking(waited)
        return Asking(waited, later) if later else None
    return Asking(True, later) if later and way.cut and one.missing != IN_THE_ORG else None


def _asked(
    run: ports.Run, opened: journal.Opened, way: ways.Way, one: mapping.Link, staged: Path, wanted: str | None, ask: Asking
) -> ways.Way:
    """Ask the org for the Ids of keys that this run doesn't know."""
    sobject, key = _parent(opened, one)
    missing, found, all_keys = (run.scratch / f"{way.number}-{part}.parquet" for part in ("missing", "found", "asked"))
    only = tables.parquet(ask.only) if ask.only else ""
    with tables.connect(run.limits) as con:
        link.missing_keys(con, staged, way, wanted, missing, waited=ask.waited, only=only)
    org_keys.found(run, sobject, key, keys.rule(keys.described(opened.describes, sobject, key)), missing, found)
    if not ask.only:
        return dataclasses.replace(way, from_org=found)
    with tables.connect(run.limits) as con:
        asked.all_of(con, missing, found, all_keys)
    return dataclasses.replace(way, from_org=all_keys, newer=True)
