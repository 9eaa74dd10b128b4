"""A query's parts → SQL over the records: paths to parents joined, values compared as Salesforce compares them."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.local_org import answers, soql_dates, soql_parts, soql_values, soql_words

if TYPE_CHECKING:
    import datetime

    from include.local_org import schema

MOMENT = 23
# So far up a path leads, and so many parents a query has at the most [K].
MOST_LEVELS, MOST_RELATIONS = 5, 55
COLUMN = re.compile(r'\w+\."\w+"')


@dataclass(slots=True)
class Target:
    """A field that a path leads to: the SQL that reads it, and the field itself."""

    sql: str
    field: schema.Field


@dataclass(slots=True)
class Joined:
    """A query's tables: the object as `r`, one more per relationship that is walked, and values for `?`."""

    objects: dict[str, schema.SObject]
    sobject: schema.SObject
    today: datetime.date
    deleted: bool = False
    joins: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    _aliases: dict[str, list[tuple[str, schema.SObject]]] = field(default_factory=dict)

    def target(self, path: str) -> Target:
        """Find the field of a path. Raises Refused (INVALID_FIELD)."""
        relations, name = self.way(path)
        found = self.tables(relations)
        if name.lower() == "type" and relations and self._polymorphic(relations):
            return self._kind(relations)
        reads = [(read(alias, each), each) for alias, sobject in found if (each := sobject.field(name)) is not None]
        if not reads:
            raise _no_column(name, found[0][1])
        sql = reads[0][0] if len(reads) == 1 else f"coalesce({', '.join(read for read, _ in reads)})"
        return Target(sql, reads[0][1])

    def _polymorphic(self, relations: list[str]) -> bool:
        found = [self.relation(sobject, relations[-1]) for _, sobject in self.tables(relations[:-1])]
        return any(via is not None and len(via.reference_to) > 1 for via in found)

    def _kind(self, relations: list[str]) -> Target:
        """Which object a polymorphic lookup points at."""
        found = self.tables(relations)
        cases = " ".join(f"WHEN {alias}.\"Id\" IS NOT NULL THEN '{sobject.name}'" for alias, sobject in found)
        text = dataclasses.replace(found[0][1].fields["id"], name="Type", label="Object Type", type="string")
        return Target(f"CASE {cases} END", text)

    def way(self, path: str) -> tuple[list[str], str]:
        """The relationships of a path, and its field's name; the object's own name may stand before them."""
        *relations, name = path.split(".")
        own = relations and relations[0].lower() == self.sobject.name.lower() and self.relation(self.sobject, relations[0]) is None
        return relations[1:] if own else relations, name

    def tables(self, relations: list[str]) -> list[tuple[str, schema.SObject]]:
        """Join the tables that a way of relationships leads to: several for a polymorphic one."""
        known = [("r", self.sobject)]
        if len(relations) > MOST_LEVELS:
            raise soql_words.malformed(f"relationships to parents may not go further than {MOST_LEVELS} levels")
        for depth, relation in enumerate(relations):
            way = ".".join(relations[: depth + 1]).lower()
            if way not in self._aliases:
                self._aliases[way] = [joined for alias, sobject in known for joined in self._join(alias, sobject, relation)]
            known = self._aliases[way]
            if not known:
                raise answers.Refused(400, "INVALID_FIELD", f"Didn't understand relationship '{relation}' in field path.")
        return known

    @staticmethod
    def relation(sobject: schema.SObject, relation: str) -> schema.Field | None:
        """Find the lookup that a relationship is the name of."""
        return next((each for each in sobject.fields.values() if (each.relationship_name or "").lower() == relation.lower()), None)

    def _join(self, alias: str, sobject: schema.SObject, relation: str) -> list[tuple[str, schema.SObject]]:
        via = self.relation(sobject, relation)
        found = []
        for name in via.reference_to if via else ():
            parent = self.objects.get(name.lower())
            if via is None or parent is None:
                continue
            own = f"j{len(self.joins)}"
            if len(self.joins) >= MOST_RELATIONS:
                raise soql_words.malformed(f"a query may not have more than {MOST_RELATIONS} relationships to parents")
            self.joins.append(f'LEFT JOIN "{parent.name}" AS {own} ON {own}."Id" = {alias}."{via.name}"')
            found.append((own, parent))
        return found

    def valued(self, item: soql_parts.Item, *, grouped: bool = True) -> Target:
        """What an item reads; an aggregate where records are `grouped` only. Raises Refused."""
        if item.aggregate and not grouped:
            raise soql_words.malformed(f"Grouped field should not be aggregated: {item.path}")
        if item.aggregate:
            return self._aggregate(item)
        target = self.target(item.path)
        if item.function in soql_parts.DATES:
            kind = "date" if item.function == "DAY_ONLY" else "int"
            return Target(soql_dates.part(item.function, target.sql), _made(self.sobject, item, kind))
        return target

    def _aggregate(self, item: soql_parts.Item) -> Target:
        if item.function == "COUNT" and not item.path:
            return Target("count(*)", _made(self.sobject, item, "int"))
        target = self.target(item.path)
        if item.function in {"MIN", "MAX"}:
            return Target(f"{item.function.lower()}({target.sql})", target.field)
        if item.function in {"COUNT", "COUNT_DISTINCT"}:
            distinct = "DISTINCT " if item.function == "COUNT_DISTINCT" else ""
            return Target(f"count({distinct}{target.sql})", _made(self.sobject, item, "int"))
        return Target(f"{item.function.lower()}({target.sql})", _made(self.sobject, item, "double"))

    def condition(self, given: soql_parts.Condition, *, grouped: bool = False) -> str:
        """Write a condition; its values are added in the order of their `?`."""
        if given.kind in {"and", "or"}:
            return "(" + f" {given.kind.upper()} ".join(self.condition(part, grouped=grouped) for part in given.parts) + ")"
        if given.kind == "not":
            return f"NOT coalesce({self.condition(given.parts[0], grouped=grouped)}, 0)"
        target = self.valued(given.item, grouped=grouped)
        _may(target.field, "filterable", "filtered")
        if given.kind in {"in", "not in"}:
            return self._in(target, given)
        return self._compare(target, given.operator, given.values)

    def _in(self, target: Target, given: soql_parts.Condition) -> str:
        negated = "NOT " if given.kind == "not in" else ""
        if given.query is not None:
            inner = Joined(self.objects, _object(self.objects, given.query.sobject), self.today)
            sql = inner.select([inner.valued(given.query.items[0], grouped=False).sql], given.query)
            self.values += inner.values
            return f"{target.sql} {negated}IN (SELECT * FROM ({sql}) WHERE 1)"
        nulls = any(soql_values.is_null(value) for value in given.values)
        texts = [soql_values.value(target.field, value) for value in given.values if not soql_values.is_null(value)]
        self.values.append(json.dumps(texts))
        # One value for the whole list: lists of thousands are as quick as short ones.
        found = f"{self.folded(target)} {negated}IN (SELECT value FROM json_each(?))"
        if negated:
            return f"({target.sql} IS NOT NULL AND {found})" if nulls else f"({target.sql} IS NULL OR {found})"
        return f"({found} OR {target.sql} IS NULL)" if nulls else found

    def _compare(self, target: Target, operator: str, values: tuple[soql_words.Word, ...]) -> str:
        (value, *_) = values
        if operator in {"INCLUDES", "EXCLUDES"}:
            return self._includes(target, operator, values)
        if soql_values.is_null(value):
            if operator not in {"=", "!="}:
                raise soql_words.malformed("invalid operator on null")
            return f"{target.sql} IS {'NOT ' if operator == '!=' else ''}NULL"
        try:
            days = soql_dates.stretch(value.text, self.today) if value.kind == "name" else None
        except (OverflowError, ValueError) as wrong:
            raise soql_words.malformed(f"invalid date literal: {value.text}") from wrong
        if days is not None:
            return self._days(target, operator, days)
        if operator == "LIKE":
            self.values.append(soql_values.pattern(value))
            return f"folded({target.sql}) LIKE folded(?) ESCAPE '\\'"
        self.values.append(soql_values.value(target.field, value))
        compared = f"{self.folded(target)} {operator} ?"
        return f"({target.sql} IS NULL OR {compared})" if operator == "!=" else compared

    def _days(self, target: Target, operator: str, days: tuple[datetime.date, datetime.date]) -> str:
        """Compare with a stretch of days."""
        first, after = (each.isoformat() for each in days)
        within = f"({target.sql} >= ? AND {target.sql} < ?)"
        if operator in {"=", "!="}:
            self.values += [first, after]
            return within if operator == "=" else f"NOT coalesce({within}, 0)"
        self.values.append(first if operator in {"<", ">="} else after)
        return f"{target.sql} {'<' if operator in {'<', '<='} else '>='} ?"

    def _includes(self, target: Target, operator: str, values: tuple[soql_words.Word, ...]) -> str:
        parts = []
        for value in values:
            for each in soql_words.unescaped(value.text).split(";"):
                self.values.append(f"%;{each};%")
                parts.append(f"';' || {target.sql} || ';' LIKE ?")
        found = f"({' OR '.join(parts)})"
        return found if operator == "INCLUDES" else f"NOT coalesce({found}, 0)"

    def select(self, columns: list[str], query: soql_parts.Query) -> str:
        """Write the whole statement."""
        self.deleted = self.deleted or query.all_rows
        conditions = [] if self.deleted else ['r."IsDeleted" = 0']
        if query.where is not None:
            conditions.append(self.condition(query.where))
        groups = [self._group(item) for item in query.groups]
        having = f" HAVING {self.condition(query.having, grouped=True)}" if query.having is not None else ""
        order = [self._ordered(*each, grouped=query.aggregate) for each in query.order]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        tail = (f" GROUP BY {', '.join(groups)}" if groups else "") + having + (f" ORDER BY {', '.join(order)}" if order else "")
        if query.limit is not None or query.offset:
            tail += f" LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset}"
        return f'SELECT {", ".join(columns)} FROM "{self.sobject.name}" AS r {" ".join(self.joins)}{where}{tail}'

    def folded(self, target: Target) -> str:
        """The SQL of a field as it is compared; its folded key where it has one, because that is indexed."""
        each = target.field
        keyed = each.folds and (each.unique or each.external_id or each.id_lookup) and each.type not in soql_values.NUMBERS
        # Deleted records have no key any more, but they have the value.
        if keyed and not self.deleted and COLUMN.fullmatch(target.sql):
            return target.sql[:-1] + '~"'
        if each.type == "datetime":
            return f"substr({target.sql}, 1, {MOMENT})"
        return f"folded({target.sql})" if soql_values.folds(each) else target.sql

    def _group(self, item: soql_parts.Item) -> str:
        target = self.valued(item, grouped=False)
        if not item.function:
            _may(target.field, "groupable", "grouped")
        return target.sql

    def _ordered(self, item: soql_parts.Item, way: str, nulls: str, *, grouped: bool) -> str:
        target = self.valued(item, grouped=grouped)
        _may(target.field, "sortable", "sorted")
        return f"{target.sql if item.function else self.folded(target)} {way} NULLS {nulls}"


def _may(each: schema.Field, name: str, done: str) -> None:
    """Refuse a field that describe says isn't for this."""
    if not each.describe[name]:
        raise answers.Refused(400, "INVALID_FIELD", f"field '{each.name}' can not be {done} in a query call")


def _made(sobject: schema.SObject, item: soql_parts.Item, kind: str) -> schema.Field:
    """A field that stands for what a function gives."""
    return dataclasses.replace(sobject.fields["id"], name=item.function, label=item.function, type=kind)


def read(alias: str, each: schema.Field) -> str:
    """The SQL of a field's value: stored, or made of others'."""
    stored = f'{alias}."{each.name}"'
    if each.sql:
        made = re.sub(r"\{(\w+)\}", lambda found: f'{alias}."{found[1]}"', each.sql)
        # Where there is no record there is no value.
        return f'CASE WHEN {alias}."Id" IS NOT NULL THEN {made} END'
    return stored


def _object(objects: dict[str, schema.SObject], name: str) -> schema.SObject:
    found = objects.get(name.lower())
    if found is None:
        message = (
            f"\nSELECT Id FROM {name}\n               ^\nERROR at Row:1:Column:16\nsObject type '{name}' is not supported. If you are "
            "attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the "
            "describe call for the appropriate names."
        )
        raise answers.Refused(400, "INVALID_TYPE", message)
    return found


def joined(objects: dict[str, schema.SObject], query: soql_parts.Query, today: datetime.date, *, deleted: bool) -> Joined:
    """Begin with a query's object. Raises Refused (INVALID_TYPE)."""
    return Joined(objects, _object(objects, query.sobject), today, deleted)


def _no_column(name: str, sobject: schema.SObject) -> answers.Refused:
    message = (
        f"\nSELECT {name} FROM {sobject.name}\n       ^\nERROR at Row:1:Column:8\nNo such column '{name}' on entity '{sobject.name}'. "
        "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your "
        "WSDL or the describe call for the appropriate names."
    )
    return answers.Refused(400, "INVALID_FIELD", message)
