"""Records, one a line → one staged table per object of the plan: row ids, parents, keys, Salesforce text, reasons.

A record that can't be read is one rejected row with its place; all others go on. A row's position is its number
among the object's rows in the order of the source. What stands in a record that can't be read is unknown and no
row; the children of one that is rejected for another reason are rows and become orphans.
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

# Records that are written anew may grow: each number by two quotes.
MOST_LINE = 2 * records.MOST_BYTES
BLANK = sources.BLANK.decode()


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
    """Stage every object of the plan into `folder`; by object name.

    `describes`: sobject → its describe. Each staged file has row_id, parent_row, nth, key, the plan's fields,
    reason, merged_into, and per row how many values change (values.CHANGES).
    """
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
        self.root, *self.way = [part.removesuffix("[]") for part in self.each.records.split(".")]

    def staged(self, folder: Path) -> Staged:
        """Read, check and key the rows; write both files."""
        final, rejected_csv = folder / f"{self.name}-staged.parquet", folder / f"{self.name}-rejected.csv"
        draft = folder / f"{self.name}-draft.parquet"
        rows = tables.write_parquet(self.con, self._draft(), draft)
        if self.each.key_field and keys.mark(self.con, *self._compared(draft, folder)):
            self._judge(draft, final)
        else:
            draft.replace(final)
        merged, *changes = self._sums(final)
        rejected = self._rejected(final, folder, rejected_csv)
        return Staged(rows, rejected, merged, dict(zip(values.CHANGES, changes, strict=True)), final, rejected_csv)

    def _draft(self) -> str:
        """The rows with their text, before duplicates are judged."""
        cells = ", ".join(f"{values.text(place)} AS {tables.quoted(field)}" for place, field in enumerate(self.each.fields))
        types = {field: described["type"] for field, described in self.described.items()}
        return (
            f"SELECT row_id, parent_row, nth, {self._key()} AS key, {cells}, {values.reason(self.each.fields)} AS reason, "
            f"NULL::BIGINT AS merged_into, {values.changed(self.each.fields, types)} "
            f"FROM (SELECT *, {values.read(self.each.fields)} FROM ({self._records(self.way)}))"
        )

    def _key(self) -> str:
        if self.each.key_field is None:
            return "NULL::VARCHAR"
        described = self.described[self.each.key_field]
        place = list(self.each.fields).index(self.each.key_field)
        return tables.folded(f"raw[{place + 1}]", case_sensitive=keys.is_case_sensitive(described))

    def _records(self, way: list[str]) -> str:
        """Rows with row_id, parent_row, nth and j (JSON); `way`: lists to go down."""
        if not way:
            return (
                "SELECT row_number() OVER () AS row_id, NULL::BIGINT AS parent_row, nth, line AS j "
                f"FROM (SELECT (row_number() OVER () - 1)::INTEGER AS nth, line FROM {self._lines()}) WHERE line != '{BLANK}'"
            )
        listed = f"SELECT row_id AS parent_row, {values.items(way[-1])} AS items FROM ({self._records(way[:-1])})"
        unnested = f"SELECT parent_row, unnest(items) AS j, (generate_subscripts(items, 1) - 1)::INTEGER AS nth FROM ({listed})"
        return f"SELECT row_number() OVER () AS row_id, parent_row, nth, j FROM ({unnested})"

    def _lines(self) -> str:
        return (
            f"read_csv({tables.literal(str(self.found.path))}, auto_detect=false, header=false, delim=chr(1), quote='', escape='', "
            f"new_line='\\n', max_line_size={MOST_LINE}, columns={{'line': 'VARCHAR'}})"
        )

    def _compared(self, draft: Path, folder: Path) -> tuple[str, list[str]]:
        """The rows, and the columns that must be equal in rows that merge: all cells, links to the parents included."""
        kin, joins = "", ""
        for place, link in enumerate(self.each.parents.values()):
            kin += f", coalesce(p{place}.merged_into, p{place}.row_id)::VARCHAR AS kin{place}"
            joins += f" LEFT JOIN {tables.parquet(folder / f'{link.object}-staged.parquet')} AS p{place} ON p{place}.row_id = d.parent_row"
        rows = f"(SELECT d.*{kin} FROM {tables.parquet(draft)} AS d{joins})"
        return rows, [*self.each.fields, *(f"kin{place}" for place in range(len(self.each.parents)))]

    def _judge(self, draft: Path, final: Path) -> None:
        """Write the draft's rows anew, with what `keys` marked."""
        columns = "d.* REPLACE (coalesce(d.reason, m.reason) AS reason, m.merged_into AS merged_into)"
        tables.write_parquet(
            self.con,
            f"SELECT {columns} FROM {tables.parquet(draft)} AS d LEFT JOIN marks AS m ON m.row_id = d.row_id ORDER BY d.row_id",
            final,
        )
        draft.unlink()

    def _sums(self, staged: Path) -> list[int]:
        """Count the merged rows, and the values that change in rows that aren't rejected."""
        sums = ", ".join(f"coalesce(sum({tables.quoted(name)}), 0)::BIGINT" for name in values.CHANGES)
        return list(
            self.con.execute(f"SELECT count(merged_into), {sums} FROM {tables.parquet(staged)} WHERE reason IS NULL").fetchone() or ()
        )

    def _rejected(self, staged: Path, folder: Path, out: Path) -> int:
        """Write the rejected rows for people, each with its place in the source."""
        cells = ", ".join(f"r0.{tables.quoted(field)}" for field in self.each.fields)
        joins, above = "", self.each.records
        for place in range(1, len(self.way) + 1):
            above = _above(above)
            name = next(name for name, other in self.plan.objects.items() if other.records == above)
            joins += (
                f" LEFT JOIN {tables.parquet(folder / f'{name}-staged.parquet')} AS r{place} ON r{place}.row_id = r{place - 1}.parent_row"
            )
        query = (
            f"SELECT {tables.row_id_text(self.name, 'r0.row_id')} AS row_id, {self._place()} AS place, r0.reason, {cells} "
            f"FROM {tables.parquet(staged)} AS r0{joins} WHERE r0.reason IS NOT NULL ORDER BY r0.row_id"
        )
        return tables.write_people_csv(self.con, query, out)

    def _place(self) -> str:
        """Where a row stands in the source: `accounts[3].contacts[0]`, in JSON lines `line 4: contacts[0]`."""
        levels = len(self.way)
        steps = [f"{tables.literal(name)}, '[', r{levels - 1 - place}.nth, ']'" for place, name in enumerate(self.way)]
        below = ", '.', ".join(steps)
        if self.found.by_line:
            return f"concat('line ', r{levels}.nth + 1" + (f", ': ', {below})" if below else ")")
        return f"concat({tables.literal(self.root)}, '[', r{levels}.nth, ']'" + (f", '.', {below})" if below else ")")


def _above(path: str) -> str:
    """The path of the records that a path's records stand in; "" at the root."""
    return path.rpartition(".")[0]
