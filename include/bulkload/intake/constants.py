"""The texts that a plan gives to fields itself, and the org's describes → what is wrong with them: one finding each, before any row.

The same rules hold as for the texts of a source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from include.bulkload.basics import tables
from include.bulkload.intake import filled, typed, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.bulkload.intake import mapping, plan


def mistakes(checked: plan.Plan, describes: Mapping[str, Any]) -> list[str]:
    """List what the fields named in the describes (sobject → describe) don't take of the plan's own texts."""
    with duckdb.connect() as con:
        return [*_zones(con, checked), *(finding for name in checked.objects for finding in _object(con, checked, describes, name))]


def _zones(con: duckdb.DuckDBPyConnection, checked: plan.Plan) -> Iterator[str]:
    """Time zones that Python knows and the table engine doesn't: each has tables of its own."""
    named = {"time_zone": checked.time_zone}
    for name, each in checked.objects.items():
        named |= {f"objects.{name}.fields.{field}.time_zone": value.time_zone for field, value in each.values.items()}
    for place, zone in named.items():
        try:
            con.execute("SELECT timezone(?, TIMESTAMP '2000-01-01')", [zone])
        except duckdb.Error:
            yield f"{place}: the table engine knows no time zone {zone}; name one like Europe/Berlin"


def _object(con: duckdb.DuckDBPyConnection, checked: plan.Plan, describes: Mapping[str, Any], name: str) -> Iterator[str]:
    each = checked.objects[name]
    fields = {field["name"].lower(): field for field in describes[each.sobject]["fields"]}
    for field, value in each.values.items():
        described = fields.get(field.lower())
        if described is None:
            continue
        kind = filled.kind_of(each, checked, describes[each.sobject], field, described)
        for key, text in _given(value):
            if wrong := _wrong(con, kind, described, text):
                known = f"; it has {', '.join(typed.record_types(describes[each.sobject])) or 'none'}" if value.record_type else ""
                yield f"objects.{name}.fields.{field}.{key}: {text!r} can't be sent, {wrong}{known}; mend it"


def _given(value: mapping.Value) -> Iterator[tuple[str, str]]:
    """The texts of one value by the key they stand under; those that send nothing are fine."""
    found = [("constant", value.constant), ("default", value.default), *((f"values.{said}", sent) for said, sent in value.values.items())]
    yield from ((key, text) for key, text in found if text is not None and text.strip(tables.BLANKS))


def _wrong(con: duckdb.DuckDBPyConnection, kind: typed.Kind | None, described: Mapping[str, Any], text: str) -> str | None:
    """What is wrong with one text."""
    if kind is None:
        query = f"SELECT CASE {values.unfit('text', described['name'], values.most_characters(described))} END FROM (SELECT ? AS text)"
        (said,) = con.execute(query, [text]).fetchone() or (None,)
        return None if said is None else str(said).removeprefix(f"bad value: {described['name']}: ")
    parts = kind.parts("text") if kind.parts else "NULL"
    query = f"SELECT {kind.wrong('text', 'parts')} FROM (SELECT text, {parts} AS parts FROM (SELECT ? AS text))"
    (said,) = con.execute(query, [text.strip(tables.BLANKS)]).fetchone() or (None,)
    return None if said is None else str(said)
