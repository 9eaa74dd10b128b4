"""A query → its records as Salesforce shows them (contract 7.5): rows read once, shaped when they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.local_org import rules, soql_sql, soql_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.local_org import schema, site

ALL = {"ALL", "STANDARD", "CUSTOM"}


@dataclass(frozen=True, slots=True)
class Column:
    """A selected value: where it stands in a record, and of which field it is."""

    way: tuple[str, ...]
    field: schema.Field | None


@dataclass(slots=True)
class Asked:
    """A query that is ready to be run: the statement, its values, and what its rows will mean."""

    sql: str
    values: list[Any]
    columns: list[Column]
    owners: dict[tuple[str, ...], tuple[int, str]]
    sobject: schema.SObject
    prefixes: dict[str, str]
    aggregate: bool = False
    counts_only: bool = False

    def run(self, of: site.Site) -> sqlite3.Cursor:
        """Run it; its rows are plain tuples."""
        cursor = of.store.reading().cursor()
        cursor.row_factory = None
        return cursor.execute(self.sql, self.values)

    def count(self, of: site.Site) -> int:
        """Run a COUNT()."""
        (found,) = self.run(of).fetchone()
        return int(found)

    def records(self, rows: Sequence[Sequence[Any]], version: str) -> list[dict[str, Any]]:
        """Show rows as records."""
        return [self._record(row, version) for row in rows]

    def _record(self, row: Sequence[Any], version: str) -> dict[str, Any]:
        if self.aggregate:
            kind: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
            return kind | {column.way[-1]: shown(column.field, value) for column, value in zip(self.columns, row, strict=False)}
        made: dict[str, Any] = {}
        for column, value in zip(self.columns, row, strict=False):
            place: dict[str, Any] | None = self._attributed(made, (), row, version)
            for depth, name in enumerate(column.way[:-1]):
                if place is not None:
                    place = self._within(place, name, column.way[: depth + 1], row, version)
            if place is not None:
                place[column.way[-1]] = shown(column.field, value)
        return made

    def _within(self, place: dict[str, Any], name: str, way: tuple[str, ...], row: Sequence[Any], version: str) -> dict[str, Any] | None:
        """The record of a parent within its child's, made when first needed; None where there is no parent."""
        if name not in place:
            place[name] = {} if row[self.owners[way][0]] is not None else None
            if place[name] is not None:
                self._attributed(place[name], way, row, version)
        found: dict[str, Any] | None = place[name]
        return found

    def _attributed(self, place: dict[str, Any], way: tuple[str, ...], row: Sequence[Any], version: str) -> dict[str, Any]:
        if "attributes" not in place:
            sf_id = row[self.owners[way][0]]
            kind = self.prefixes.get(str(sf_id)[:3], self.owners[way][1])
            place["attributes"] = {"type": kind, "url": f"/services/data/v{version}/sobjects/{kind}/{sf_id}"}
        return place


def asked(of: site.Site, text: str, *, deleted: bool = False, cells: bool = False) -> Asked:
    """Read a query. `deleted`: see soft-deleted records too; `cells`: values as in a CSV, no records. Raises Refused (400)."""
    query = soql_words.read(text)
    tables = soql_sql.joined(of.objects, query, of.clock().date(), deleted=deleted)
    items = [each for item in query.items for each in _expanded(item, tables.sobject)]
    prefixes = {each.key_prefix: each.name for each in of.objects.values()}
    if query.groups or any(item.aggregate for item in items):
        columns, reads = _aggregates(query, tables, items)
        counts_only = len(items) == 1 and items[0].aggregate == "COUNT" and not items[0].path and not query.groups
        sql = tables.select(reads, query)
        return Asked(sql, tables.values, columns, {}, tables.sobject, prefixes, aggregate=True, counts_only=counts_only)
    columns = [_column(tables, item.path) for item in items]
    targets = [tables.target(item.path) for item in items]
    if cells:
        sql = tables.select([_cell(target) for target in targets], query)
        return Asked(sql, tables.values, columns, {}, tables.sobject, prefixes)
    reads = [target.sql for target in targets]
    owners: dict[tuple[str, ...], tuple[int, str]] = {}
    for way in dict.fromkeys([(), *(column.way[:depth] for column in columns for depth in range(1, len(column.way)))]):
        owners[way] = (len(reads), tables.sobject.name)
        own_ids = [alias + '."Id"' for alias, _ in tables.tables(list(way))]
        reads.append(f"coalesce({', '.join(own_ids)}, NULL)")
    sql = tables.select(reads, query)
    return Asked(sql, tables.values, columns, owners, tables.sobject, prefixes)


def one(of: site.Site, text: str, version: str) -> dict[str, Any] | None:
    """The first record that a query finds. Raises Refused (400)."""
    given = asked(of, text)
    found = given.run(of).fetchone()
    return given.records([found], version)[0] if found else None


def _column(tables: soql_sql.Joined, path: str) -> Column:
    """Where a value stands in a record, in the org's own spelling."""
    target = tables.target(path)
    relations, _ = tables.way(path)
    spelled, sobject = [], tables.sobject
    for name in relations:
        via = tables.relation(sobject, name)
        assert via is not None  # noqa: S101 - `target` has walked it
        spelled.append(via.relationship_name or name)
        sobject = next(tables.objects[each.lower()] for each in via.reference_to if each.lower() in tables.objects)
    return Column((*spelled, target.field.name), target.field)


def _expanded(item: soql_words.Item, sobject: schema.SObject) -> list[soql_words.Item]:
    """FIELDS(ALL) and its like are all fields."""
    if item.aggregate != "FIELDS":
        return [item]
    kind = item.path.upper()
    if kind not in ALL:
        raise soql_words.malformed(f"unexpected token: '{item.path}'")
    wanted = [each.name for each in sobject.fields.values() if kind == "ALL" or (kind == "CUSTOM") == each.name.endswith("__c")]
    return [soql_words.Item(name) for name in wanted]


def _aggregates(query: soql_words.Query, tables: soql_sql.Joined, items: list[soql_words.Item]) -> tuple[list[Column], list[str]]:
    """The columns of a query with aggregates, and how each is read."""
    columns, reads, unnamed = [], [], 0
    for item in items:
        if item.aggregate:
            columns.append(
                Column((item.alias or f"expr{unnamed}",), tables.target(item.path).field if item.aggregate in {"MIN", "MAX"} else None)
            )
            unnamed += not item.alias
            reads.append(tables.aggregate(item))
            continue
        target = tables.target(item.path)
        if item.path.lower() not in {path.lower() for path in query.groups}:
            raise soql_words.malformed(f"Field must be grouped or aggregated: {item.path}")
        columns.append(Column((item.alias or target.field.name,), target.field))
        reads.append(target.sql)
    return columns, reads


def shown(field: schema.Field | None, value: Any) -> Any:
    """A stored value as JSON shows it."""
    if value is None or field is None:
        return value
    if field.type == "boolean":
        return bool(value)
    return value.replace("Z", "+0000") if field.type == "datetime" else value


def _cell(target: soql_sql.Target) -> str:
    """The SQL of a value as the CSV of a query job shows it: numbers as Java prints them [USER], null as nothing."""
    kind = target.field.type
    if kind == "boolean":
        return f"CASE {target.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if kind == "datetime":
        return f"replace({target.sql}, '+0000', 'Z')"
    return f"java_double({target.sql})" if rules.XSD.get(kind) == "xsd:double" else target.sql
