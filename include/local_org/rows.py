"""Up to 200 rows of an upload → one transaction: each row saved, or refused with Salesforce's own words (contract 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.local_org import ids, rules, store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.local_org import schema

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Job:
    """What a save needs of its job: object, operation, upsert key, columns as uploaded, who and when."""

    sobject: schema.SObject
    objects: dict[str, schema.SObject]
    operation: str
    external_id: str | None
    columns: Sequence[str]
    user_id: str
    now: str
    row_faults: Sequence[dict[str, Any]] = ()
    echo: str = "sent"


@dataclass(slots=True)
class Outcome:
    """What became of a row: its id and whether it was created, or its error; and its cells as results echo them."""

    cells: list[str]
    sf_id: str = ""
    created: bool = False
    error: str = ""


def save(db: store.Store, con: sqlite3.Connection, job: Job, chunk: Sequence[list[str]]) -> list[Outcome]:
    """Save one chunk inside the caller's transaction; partial success, one outcome per row in order."""
    return _Chunk(db, con, job).save(chunk)


class _Chunk:
    def __init__(self, db: store.Store, con: sqlite3.Connection, job: Job) -> None:
        self.db, self.con, self.job = db, con, job
        self.fields = [job.sobject.field(name) for name in job.columns]
        self.places = {name.lower(): place for place, name in enumerate(job.columns)}

    def save(self, chunk: Sequence[list[str]]) -> list[Outcome]:
        outcomes = [Outcome(list(row)) for row in chunk]
        twice = self._keys_that_come_twice(chunk)
        for outcome, row in zip(outcomes, chunk, strict=True):
            try:
                self._row(outcome, row, twice)
            except rules.Wrong as wrong:
                outcome.error = str(wrong)
        return outcomes

    def _key_name(self) -> str | None:
        """The column that names the record: the upsert key, or Id."""
        if self.job.operation == "insert":
            return None
        return self.job.external_id if self.job.operation == "upsert" else "Id"

    def _key(self, row: Sequence[str]) -> str | None:
        """The key of a row as it is compared; None if blank or absent."""
        name = self._key_name()
        place = self.places.get(name.lower()) if name else None
        field = self.job.sobject.field(name) if name else None
        if place is None or field is None or place >= len(row):
            return None
        bare = row[place].strip(rules.BLANKS)
        if field.name == "Id":
            return (ids.read(bare) or bare) if bare else None
        return store.folded(field, bare) if bare and bare != rules.NULL else None

    def _keys_that_come_twice(self, chunk: Sequence[list[str]]) -> set[str]:
        seen: set[str] = set()
        twice: set[str] = set()
        for row in chunk:
            key = self._key(row)
            if key is not None:
                (twice if key in seen else seen).add(key)
        return twice

    def _row(self, outcome: Outcome, row: list[str], twice: set[str]) -> None:
        if len(row) != len(self.job.columns):
            outcome.cells = (row + [""] * len(self.job.columns))[: len(self.job.columns)]
            raise rules.Wrong(f"INVALID_FIELD:the row has {len(row)} cells, the header {len(self.job.columns)}:--")
        self._planned_fault(row)
        values = self._values(row)
        known = self._known(row, twice)
        if self.job.operation in {"delete", "hardDelete"}:
            self.con.execute(f'DELETE FROM "{self.job.sobject.name}" WHERE "Id" = ?', [known])
        elif known is not None:
            self._update(known, values)
        outcome.created = known is None
        outcome.sf_id = known or self._insert(values)
        outcome.cells = [
            rules.echoed(field, cell, values.get(field.name, rules.NOTHING) if field else rules.NOTHING, self.job.echo)
            for field, cell in zip(self.fields, row, strict=True)
        ]

    def _planned_fault(self, row: Sequence[str]) -> None:
        """Refuse a row that the fault list names."""
        for rule in self.job.row_faults:
            place = self.places.get(rule["field"].lower())
            if rule["object"].lower() == self.job.sobject.name.lower() and place is not None and row[place].strip() == rule["value"]:
                raise rules.Wrong(rule["error"])

    def _values(self, row: Sequence[str]) -> dict[str, Any]:
        """Read the cells; blank ones are left out."""
        found = {}
        for place, (field, cell) in enumerate(zip(self.fields, row, strict=True)):
            if field is None:
                name, value = self._related(self.job.columns[place], cell)
            else:
                name, value = field.name, rules.stored(field, cell, place)
            if value is not rules.NOTHING:
                found[name] = value
        return found

    def _related(self, column: str, cell: str) -> tuple[str, Any]:
        """Resolve a relationship column against committed records (contract 4.2)."""
        relation, _, key = column.partition(".")
        (field,) = [each for each in self.job.sobject.fields.values() if (each.relationship_name or "").lower() == relation.lower()]
        bare = cell.strip(rules.BLANKS)
        if not bare:
            return field.name, rules.NOTHING
        if bare == rules.NULL:
            return field.name, None
        parent = self.job.objects[field.reference_to[0].lower()]
        key_field = parent.field(key)
        found = self._by_key(parent, key_field, store.folded(key_field, bare)) if key_field else []
        if len(found) != 1:
            raise rules.Wrong(f"INVALID_FIELD:Foreign key external ID: {bare.lower()} not found for field {key} in entity {parent.name}:--")
        return field.name, found[0]

    def _by_key(self, sobject: schema.SObject, field: schema.Field, key: str | None) -> list[str]:
        column = "Id" if field.name == "Id" else f"{field.name}~"
        return [row[0] for row in self.con.execute(f'SELECT "Id" FROM "{sobject.name}" WHERE "{column}" = ?', [key])]

    def _known(self, row: Sequence[str], twice: set[str]) -> str | None:
        """Find the record that a row is about; None for a new one. Raises Wrong."""
        name = self._key_name()
        if name is None:
            if self._id_cell(row):
                raise rules.Wrong("INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an insert call:Id --")
            return None
        key, upsert = self._key(row), self.job.operation == "upsert"
        if key is None:
            if upsert and name.lower() == "id":
                return None
            raise rules.Wrong(
                f"MISSING_ARGUMENT:{name} not specified:--"
                if upsert
                else f"MISSING_ARGUMENT:Id not specified in an {self.job.operation} call:--"
            )
        if key in twice:
            cell = row[self.places[name.lower()]].strip(rules.BLANKS)
            raise rules.Wrong(f"DUPLICATE_VALUE:Duplicate {'external id' if upsert else 'id'} specified: {cell}:{name} --")
        return self._found(name, key, upsert=upsert and name.lower() != "id")

    def _id_cell(self, row: Sequence[str]) -> str:
        place = self.places.get("id")
        return row[place].strip() if place is not None else ""

    def _found(self, name: str, key: str, *, upsert: bool) -> str | None:
        field = self.job.sobject.field(name)
        found = self._by_key(self.job.sobject, field, key) if field else []
        if len(found) > 1 and field:
            message = f"{field.label}: more than one record found for external id field: [{', '.join(found)}]"
            raise rules.Wrong(f"DUPLICATE_EXTERNAL_ID:{message}:{field.name} --")
        if not found and not upsert:
            if ids.read(key) is None:
                raise rules.Wrong(f"MALFORMED_ID:{self.job.sobject.label} ID: id value of incorrect type: {key}:Id --")
            raise rules.Wrong("ENTITY_IS_DELETED:entity is deleted:--")
        return found[0] if found else None

    def _insert(self, values: dict[str, Any]) -> str:
        required = [
            field.name
            for field in self.job.sobject.fields.values()
            if field.createable and not field.nillable and not field.defaulted_on_create and values.get(field.name) is None
        ]
        if required:
            raise rules.Wrong(f"REQUIRED_FIELD_MISSING:Required fields are missing: [{', '.join(required)}]:{','.join(required)} --")
        self._writable(values, "createable")
        (sf_id,) = self.db.new_ids(self.con, self.job.sobject.key_prefix, 1)
        now, user = self.job.now, self.job.user_id
        system = {"Id": sf_id, "IsDeleted": 0, "CreatedDate": now, "CreatedById": user}
        defaults = {"OwnerId": user} if self.job.sobject.field("OwnerId") else {}
        self._write(sf_id, {**defaults, **values, **system, **self._touched()}, new=True)
        return sf_id

    def _update(self, sf_id: str, values: dict[str, Any]) -> None:
        changed = {name: value for name, value in values.items() if name != "Id"}
        for name, value in changed.items():
            field = self.job.sobject.field(name)
            if value is None and field and not field.nillable:
                raise rules.Wrong(f"REQUIRED_FIELD_MISSING:Required fields are missing: [{name}]:{name} --")
        self._writable(changed, "updateable")
        self._write(sf_id, {**changed, **self._touched()}, new=False)

    def _touched(self) -> dict[str, Any]:
        return {"LastModifiedDate": self.job.now, "LastModifiedById": self.job.user_id, "SystemModstamp": self.job.now}

    def _writable(self, values: dict[str, Any], right: str) -> None:
        for name in values:
            field = self.job.sobject.field(name)
            if field and field.name != "Id" and not getattr(field, right):
                message = (
                    f"Unable to create/update fields: {name}. Please check the security settings of this field "
                    "and verify that it is read/write for your profile or permission set."
                )
                raise rules.Wrong(f"INVALID_FIELD_FOR_INSERT_UPDATE:{message}:{name} --")

    def _write(self, sf_id: str, values: dict[str, Any], *, new: bool) -> None:
        """Write a record with its folded keys, after its references and unique values were looked at."""
        columns = dict(values)
        for name, value in values.items():
            field = self.job.sobject.field(name)
            if field is None:
                continue
            if field.type == "reference" and value is not None:
                self._reference(field, value)
            if name != "Id" and (field.unique or field.external_id or field.id_lookup):
                key = columns[f"{name}~"] = store.folded(field, value)
                self._unique(field, key, sf_id)
        names = ", ".join(f'"{name}"' for name in columns)
        if new:
            marks = ", ".join("?" * len(columns))
            self.con.execute(f'INSERT INTO "{self.job.sobject.name}" ({names}) VALUES ({marks})', list(columns.values()))
        else:
            sets = ", ".join(f'"{name}" = ?' for name in columns)
            self.con.execute(f'UPDATE "{self.job.sobject.name}" SET {sets} WHERE "Id" = ?', [*columns.values(), sf_id])

    def _reference(self, field: schema.Field, value: str) -> None:
        targets = [self.job.objects[name.lower()] for name in field.reference_to if name.lower() in self.job.objects]
        fitting = [target for target in targets if target.key_prefix == value[:3]]
        if not fitting:
            raise rules.Wrong(f"FIELD_INTEGRITY_EXCEPTION:{field.label}: id value of incorrect type: {value}:{field.name} --")
        if not self.con.execute(f'SELECT 1 FROM "{fitting[0].name}" WHERE "Id" = ?', [value]).fetchone():
            raise rules.Wrong("INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--")

    def _unique(self, field: schema.Field, key: str | None, sf_id: str) -> None:
        if not field.unique or key is None:
            return
        other = [found for found in self._by_key(self.job.sobject, field, key) if found != sf_id]
        if other:
            raise rules.Wrong(f"DUPLICATE_VALUE:duplicate value found: {field.name} duplicates value on record with id: {other[0]}:--")
