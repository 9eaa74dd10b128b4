"""An object of the plan → how its rows are sent: by which operation, in which columns, found again by which key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import keys
from include.bulkload.match import own_ids
from include.bulkload.steps import memory, org_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.bulkload.intake import mapping
    from include.bulkload.steps import journal, ports

ID = "Id"
ROW_KEY_DIGITS = 12


@dataclass(frozen=True, slots=True)
class How:
    """How an object's rows are sent: the jobs' operation and external id, the fields that go along, the key's column."""

    operation: str
    external_id: str | None
    fields: tuple[str, ...]
    key: entities.KeyColumn | None

    def columns(self, links: Sequence[str]) -> list[str]:
        """The columns of the CSV, in order."""
        return [*self.fields, *(each for each in links if each not in self.fields)]


def of(opened: journal.Opened, name: str) -> How:
    """Say how an object's rows are sent."""
    each = opened.plan.objects[name]
    fields = tuple(each.fields)
    if each.by_id:
        # By its Id a record can't be created, whatever happens between the question for Ids and the job.
        rest = [field for field in fields if field not in {each.external_id, ID}]
        operation = "update" if each.operation == "upsert" else each.operation
        return How(operation, None, (ID, *rest), entities.KeyColumn(ID, entities.KeyRule.RECORD_ID))
    if each.row_key_field:
        return How(each.operation, None, (*fields, each.row_key_field), key_column(opened, each, each.row_key_field))
    key = key_column(opened, each, each.external_id) if each.external_id else None
    return How(each.operation, each.external_id, fields, key)


def key_column(opened: journal.Opened, each: mapping.ObjectPlan, field: str) -> entities.KeyColumn:
    """The column by which an object's results find their rows, and its case rule (contract 2.1.2)."""
    return entities.KeyColumn(field, keys.rule(keys.described(opened.describes, each.sobject, field)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows ready to be cut: their query (row_id, key, parent_row, columns; in sending order), files of rows set aside, counts."""

    query: str
    asides: tuple[Path, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


def prepared(run: ports.Run, opened: journal.Opened, name: str, linked: str, columns: Sequence[str], *, replay: int = 0) -> Prepared:
    """Finish linked rows (a query): give them the Ids or row keys they are sent with, leave out what hasn't changed.

    `replay`: the number of the replay that sends them; 0: none.
    """
    each, how = opened.plan.objects[name], of(opened, name)
    asides: list[Path] = []
    if each.by_id and each.external_id != ID:
        linked, aside = _with_ids(run, opened, name, linked)
        asides.append(aside)
    if how.key and (each.by_id or each.row_key_field):
        linked = _with_key(linked, how.key, tag(run, name) if each.row_key_field else None)
    memory.look_ahead(run, opened, name, replay=replay)
    if not each.changed_only:
        return Prepared(linked, tuple(asides))
    whole, changed, same = (run.scratch / f"{name}-{part}.parquet" for part in ("whole", "changed", "same"))
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, linked, whole)
    notes = memory.unchanged(run, opened, name, whole, columns, same, changed, replay=replay)
    return Prepared(f"SELECT * FROM {tables.parquet(changed)}", (*asides, same), notes)


def _with_ids(run: ports.Run, opened: journal.Opened, name: str, linked: str) -> tuple[str, Path]:
    """Ask the org for the Ids of rows that are known by another key; set aside those it doesn't have."""
    each = opened.plan.objects[name]
    rows, wanted, found, out, aside = (run.scratch / f"{name}-{part}.parquet" for part in ("rows", "keys", "found", "own", "unknown"))
    key = key_column(opened, each, str(each.external_id))
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, linked, rows)
        text = tables.cell(key.name)
        tables.write_parquet(con, f"SELECT key, any_value({text}) AS text FROM {tables.parquet(rows)} GROUP BY key", wanted)
    org_keys.found(run, each.sobject, key.name, key.rule, wanted, found)
    with tables.connect(run.limits) as con:
        own_ids.given(con, rows, found, out, aside)
    return f"SELECT * FROM {tables.parquet(out)}", aside


def _with_key(linked: str, key: entities.KeyColumn, made_of: str | None) -> str:
    """Write the key that results will show: the record's Id, or one made of this text and the row's number."""
    column = tables.cell(key.name)
    text = f"concat({tables.literal(made_of)}, '-', row_id)" if made_of else column
    more = f", {text} AS {column}" if made_of else ""
    return f"SELECT * REPLACE ({tables.folded(text, key.rule)} AS key){more} FROM ({linked})"


def changed_links(run: ports.Run, opened: journal.Opened, name: str, linked: str, columns: Sequence[str], *, replay: int = 0) -> str:
    """The query of a second pass's rows whose links an earlier run didn't set alike."""
    if not opened.plan.objects[name].changed_only:
        return linked
    whole, changed = run.scratch / f"{name}-links-whole.parquet", run.scratch / f"{name}-links-changed.parquet"
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, linked, whole)
    memory.unchanged_links(run, opened, name, whole, columns, changed, replay=replay)
    return f"SELECT * FROM {tables.parquet(changed)}"


def tag(run: ports.Run, name: str) -> str:
    """Name this run's object in a few characters, for keys that we make: two objects may be of one sobject."""
    return hashlib.sha256(run.folder.uri(name).encode()).hexdigest()[:ROW_KEY_DIGITS]
