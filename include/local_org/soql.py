"""A query → its records as Salesforce shows them (contract 7.5): rows read once, shaped when they are sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from include.local_org import answers, describes, rules, soql_parts, soql_sql, soql_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.local_org import schema, site

ALL = {"ALL", "STANDARD", "CUSTOM"}
ID = soql_parts.Item("Id")


@dataclass(frozen=True, slots=True)
class Column:
    """A selected value: where it stands in a record, and of which field it is."""

    way: tuple[str, ...]
    field: schema.Field | None


@dataclass(frozen=True, slots=True)
class Below:
    """Records below the found ones: the relationship's name, the lookup that points up, and the query for all of them."""

    name: str
    lookup: str
    query: soql_parts.Query


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
    below: list[Below] = field(default_factory=list)
    deleted: bool = False

    def run(self, of: site.Site) -> sqlite3.Cursor:
        """Run it; its rows are plain tuples."""
        cursor = of.store.reading().cursor()
        cursor.row_factory = None
        return cursor.execute(self.sql, self.values)

    def count(self, of: site.Site) -> int:
        """Run a COUNT()."""
        (found,) = self.run(of).fetchone()
        return int(found)

    def records(self, of: site.Site, rows: Sequence[Sequence[Any]], version: str) -> list[dict[str, Any]]:
        """Show rows as records, with those below them: one more query per relationship."""
        found = [self._record(row, version) for row in rows]
        for below in self.below:
            at = self.owners[()][0]
            groups = self._grouped(of, below, [str(row[at]) for row in rows], version)
            for record, row in zip(found, rows, strict=True):
                inner = groups.get(str(row[at]), [])
                record[below.name] = {"totalSize": len(inner), "done": True, "records": inner} if inner else None
        return found

    def _grouped(self, of: site.Site, below: Below, sf_ids: list[str], version: str) -> dict[str, list[dict[str, Any]]]:
        """The records below some records, by the Id of the one above."""
        words = tuple(soql_words.Word("text", f"'{sf_id}'") for sf_id in sf_ids)
        here = soql_parts.Condition("in", item=soql_parts.Item(below.lookup), values=words)
        where = soql_parts.Condition("and", (here, below.query.where)) if below.query.where else here
        found: dict[str, list[Any]] = {}
        if words:
            given = _asked(of, replace(below.query, where=where, limit=None, offset=0), deleted=self.deleted, extra=below.lookup)
            for row in given.run(of):
                found.setdefault(row[-1], []).append(row)
            start, most = below.query.offset, below.query.limit
            end = None if most is None else start + most
            return {sf_id: given.records(of, rows[start:end], version) for sf_id, rows in found.items()}
        return {}

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
    return _asked(of, soql_parts.read(text), deleted=deleted, cells=cells)


def _asked(of: site.Site, query: soql_parts.Query, *, deleted: bool, cells: bool = False, extra: str = "") -> Asked:
    """Make a query ready. `extra`: a field that its rows have at their end."""
    tables = soql_sql.joined(of.objects, query, of.clock().date(), deleted=deleted)
    prefixes = {each.key_prefix: each.name for each in of.objects.values()}
    below = [_below(of, tables.sobject, item) for item in query.items if item.query is not None]
    items = [each for item in query.items if item.query is None for each in _expanded(item, tables.sobject)]
    if query.aggregate:
        columns, reads = _aggregates(query, tables, items)
        counts_only = len(items) == 1 and items[0].function == "COUNT" and not items[0].path and not query.groups
        sql = tables.select(reads, query)
        return Asked(sql, tables.values, columns, {}, tables.sobject, prefixes, aggregate=True, counts_only=counts_only)
    columns = [_column(tables, item) for item in items]
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
    reads += [tables.target(extra).sql] if extra else []
    sql = tables.select(reads, query)
    return Asked(sql, tables.values, columns, owners, tables.sobject, prefixes, below=below, deleted=deleted)


def _below(of: site.Site, sobject: schema.SObject, item: soql_parts.Item) -> Below:
    """A query inside SELECT: its FROM names a relationship to children. Raises Refused."""
    assert item.query is not None  # noqa: S101 - the caller has looked
    for child in of.objects.values():
        for lookup in child.fields.values():
            if sobject.name in lookup.reference_to and (describes.relationship(child, lookup) or "").lower() == item.path.lower():
                query = replace(item.query, sobject=child.name)
                found = Below(describes.relationship(child, lookup) or item.path, lookup.name, query)
                _asked(of, query, deleted=False, extra=lookup.name)
                return found
    said = f"Didn't understand relationship '{item.path}' in FROM part of query call."
    raise answers.Refused(400, "INVALID_TYPE", said)


def one(of: site.Site, text: str, version: str) -> dict[str, Any] | None:
    """The first record that a query finds. Raises Refused (400)."""
    given = asked(of, text)
    found = given.run(of).fetchone()
    return given.records(of, [found], version)[0] if found else None


def _column(tables: soql_sql.Joined, item: soql_parts.Item) -> Column:
    """Where a value stands in a record, in the org's own spelling. Raises Refused for one that only groups have."""
    if item.function:
        raise soql_words.malformed(f"Field must be grouped or aggregated: {item.path}")
    target = tables.target(item.path)
    relations, _ = tables.way(item.path)
    spelled, sobject = [], tables.sobject
    for name in relations:
        via = tables.relation(sobject, name)
        assert via is not None  # noqa: S101 - `target` has walked it
        spelled.append(via.relationship_name or name)
        sobject = next(tables.objects[each.lower()] for each in via.reference_to if each.lower() in tables.objects)
    return Column((*spelled, item.alias or target.field.name), target.field)


def _expanded(item: soql_parts.Item, sobject: schema.SObject) -> list[soql_parts.Item]:
    """FIELDS(ALL) and its like are all fields."""
    if item.function != "FIELDS":
        return [item]
    kind = item.path.upper()
    if kind not in ALL:
        raise soql_words.malformed(f"unexpected token: '{item.path}'")
    wanted = [each.name for each in sobject.fields.values() if kind == "ALL" or (kind == "CUSTOM") == each.name.endswith("__c")]
    return [soql_parts.Item(name) for name in wanted]


def _aggregates(query: soql_parts.Query, tables: soql_sql.Joined, items: list[soql_parts.Item]) -> tuple[list[Column], list[str]]:
    """The columns of a query with aggregates, and how each is read."""
    columns, reads, unnamed = [], [], 0
    for item in items:
        if not item.aggregate and not any(item.same(group) for group in query.groups):
            raise soql_words.malformed(f"Field must be grouped or aggregated: {item.path}")
        target = tables.valued(item)
        name = item.alias or (f"expr{unnamed}" if item.function else target.field.name)
        unnamed += bool(item.function) and not item.alias
        columns.append(Column((name,), target.field))
        reads.append(target.sql)
    return columns, reads


def shown(of_field: schema.Field | None, value: Any) -> Any:
    """A stored value as JSON shows it."""
    if value is None or of_field is None:
        return value
    if of_field.type == "boolean":
        return bool(value)
    return value.replace("Z", "+0000") if of_field.type == "datetime" else value


def _cell(target: soql_sql.Target) -> str:
    """The SQL of a value as the CSV of a query job shows it: numbers as Java prints them [USER], null as nothing."""
    kind = target.field.type
    if kind == "boolean":
        return f"CASE {target.sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if kind == "datetime":
        return f"replace({target.sql}, '+0000', 'Z')"
    return f"java_double({target.sql})" if rules.XSD.get(kind) == "xsd:double" else target.sql
