"""The rows of one pass and the steps they may take → who is sent, in which order, and who is set aside and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors, tables
from include.bulkload.intake import split
from include.bulkload.match import causes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.match import ways

# Rows of the table `lost` that lack a required parent.
REJECTED = (
    f"SELECT row_id, '{entities.Fate.REJECTED}' AS fate, 'missing parent: ' || field AS error, field FROM lost WHERE field IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Pass:
    """One object's rows: joined to what its steps look into (`body`), by required lookup when it is blank, and which rows (`where`).

    `later`: links of another pass that may lead nowhere already.
    """

    name: str
    body: str
    steps: Sequence[ways.Step]
    blank: dict[str, str]
    where: str = "true"
    later: Sequence[ways.Later] = ()

    @property
    def columns(self) -> dict[str, str]:
        """What is sent: column → its cell. Alternatives of one column fill it in turn."""
        values: dict[str, list[str]] = {}
        for step in self.steps:
            values.setdefault(step.way.column, []).append(step.value)
        return {column: each[0] if len(each) == 1 else f"coalesce({', '.join(each)})" for column, each in values.items()}

    @property
    def groups(self) -> dict[str, str]:
        """What is equal in rows of one parent: by lookup."""
        steps: dict[str, list[ways.Step]] = {}
        for step in self.steps:
            steps.setdefault(step.way.field, []).append(step)
        several = {field: f"coalesce({', '.join(step.record for step in each)})" for field, each in steps.items()}
        return {field: each[0].group if len(each) == 1 else several[field] for field, each in steps.items()}

    @property
    def holding(self) -> list[ways.Step | ways.Later]:
        """The steps without which a row isn't sent, in the plan's order."""
        return sorted([*(step for step in self.steps if step.way.holds_back), *self.later], key=lambda step: step.way.number)

    def select(self, cells: Sequence[str]) -> str:
        """The query of the rows to send: these cells, then the columns."""
        told = [*cells, *(f"{value} AS {tables.cell(column)}" for column, value in self.columns.items())]
        fine = [self.where, *(f"NOT ({condition})" for condition in self.blank.values()), *(step.led for step in self.holding)]
        return f"SELECT {', '.join(told)} {self.body} WHERE {' AND '.join(fine)}"


def rows(staged: Path, wanted: str | None, steps: Sequence[ways.Step | ways.Later], *, parents: bool = False) -> str:
    """An object's rows that may be sent, from FROM on; `parents`: those that rows stood in joined, too."""
    only = f"JOIN {wanted} AS w ON w.row_id = s.row_id " if wanted is not None else ""
    joins = dict.fromkeys(join for step in steps for join in (*(step.parents() if parents else ()), *step.joins()))
    return f"FROM (FROM {tables.parquet(staged)} WHERE {split.FINE}) AS s {only}{' '.join(joins)}"


def blank(links: Sequence[ways.Way]) -> dict[str, str]:
    """When a required lookup is blank: all its cells are. What stood in its parent has it."""
    fields = dict.fromkeys(way.field for way in links if way.required and not way.nested)
    return {field: " AND ".join(f"s.to{way.number} IS NULL" for way in links if way.field == field) for field in fields}


def order(con: duckdb.DuckDBPyConnection, found: Pass) -> str:
    """The sending order: children of one parent together, by the lookup with the most rows of one parent."""
    groups = found.groups
    if len(groups) > 1:
        groups = {field: groups[field] for field in sorted(groups, key=lambda field: -_largest(con, found, groups[field]))[:1]}
    return " ORDER BY " + ", ".join([*groups.values(), "s.row_id"])


def _largest(con: duckdb.DuckDBPyConnection, found: Pass, group: str) -> int:
    """Count the rows of the parent that has most."""
    counted = f"SELECT count(*) AS rows FROM ({found.select([f'{group} AS parent'])}) WHERE parent IS NOT NULL GROUP BY parent"
    (most,) = con.execute(f"SELECT coalesce(max(rows), 0) FROM ({counted})").fetchone() or (0,)
    return int(most)


def set_aside(con: duckdb.DuckDBPyConnection, found: Pass, fate: entities.Fate, aside: Path) -> dict[str, int]:
    """Write the rows that can't be sent (causes.COLUMNS), those without a record to hang on as `fate`; return how many by fate.

    Raises MustStop where a link says so.
    """
    followed: list[ways.Step | ways.Later] = [*found.steps, *found.later]
    for step in followed:
        if step.way.missing == "fail":
            _stop(con, found, step)
    _find(con, found)
    led = {number for (number,) in con.execute("SELECT DISTINCT way FROM lost WHERE field IS NULL").fetchall()}
    told = [causes.explained(step.way, fate) for step in found.holding if step.way.number in led]
    query = " UNION ALL BY NAME ".join(f"({each})" for each in [causes.NONE, *told, REJECTED])
    tables.write_parquet(con, f"SELECT {causes.COLUMNS} FROM ({query}) ORDER BY row_id", aside)
    con.execute("DROP TABLE lost")
    return dict(con.execute(f"SELECT fate, count(*) FROM {tables.parquet(aside)} GROUP BY fate ORDER BY fate").fetchall())


def _stop(con: duckdb.DuckDBPyConnection, found: Pass, step: ways.Step | ways.Later) -> None:
    query = f"SELECT count(*), {tables.row_id_text(found.name, 'min(s.row_id)')} {found.body} WHERE {found.where} AND {step.lacking}"
    count, first = con.execute(query).fetchone() or (0, "")
    if count:
        place = f"objects.{found.name}.parents.{step.way.field}"
        message = f"{found.name}: {count} rows name a parent by {step.way.field} that has no record, the first is {first}; "
        raise errors.MustStop(f"{message}mend them, or let {place}.missing set such rows aside (quarantine)")


def _find(con: duckdb.DuckDBPyConnection, found: Pass) -> None:
    """Fill the table `lost`: row_id, field (a required lookup that is blank), way (the first that leads nowhere), what it says."""
    said = ["s.row_id", "s.parent_row"]
    for way in [step.way for step in found.holding]:
        said += [] if way.nested else [f"s.to{way.number}", f"s.as{way.number}"]
        asked = f"o{way.number}.key IS NOT NULL AND o{way.number}.sf_id IS NULL"
        said += [f"o{way.number}.twice AS twice{way.number}", f"{asked} AS gone{way.number}"] if way.org else []
    blanks = [(condition, tables.literal(field)) for field, condition in found.blank.items()]
    leading = [(step.lacking, str(step.way.number)) for step in found.holding]
    told = [f"{_first(blanks)}::VARCHAR AS field", f"{_first(leading)}::INTEGER AS way"]
    some = " OR ".join(f"({condition})" for condition, _ in [*blanks, *leading]) or "false"
    query = f"SELECT {', '.join([*said, *told])} {found.body} WHERE {found.where} AND ({some})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE lost AS {query}")


def _first(cases: Sequence[tuple[str, str]]) -> str:
    """What the first condition that holds stands for, NULL if none does."""
    return f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in cases)} END" if cases else "NULL"
