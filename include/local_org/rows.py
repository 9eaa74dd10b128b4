"""Up to 200 rows of an upload → one transaction: each row saved, or refused with Salesforce's own words (contract 8).

Column by column: what is wrong with single rows is kept beside them, so that a chunk of fine rows costs a few
queries and no loop over its cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.local_org import cells, ids, lookups, rules, saving, store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.local_org import schema

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: its id and whether it was created, or its error."""

    sf_id: str = ""
    created: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a chunk's rows, in their order; `errors` by row, texts of the others' cells by column as results echo them."""

    sf_ids: Sequence[str]
    created: Sequence[bool]
    errors: dict[int, str]
    sent: Sequence[list[str]]
    echoes: Sequence[Sequence[str]]

    def one(self) -> Outcome:
        """The outcome of a chunk of one row."""
        error = self.errors.get(0, "")
        return Outcome(error=error) if error else Outcome(self.sf_ids[0], self.created[0])

    def told(self) -> list[Sequence[str]]:
        """The cells of all rows' results, Salesforce's own columns first (contract 3.1)."""
        words = ["true" if each else "false" for each in self.created]
        rows: list[Sequence[str]] = list(zip(self.sf_ids, words, *self.echoes, strict=True))
        for row, error in self.errors.items():
            rows[row] = ["", error, *self.sent[row]]
        return rows


def save(db: store.Store, con: sqlite3.Connection, job: saving.Job, chunk: Sequence[list[str]]) -> Outcomes:
    """Save one chunk inside the caller's transaction; partial success.

    Raises locks.Contended if another chunk of the round holds a record that it needs, unless it is its last try.
    """
    return _Chunk(db, con, job, chunk).save()


class _Chunk:
    def __init__(self, db: store.Store, con: sqlite3.Connection, job: saving.Job, chunk: Sequence[list[str]]) -> None:
        self.db, self.job = db, job
        self.lookups = lookups.Lookups(con)
        self.fields = [job.sobject.field(name) for name in job.columns]
        self.places = {name.lower(): place for place, name in enumerate(job.columns)}
        self.errors: dict[int, str] = {}
        self.rows = self._rectangular(chunk)
        self.columns = list(zip(*self.rows, strict=True)) if job.columns else []

    def save(self) -> Outcomes:
        """Read, find, write; then tell what became of each row."""
        self.errors.update(self.job.planned)
        values = self._values()
        found = self._records()
        writing = saving.Writing(self.db, self.lookups, self.job, values, self.errors)
        sf_ids = writing.saved(found)
        return Outcomes(sf_ids, [each is None for each in found], self.errors, self.rows, self._echoes(values))

    def _rectangular(self, chunk: Sequence[list[str]]) -> Sequence[list[str]]:
        """Cut or fill rows that haven't as many cells as the header, and refuse them."""
        wanted = len(self.job.columns)
        if {*map(len, chunk)} <= {wanted}:
            return chunk
        for number, row in enumerate(chunk):
            if len(row) != wanted:
                more = "more" if len(row) > wanted else "fewer"
                self.errors[number] = f"INVALID_FIELD:the row has {more} cells than the header, {wanted}:--"
        return [(row + [""] * wanted)[:wanted] for row in chunk]

    def _values(self) -> dict[str, list[Any]]:
        """Read all columns; by field."""
        values: dict[str, list[Any]] = {}
        for place, (field, column) in enumerate(zip(self.fields, self.columns, strict=True)):
            if field is not None and field.name == "Id":
                # It names the record, `_records` looks at it.
                values["Id"] = list(column)
                continue
            known = (field.name, cells.read(field, column, place)) if field else self._related(self.job.columns[place], column)
            name, (read, wrong) = known
            if name in values:
                # One lookup, a column for each kind of parent: a blank cell takes nothing away.
                read = [old if new is rules.NOTHING else new for old, new in zip(values[name], read, strict=True)]
            values[name] = read
            for row, error in wrong.items():
                self.errors.setdefault(row, error)
        return values

    def _related(self, column: str, texts: Sequence[str]) -> tuple[str, cells.Read]:
        """Resolve a relationship column against committed records (contract 4.2)."""
        relation, _, key = column.partition(".")
        kind, _, relation = relation.rpartition(":")
        (field,) = [each for each in self.job.sobject.fields.values() if (each.relationship_name or "").lower() == relation.lower()]
        parent = self.job.objects[(kind or field.reference_to[0]).lower()]
        key_field = parent.field(key)
        bare = [text.strip(rules.BLANKS) for text in texts]
        keys = store.all_folded(key_field, bare) if key_field else [None] * len(bare)
        found = self.lookups.by_key(parent, key_field, keys) if key_field else {}
        values: list[Any] = []
        errors: dict[int, str] = {}
        for row, text in enumerate(bare):
            parents = found.get(keys[row] or "", [])
            if not text or text == rules.NULL:
                values.append(None if text else rules.NOTHING)
                continue
            values.append(parents[0] if len(parents) == 1 else rules.NOTHING)
            if len(parents) > 1:
                errors[row] = f"INVALID_FIELD:More than one record found for external id field: [{', '.join(parents)}]:--"
            elif not parents:
                errors[row] = f"INVALID_FIELD:Foreign key external ID: {text.lower()} not found for field {key} in entity {parent.name}:--"
        return field.name, (values, errors)

    def _records(self) -> list[str | None]:
        """Find the record that each row is about; None for a new one, and for a refused row."""
        if self.job.operation == "insert":
            for row, cell in enumerate(self.columns[self.places["id"]] if "id" in self.places else ()):
                if cell.strip():
                    self.errors.setdefault(row, "INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an insert call:Id --")
            return [None] * len(self.rows)
        name = (self.job.external_id or "") if self.job.operation == "upsert" else "Id"
        keys = self._keys(name)
        self._without_key(name, keys)
        self._twice(name, keys)
        return self._found(name, keys)

    def _keys(self, name: str) -> list[str | None]:
        """The rows' keys as they are compared; None if blank or absent."""
        place, field = self.places.get(name.lower()), self.job.sobject.field(name)
        if place is None or field is None:
            return [None] * len(self.rows)
        bare = [cell.strip(rules.BLANKS) for cell in self.columns[place]]
        if field.name == "Id":
            return [(ids.read(text) or text) if text else None for text in bare]
        return [key if text and text != rules.NULL else None for text, key in zip(bare, store.all_folded(field, bare), strict=True)]

    def _without_key(self, name: str, keys: Sequence[str | None]) -> None:
        upsert = self.job.operation == "upsert"
        if None not in keys or (upsert and name.lower() == "id"):
            return
        text = (
            f"{name} not specified"
            if upsert
            else f"Id not specified in {'an' if self.job.operation == 'update' else 'a'} {self.job.operation} call"
        )
        for row, key in enumerate(keys):
            if key is None:
                self.errors.setdefault(row, f"MISSING_ARGUMENT:{text}:--")

    def _twice(self, name: str, keys: Sequence[str | None]) -> None:
        """Refuse all rows of a key that comes twice in the chunk, whatever else is wrong with them."""
        given = [key for key in keys if key is not None]
        if len(set(given)) == len(given):
            return
        what = "external id" if self.job.operation == "upsert" else "id"
        for row, key in enumerate(keys):
            if key is not None and given.count(key) > 1:
                cell = self.rows[row][self.places[name.lower()]].strip(rules.BLANKS)
                self.errors.setdefault(row, f"DUPLICATE_VALUE:Duplicate {what} specified: {cell}:{name} --")

    def _found(self, name: str, keys: Sequence[str | None]) -> list[str | None]:
        """Look the keys up; a key of several records, and an Id of none, refuse their rows."""
        field = self.job.sobject.field(name)
        found = self.lookups.by_key(self.job.sobject, field, keys) if field else {}
        records = [known[0] if (known := found.get(key or "")) else None for key in keys]
        if field and any(len(known) > 1 for known in found.values()):
            self._several(field, keys, found)
        if self.job.operation != "upsert" or name.lower() == "id":
            for row, key in enumerate(keys):
                if key is not None and records[row] is None:
                    self.errors.setdefault(row, self._no_record(key))
        return records

    def _several(self, field: schema.Field, keys: Sequence[str | None], found: dict[str, list[str]]) -> None:
        for row, key in enumerate(keys):
            known = found.get(key or "", [])
            if len(known) > 1:
                message = f"{field.label}: more than one record found for external id field: [{', '.join(known)}]"
                self.errors.setdefault(row, f"DUPLICATE_EXTERNAL_ID:{message}:{field.name} --")

    def _no_record(self, key: str) -> str:
        if ids.read(key) is None:
            label = "Record" if self.job.sobject.name.endswith("__c") else self.job.sobject.label
            return f"MALFORMED_ID:{label} ID: id value of incorrect type: {key}:Id --"
        return "ENTITY_IS_DELETED:entity is deleted:--"

    def _echoes(self, values: dict[str, list[Any]]) -> list[Sequence[str]]:
        """All columns as results show them."""
        return [
            cells.echoed(field, column, values[field.name] if field else (), self.job.echo)
            for field, column in zip(self.fields, self.columns, strict=True)
        ]
