"""Records, one a line → one staged table per object of the plan: row ids, parents, keys, Salesforce text, reasons.

A record that can't be read is one rejected row with its place; all others go on. A row's position is its number
among the object's rows in the order of the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import keys, records, sources, values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import plan

MOST_LINE = records.MOST_BYTES + 1_000
MISFIT = "not JSON"


@dataclass(frozen=True, slots=True)
class Staged:
    """One object's rows: how many, how many rejected and merged, how many values change, the two files."""

    rows: int
    rejected: int
    merged: int
    changes: dict[str, int]
    path: Path
    rejected_csv: Path


def tables_of(
    con: duckdb.DuckDBPyConnection, found: sources.Records, checked: plan.Plan, describes: Mapping[str, Any], folder: Path
) -> dict[str, Staged]:
    """Stage every object of the plan into `folder`; by object name."""
    return {name: _Object(con, found, checked, describes, name).staged(folder) for name in checked.order()}


class _Object:
    """One object on its way from records to its staged table."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, found: sources.Records, checked: plan.Plan, describes: Mapping[str, Any], name: str
    ) -> None:
        self.con, self.found, self.plan, self.name = con, found, checked, name
        self.each = checked.objects[name]
        described = {field["name"].lower(): field for field in describes[self.each.sobject]["fields"]}
        self.described = {field: described[field.lower()] for field in self.each.fields}
        path = [part.removesuffix("[]") for part in self.each.records.split(".")]
        self.way = path[1:]
        self.lists = sorted(
            other.records.removeprefix(self.each.records + ".").removesuffix("[]")
            for other in checked.objects.values()
            if other.records.rpartition(".")[0] == self.each.records
        )

    def staged(self, folder: Path) -> Staged:
        """Read, check and key the rows; write both files."""
        draft, final = folder / f"{self.name}-draft.parquet", folder / f"{self.name}-staged.parquet"
        rows = tables.write_parquet(self.con, self._draft(), draft)
        changes = self._changes(draft)
        cells = ", ".join(tables.quoted(field) for field in self.each.fields)
        columns = f"row_id, parent_row, nth, key, {cells}"
        source = tables.parquet(draft)
        if self.each.key_field and keys.mark(self.con, source, list(self.each.fields)):
            marked = f"{source} AS d LEFT JOIN marks AS m USING (row_id)"
            query = f"SELECT {columns}, coalesce(d.reason, m.reason) AS reason, merged_into FROM {marked} ORDER BY row_id"
        else:
            query = f"SELECT {columns}, reason, NULL::BIGINT AS merged_into FROM {source}"
        tables.write_parquet(self.con, query, final)
        draft.unlink()
        merged = self._count(f"{tables.parquet(final)} WHERE merged_into IS NOT NULL")
        rejected_csv = folder / f"{self.name}-rejected.csv"
        return Staged(rows, self._rejected(final, folder, rejected_csv), merged, changes, final, rejected_csv)

    def _draft(self) -> str:
        """The rows with their text, before duplicates are judged."""
        cells = ", ".join(f"{values.text(place)} AS {tables.quoted(field)}" for place, field in enumerate(self.each.fields))
        types = {field: described["type"] for field, described in self.described.items()}
        inner = f"SELECT *, {values.read(self.each.fields, self.lists)} FROM ({self._records(self.way)})"
        counted = values.changed(self.each.fields, types)
        told = f"SELECT row_id, parent_row, nth, {self._key()} AS key, {cells}, {values.reason(self.each.fields, self.lists)} AS reason, {counted}"
        return f"{told} FROM ({inner})"

    def _key(self) -> str:
        """The key as the org compares it (contract 2.1.2): without case only where the field is unique and says so."""
        if self.each.key_field is None:
            return "NULL::VARCHAR"
        described = self.described[self.each.key_field]
        place = list(self.each.fields).index(self.each.key_field)
        return tables.folded(f"raw[{place + 1}]", case_sensitive=bool(described["caseSensitive"]) or not described["unique"])

    def _records(self, way: list[str]) -> str:
        """Rows with row_id, parent_row, nth, j (JSON or NULL) and bad (why there is none); `way`: lists to go down."""
        if not way:
            return (
                "SELECT row_number() OVER () AS row_id, NULL::BIGINT AS parent_row, nth, "
                f"CASE WHEN json_valid(line) THEN line::JSON END AS j, CASE WHEN NOT json_valid(line) THEN {_misfit()} END AS bad "
                f"FROM (SELECT (row_number() OVER () - 1)::BIGINT AS nth, line FROM {self._lines()}) WHERE line != '~'"
            )
        path = tables.literal(values.json_path([way[-1]]) + "[*]")
        unnested = f"SELECT row_id AS parent_row, unnest(json_extract(j, {path})) AS j, unnest(range(len(json_extract(j, {path})))) AS nth"
        return (
            "SELECT row_number() OVER () AS row_id, parent_row, nth, j, NULL::VARCHAR AS bad "
            f"FROM ({unnested} FROM ({self._records(way[:-1])}))"
        )

    def _lines(self) -> str:
        return (
            f"read_csv({tables.literal(str(self.found.path))}, auto_detect=false, header=false, delim=chr(1), quote='', escape='', "
            f"new_line='\\n', max_line_size={MOST_LINE}, columns={{'line': 'VARCHAR'}})"
        )

    def _changes(self, draft: Path) -> dict[str, int]:
        sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in values.CHANGES)
        found = self.con.execute(f"SELECT {sums} FROM {tables.parquet(draft)} WHERE reason IS NULL").fetchone() or ()
        return dict(zip(values.CHANGES, found, strict=True))

    def _rejected(self, staged: Path, folder: Path, out: Path) -> int:
        """Write the rejected rows for people, each with its place in the source."""
        cells = ", ".join(f"r.{tables.quoted(field)}" for field in self.each.fields)
        source, joins = f"{tables.parquet(staged)} AS r", ""
        if self.way:
            (parent,) = [name for name, other in self.plan.objects.items() if other.records == self.each.records.rpartition(".")[0]]
            joins = f"LEFT JOIN {tables.parquet(folder / f'{parent}-staged.parquet')} AS p ON p.row_id = r.parent_row"
        query = (
            f"SELECT {tables.row_id_text(self.name, 'r.row_id')} AS row_id, {self._place()} AS place, r.reason, {cells} "
            f"FROM {source} {joins} WHERE r.reason IS NOT NULL ORDER BY r.row_id"
        )
        return tables.write_people_csv(self.con, query, out)

    def _place(self) -> str:
        """Where a row stands in the source: `accounts[3].contacts[0]`, in JSON lines `line 4: contacts[0]`."""
        root = self.each.records.partition("[]")[0]
        own = f"concat('.{self.way[-1]}[', r.nth, ']')" if self.way else "''"
        nth = "p.nth" if self.way else "r.nth"
        if self.found.by_line:
            return f"concat('line ', {nth} + 1, replace({own}, '.', ': '))"
        return f"concat({tables.literal(root)}, '[', {nth}, ']', {own})"

    def _count(self, rows: str) -> int:
        found = self.con.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return int(found[0]) if found else 0


def _misfit() -> str:
    """What the line of an unreadable record says: our own word after `!`, else that it is no JSON."""
    return f"CASE WHEN line[1] = '!' THEN line[2:] ELSE '{MISFIT}' END"
