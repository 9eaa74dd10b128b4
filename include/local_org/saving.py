"""A chunk's values and the records they are about → rows inserted, updated, deleted; the last checks before (contract 4.4)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.local_org import deletes, locks, lookups, rules, store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.local_org import schema

UNLOCKED = frozenset({"User", "Group", "RecordType", "Organization"})


@dataclass(frozen=True, slots=True)
class Job:
    """What a save needs of its job: object, operation, upsert key, columns as uploaded, who and when.

    `planned`: errors of rows that are to be refused, by row.
    """

    sobject: schema.SObject
    objects: dict[str, schema.SObject]
    operation: str
    external_id: str | None
    columns: Sequence[str]
    user_id: str
    now: str
    planned: Mapping[int, str] = dataclasses.field(default_factory=dict)
    echo: str = "sent"
    locks: locks.Locks | None = None
    last_try: bool = True


class Writing:
    """The writing half of a chunk. `errors` (text by row) is shared with the reading half and added to."""

    def __init__(self, db: store.Store, found: lookups.Lookups, job: Job, values: dict[str, list[Any]], errors: dict[int, str]) -> None:
        self.db, self.lookups, self.con, self.job, self.values, self.errors = db, found, found.con, job, values, errors

    def saved(self, found: Sequence[str | None]) -> list[str]:
        """Save all rows that aren't refused; each row's Id ("" for refused ones). `found`: the record each row is about."""
        if self.job.operation in {"delete", "hardDelete"}:
            self._lock(found)
            return self._deleted(found)
        self._required(found)
        self._writable(found)
        self._references()
        self._lock(found)
        sf_ids = self._with_new_ids(found)
        keys = self._folded()
        self._unique(keys, sf_ids)
        self._insert([row for row in self._fine(found) if found[row] is None], sf_ids, keys)
        self._update([row for row in self._fine(found) if found[row] is not None], sf_ids, keys)
        return sf_ids

    def _fine(self, found: Sequence[str | None]) -> list[int]:
        return [row for row in range(len(found)) if row not in self.errors]

    def _lock(self, found: Sequence[str | None]) -> None:
        """Hold the records that are written and the parents they point at, or lose the chunk or, at last, its rows."""
        if self.job.locks is None:
            return
        touched = [
            (sf_id, row)
            for column in (found, *self._parents())
            for row, sf_id in enumerate(column)
            if isinstance(sf_id, str) and row not in self.errors
        ]
        lost = self.job.locks.take(self, {sf_id for sf_id, _ in touched})
        if lost and not self.job.last_try:
            raise locks.Contended
        said = f"unable to obtain exclusive access to this record or {len(lost)} records: {','.join(sorted(lost))}"
        self.errors |= {row: f"UNABLE_TO_LOCK_ROW:{said}:--" for sf_id, row in touched if sf_id in lost}

    def _parents(self) -> list[list[Any]]:
        """The columns of lookups that lock their parents; owners and record types aren't locked."""
        found = []
        for name, column in self.values.items():
            field = self.job.sobject.field(name)
            if field is not None and field.type == "reference" and not set(field.reference_to) <= UNLOCKED:
                found.append(column)
        return found

    def _deleted(self, found: Sequence[str | None]) -> list[str]:
        kept = deletes.kept(self.con, self.job.objects, self.job.sobject, [str(found[row]) for row in self._fine(found)])
        for row in self._fine(found):
            if found[row] in kept:
                self.errors[row] = kept[str(found[row])]
        gone = [str(found[row]) for row in self._fine(found)]
        deletes.records(self.con, self.job.objects, self.job.sobject, gone, self.job.now, hard=self.job.operation == "hardDelete")
        return [sf_id or "" for sf_id in found]

    def _required(self, found: Sequence[str | None]) -> None:
        """Refuse new rows without a required value, and changed ones that would empty it."""
        missing: dict[int, list[str]] = {}
        for field in self.job.sobject.fields.values():
            if field.nillable or field.name == "Id":
                continue
            given = self.values.get(field.name)
            needed = field.createable and not field.defaulted_on_create
            if (not needed) if given is None else {*map(type, given)} <= {str}:
                continue
            for row, sf_id in enumerate(found):
                value = given[row] if given else rules.NOTHING
                if value is None if sf_id else (needed and (value is None or value is rules.NOTHING)):
                    missing.setdefault(row, []).append(field.name)
        for row, names in missing.items():
            shown = names if found[row] is None else names[:1]
            self.errors.setdefault(row, f"REQUIRED_FIELD_MISSING:Required fields are missing: [{', '.join(shown)}]:{','.join(shown)} --")

    def _writable(self, found: Sequence[str | None]) -> None:
        """Refuse rows with a value for a field that may not be written."""
        for name, column in self.values.items():
            field = self.job.sobject.field(name)
            if field is None or name == "Id" or (field.createable and field.updateable):
                continue
            message = (
                f"Unable to create/update fields: {name}. Please check the security settings of this field "
                "and verify that it is read/write for your profile or permission set."
            )
            for row, value in enumerate(column):
                if value is not rules.NOTHING and not (field.updateable if found[row] else field.createable):
                    self.errors.setdefault(row, f"INVALID_FIELD_FOR_INSERT_UPDATE:{message}:{name} --")

    def _references(self) -> None:
        """Refuse rows whose lookup holds the Id of another object, or of no record."""
        for name, column in self.values.items():
            field = self.job.sobject.field(name)
            if field is None or field.type != "reference":
                continue
            given = {value for value in column if value is not None and value is not rules.NOTHING}
            known, fitting = self._targets(field, given)
            if given <= known:
                continue
            for row, value in enumerate(column):
                if value not in given or value in known:
                    continue
                said = (
                    "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"
                    if value[:3] in fitting
                    else f"FIELD_INTEGRITY_EXCEPTION:{field.label}: id value of incorrect type: {value}:{field.name} --"
                )
                self.errors.setdefault(row, said)

    def _targets(self, field: schema.Field, given: set[str]) -> tuple[set[str], set[str]]:
        """The given Ids that are records a lookup may hold, and the prefixes of those objects."""
        targets = [self.job.objects[name.lower()] for name in field.reference_to if name.lower() in self.job.objects]
        known: set[str] = set()
        for target in targets:
            known |= self.lookups.known(target, [sf_id for sf_id in given if sf_id[:3] == target.key_prefix])
        return known, {target.key_prefix for target in targets}

    def _with_new_ids(self, found: Sequence[str | None]) -> list[str]:
        """Give new rows their Ids; refused ones use none up."""
        new = [row for row in self._fine(found) if found[row] is None]
        sf_ids = [sf_id or "" for sf_id in found]
        if new:
            for row, sf_id in zip(new, self.db.new_ids(self.con, self.job.sobject.key_prefix, len(new)), strict=True):
                sf_ids[row] = sf_id
        return sf_ids

    def _folded(self) -> dict[str, list[Any]]:
        """The folded keys of all key fields that are written; by field."""
        keys = {}
        for name, column in self.values.items():
            field = self.job.sobject.field(name)
            if field is not None and name != "Id" and (field.unique or field.external_id or field.id_lookup):
                keys[name] = store.all_folded(field, column)
        return keys

    def _unique(self, keys: dict[str, list[Any]], sf_ids: Sequence[str]) -> None:
        """Refuse rows whose unique value another record has, in the org or before them in the chunk."""
        for name, column in keys.items():
            field = self.job.sobject.field(name)
            if field is None or not field.unique:
                continue
            given = [key for key in column if key is not None and key is not rules.NOTHING]
            owners, taken = self.lookups.by_key(self.job.sobject, field, given), dict[str, str]()
            rows: Iterable[int] = range(len(column))
            if len(set(given)) == len(given):
                # Only records of the org can stand in the way; mostly it is the row's own that has the key.
                rows = [row for row in rows if column[row] in owners and owners[column[row]] != [sf_ids[row]]]
            for row in rows:
                key = column[row]
                if row in self.errors or key is None or key is rules.NOTHING:
                    continue
                sf_id = sf_ids[row]
                other = next((each for each in owners.get(key, ()) if each != sf_id), "") or taken.setdefault(key, sf_id)
                if other != sf_id:
                    said = f"duplicate value found: {name} duplicates value on record with id: {other}"
                    self.errors[row] = f"DUPLICATE_VALUE:{said}:--"

    def _touched(self) -> dict[str, Any]:
        return {"LastModifiedDate": self.job.now, "LastModifiedById": self.job.user_id, "SystemModstamp": self.job.now}

    def _written(self, keys: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Columns of the table by name, values by row."""
        own = {name: column for name, column in self.values.items() if name != "Id"}
        return own | {f"{name}~": column for name, column in keys.items()}

    def _defaults(self) -> dict[str, Any]:
        owner = {"OwnerId": self.job.user_id} if self.job.sobject.field("OwnerId") else {}
        return self.job.sobject.defaults() | owner

    def _numbered(self, rows: int, new: int) -> dict[str, list[Any]]:
        """Numbers that the org counts up itself, of eight digits; by column."""
        found: dict[str, list[Any]] = {}
        for field in self.job.sobject.fields.values():
            if field.describe["autoNumber"]:
                last = self.db.counted(self.con, f"{self.job.sobject.name}.{field.name}", rows if new else 0)
                found[field.name] = [f"{last - rows + row + 1:08d}" for row in range(rows)]
                if field.unique or field.external_id or field.id_lookup:
                    found[f"{field.name}~"] = found[field.name]
        return found

    def _insert(self, new: Sequence[int], sf_ids: Sequence[str], keys: dict[str, list[Any]]) -> None:
        if not new:
            return
        job = self.job
        same = {"IsDeleted": 0, "CreatedDate": job.now, "CreatedById": job.user_id, **self._touched()}
        defaults = self._defaults()
        columns = {
            name: _given(column, new, defaults.get(name))
            for name, column in (self._written(keys) | self._numbered(len(sf_ids), len(new))).items()
            if name not in same
        }
        same = {name: value for name, value in (defaults | same).items() if name not in columns}
        cells = list(zip([sf_ids[row] for row in new], *columns.values(), strict=True))
        store.insert(self.con, job.sobject.name, same, ("Id", *columns), cells)

    def _update(self, known: Sequence[int], sf_ids: Sequence[str], keys: dict[str, list[Any]]) -> None:
        """Change what is given; rows with the same fields given go together."""
        columns = self._written(keys)
        by = self.job.sobject.field(self.job.external_id or "")
        if by is not None:
            # They were found by it, so it is as it was; its index has nothing to do.
            columns.pop(f"{by.name}~", None)
        touched = self._touched()
        for names, members in self._alike(columns, known).items():
            sets = ", ".join(f'"{name}" = ?' for name in (*names, *touched))
            same = [[value] * len(members) for value in touched.values()]
            written = [_given(columns[name], members, None) for name in names]
            rows = zip(*written, *same, [sf_ids[row] for row in members], strict=True)
            self.con.executemany(f'UPDATE "{self.job.sobject.name}" SET {sets} WHERE "Id" = ?', rows)

    @staticmethod
    def _alike(columns: dict[str, list[Any]], known: Sequence[int]) -> Mapping[tuple[str, ...], Sequence[int]]:
        """Rows by the columns that they are given."""
        patchy = {name for name, column in columns.items() if rules.some_blank(column)}
        if not patchy:
            return {tuple(columns): known} if known else {}
        alike: dict[tuple[str, ...], list[int]] = {}
        for row in known:
            names = tuple(name for name, column in columns.items() if name not in patchy or column[row] is not rules.NOTHING)
            alike.setdefault(names, []).append(row)
        return alike


def _given(column: Sequence[Any], rows: Sequence[int], default: Any) -> Sequence[Any]:
    """The values of some rows; the default where nothing is given."""
    if len(rows) == len(column) and not rules.some_blank(column):
        return column
    return [default if column[row] is rules.NOTHING else column[row] for row in rows]
