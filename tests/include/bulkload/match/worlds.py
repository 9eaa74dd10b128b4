"""Made-up objects whose rows name each other → what the journey makes of them, wave by wave, as the steps load them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import layers
from include.bulkload.load import fates
from include.bulkload.match import causes, id_map, link, ways

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

OWN = {"row_id": "BIGINT", "parent_row": "BIGINT", "nth": "INTEGER", "merged_into": "BIGINT", "filtered": "BOOLEAN"}


@dataclass(frozen=True)
class Row:
    """A row: its key, the row it stands in, the cell of each link, why it isn't sent, and its fate if it is."""

    key: str
    stands_in: int | None = None
    cells: tuple[str | None, ...] = ()
    reason: str | None = None
    merged_into: int | None = None
    filtered: bool = False
    fate: str = "succeeded"

    @property
    def fine(self) -> bool:
        """Whether it may be sent."""
        return self.reason is None and self.merged_into is None and not self.filtered


@dataclass(frozen=True)
class Link:
    """One link or alternative: the lookup, the parents' object, or what is in the org; neither: by Id.

    `org`: key → Id (None: two records have it, "": it was asked for and isn't there).
    """

    field: str
    parent: str = ""
    nested: bool = False
    org: dict[str, str | None] | None = None
    missing: str = "quarantine"
    required: bool = False
    carries_key: bool = False


@dataclass(frozen=True)
class Thing:
    """An object: name, links, rows."""

    name: str
    links: tuple[Link, ...]
    rows: tuple[Row, ...]


@dataclass
class Loaded:
    """What became of an object: files, waves, rows as sent (row → cells), details of rows set aside (row → column → value)."""

    staged: Path
    ids: Path | None = None
    waves: list[fates.Wave] = field(default_factory=list)
    sent: dict[int, dict[str, Any]] = field(default_factory=dict)
    second: dict[int, dict[str, Any]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    aside: dict[int, dict[str, Any]] = field(default_factory=dict)
    cuts: dict[int, list[int]] = field(default_factory=dict)


def column(link: Link) -> str:
    """The column that carries a link."""
    return f"{link.parent or 'Org'}:{link.field}.Key__c" if link.carries_key else link.field


def record(name: str, row: int) -> str:
    """The Id that Salesforce gives a row."""
    return f"{name:x<3}{row:012d}AAA"


def stage(con: duckdb.DuckDBPyConnection, thing: Thing, path: Path) -> None:
    """Write an object's staged table."""
    cells = [f"{kind}{n}" for n, each in enumerate(thing.links) if not each.nested for kind in ("to", "as")]
    columns = ["row_id", "parent_row", "nth", "key", ".Key__c", ".Name", *cells, "reason", "merged_into", "filtered"]
    types = dict.fromkeys(columns, "VARCHAR") | OWN
    con.execute(f"CREATE OR REPLACE TABLE rows ({', '.join(f'{tables.quoted(each)} {types[each]}' for each in columns)})")
    for number, row in enumerate(thing.rows):
        texts = [each for n, each in enumerate(thing.links) if not each.nested for each in (row.cells[n], _upper(row.cells[n]))]
        own = [number, row.stands_in, number, row.key, row.key.upper(), f"{thing.name} {number}"]
        values = [*own, *texts, row.reason, row.merged_into, row.filtered]
        con.execute(f"INSERT INTO rows VALUES ({', '.join('?' * len(values))})", values)
    tables.write_parquet(con, "FROM rows", path)


def _upper(cell: str | None) -> str | None:
    return None if cell is None else cell.upper()


def loaded(con: duckdb.DuckDBPyConnection, things: Sequence[Thing], folder: Path) -> dict[str, Loaded]:
    """Load objects in their order: layer by layer, then the second pass of what was cut."""
    found: dict[str, Loaded] = {}
    for thing in things:
        own = found[thing.name] = Loaded(folder / f"{thing.name}.parquet")
        stage(con, thing, own.staged)
        for wanted in _waves(con, thing, own, folder):
            follow = [way(con, n, each, found, folder, thing.name) for n, each in enumerate(thing.links)]
            aside = folder / f"{thing.name}-aside-{len(own.waves)}.parquet"
            linked = link.resolve(con, own.staged, thing.name, ["Key__c", "Name"], follow, wanted, aside)
            sent = rows(con, linked.ready)
            own.sent |= sent
            own.order += list(sent)
            settle(con, thing, own, sent, aside, folder)
        if any(own.cuts.values()):
            _second(con, thing, own, found, folder)
    return found


def _waves(con: duckdb.DuckDBPyConnection, thing: Thing, own: Loaded, folder: Path) -> list[str | None]:
    numbers = [n for n, each in enumerate(thing.links) if each.parent == thing.name]
    if not numbers:
        return [None]
    out = folder / f"{thing.name}-layers.parquet"
    count = layers.of(con, own.staged, numbers, out)
    own.cuts = dict(con.execute(f"SELECT row_id, cut FROM {tables.parquet(out)}").fetchall())
    return [f"(SELECT row_id, cut FROM {tables.parquet(out)} WHERE layer = {layer})" for layer in range(count)]


def lost(name: str, staged: Path, waves: Sequence[fates.Wave], key_field: str = "") -> ways.Lost:
    """Say where parents are explained."""
    return ways.Lost(name, lambda: (staged, waves), key_field)


def way(con: duckdb.DuckDBPyConnection, number: int, each: Link, found: dict[str, Loaded], folder: Path, name: str) -> ways.Way:
    """Make the way of a link, with what is known of its parents."""
    parent = found.get(each.parent)
    explained = lost(each.parent, parent.staged, tuple(parent.waves), "Key__c") if parent else None
    org = None
    if each.org is not None:
        org = folder / f"{name}-org-{number}.parquet"
        con.execute("CREATE OR REPLACE TABLE found (key VARCHAR, sf_id VARCHAR, twice BOOLEAN)")
        for key, sf_id in each.org.items():
            con.execute("INSERT INTO found VALUES (?, ?, ?)", [key, record("not", 0) if sf_id is None else sf_id or None, sf_id is None])
        tables.write_parquet(con, "FROM found", org)
    known = parent.ids if parent else None
    return ways.Way(each.field, number, each.nested, known, org, column(each), each.carries_key, each.missing, each.required, explained)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> dict[int, dict[str, Any]]:
    """Read rows in order: row → cells."""
    found = con.execute(query)
    names = [each[0].removeprefix(".") for each in found.description or []]
    told = found.fetchall()
    assert len(told) == len({row[0] for row in told}), "a row comes twice"
    return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in told}


def settle(con: duckdb.DuckDBPyConnection, thing: Thing, own: Loaded, sent: dict[int, Any], aside: Path, folder: Path) -> None:
    """Give the sent rows their fates, the first time; know their Ids; read what was set aside."""
    con.execute("CREATE OR REPLACE TABLE met (row_id BIGINT, fate VARCHAR, sf_id VARCHAR, created BOOLEAN, error VARCHAR, job_id VARCHAR)")
    first = not own.second
    for row in sent:
        fate = thing.rows[row].fate if first else "succeeded"
        through = fate == "succeeded"
        said = [record(thing.name, row) if through else None, first if through else None, None if through else f"CODE:{thing.name} {row}"]
        con.execute("INSERT INTO met VALUES (?, ?, ?, ?, ?, '750')", [row, fate, *said])
    settled = folder / f"{thing.name}-fates-{len(own.waves)}.parquet"
    tables.write_parquet(con, "FROM met ORDER BY hash(row_id)", settled)
    own.waves.append(fates.Wave([settled], [aside]))
    own.ids = folder / f"{thing.name}-ids-{len(own.waves)}.parquet"
    id_map.learn(con, own.waves, own.staged, own.ids)
    own.aside |= rows(con, f"SELECT {causes.COLUMNS} FROM {tables.parquet(aside)}")


def _second(con: duckdb.DuckDBPyConnection, thing: Thing, own: Loaded, found: dict[str, Loaded], folder: Path) -> None:
    follow = [way(con, n, each, found, folder, thing.name) for n, each in enumerate(thing.links)]
    aside, wanted = folder / f"{thing.name}-second.parquet", tables.parquet(folder / f"{thing.name}-layers.parquet")
    assert own.ids is not None
    linked = link.second_pass(con, own.staged, thing.name, follow, wanted, own.ids, aside)
    own.second = rows(con, linked.ready)
    settle(con, thing, own, own.second, aside, folder)
