"""Each object's raw rows → its staged table: row ids, parents, keys, Salesforce text, reasons.

A record that can't be read is one rejected row with its place; all others go on. The children of a row that is
rejected for another reason are rows and become orphans.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import filled, keys, link_cells, lists, transformed, trial, values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import mapping, plan, raw

# Rows that may be sent: nothing is wrong with them, and no other row stands for them.
FINE = "reason IS NULL AND merged_into IS NULL AND NOT filtered"


@dataclass(frozen=True, slots=True)
class Staged:
    """One object's rows: how many, how many rejected, merged and filtered, how many values change, the two files."""

    rows: int
    rejected: int
    merged: int
    filtered: int
    changes: dict[str, int]
    path: Path
    rejected_csv: Path


def table_of(
    con: duckdb.DuckDBPyConnection, found: raw.Raw, checked: plan.Plan, describes: Mapping[str, Any], name: str, folder: Path
) -> Staged:
    """Stage one object of the plan into `folder` (`<name>-staged.parquet`); the objects it stands in are staged before.

    `describes`: sobject → its describe. The staged file has row_id, parent_row, nth, key (folded), the plan's fields
    (text as sent, NULL: nothing), per link `to<n>` (its folded key or Id, NULL: blank) and `as<n>` (its text), reason,
    merged_into, filtered, and per row how many values change (values.CHANGES).
    """
    found = transformed.rows(con, found, checked, name, folder)
    return _Object(con, found, checked, describes, name).staged(folder)


def drafted(con: duckdb.DuckDBPyConnection, found: raw.Raw, checked: plan.Plan, describes: Mapping[str, Any], name: str) -> str:
    """The query of an object's rows as they would be staged, each looked at by itself: rows of one key aren't judged."""
    return _Object(con, found, checked, describes, name)._draft()  # noqa: SLF001 - of this file


class _Object:
    """One object on its way from raw rows to its staged table."""

    def __init__(self, con: duckdb.DuckDBPyConnection, found: raw.Raw, checked: plan.Plan, describes: Mapping[str, Any], name: str) -> None:
        self.con, self.found, self.plan, self.name = con, found, checked, name
        self.each = checked.objects[name]
        self.cells = filled.of(found, checked, describes, name)
        self.key = next((each for each in self.cells if each.is_key), None)
        self.links = link_cells.of(found, checked, describes, name)

    def staged(self, folder: Path) -> Staged:
        """Read, check and key the rows; write both files."""
        final, rejected_csv = folder / f"{self.name}-staged.parquet", folder / f"{self.name}-rejected.csv"
        draft = folder / f"{self.name}-draft.parquet"
        rows = tables.write_parquet(self.con, self._draft(), draft)
        marked = bool(self.key and self._marked(*self._compared(draft, folder)))
        if marked or self.plan.only_first:
            tables.write_parquet(self.con, f"{self._judged(draft, folder, marked=marked)} ORDER BY row_id", final)
            draft.unlink()
        else:
            draft.replace(final)
        merged, filtered, *changes = sums(self.con, final)
        places = f"SELECT {tables.row_id_text(self.name)} AS row_id, place FROM ({self.found.places('rejected')})"
        refused = rejected(self.con, final, self.each, self.name, places, rejected_csv)
        return Staged(rows, refused, merged, filtered, dict(zip(values.CHANGES, changes, strict=True)), final, rejected_csv)

    def _marked(self, rows: str, compared: list[str]) -> int:
        """Fill the table `marks`, see `keys`; a refusal names the object."""
        try:
            return keys.mark(self.con, rows, compared, self.each.duplicates)
        except errors.SourceError as wrong:
            raise errors.SourceError(f"objects.{self.name}: {wrong}") from wrong

    def _draft(self) -> str:
        """The rows with their text, before duplicates are judged."""
        sent = [*(f"{each.sent} AS {tables.cell(each.field)}" for each in self.cells), *(each.columns for each in self.links)]
        changed = values.changed(each.changing for each in self.cells if each.changing)
        return (
            f"SELECT row_id, parent_row, nth, {self._key()} AS key, {', '.join(sent)}, {self._reason()} AS reason, "
            f"NULL::BIGINT AS merged_into, filtered, {changed} FROM ({filled.steps(self.found.query, self.cells)})"
        )

    def _reason(self) -> str:
        """Why a row is rejected; one that is filtered needs no reason."""
        said = values.reason("fault", [*(each.checks for each in self.cells), link_cells.checks(self.links)])
        return f"CASE WHEN NOT filtered THEN {said} END" if self.each.transform else said

    def _key(self) -> str:
        """The key, folded from the text as it is sent: a line ending in a key comes back as LF."""
        if self.key is None:
            return "NULL::VARCHAR"
        return tables.folded(self.key.sent, keys.rule(self.key.described))

    def _compared(self, draft: Path, folder: Path) -> tuple[str, list[str]]:
        """The rows, and the columns that must be equal in rows that merge: all cells, links to the parents included."""
        kin, joins = "", ""
        nested = [link.object for links in self.each.links.values() for link in links if link.by == "nesting"]
        for place, above in enumerate(nested):
            kin += f", coalesce(p{place}.merged_into, p{place}.row_id)::VARCHAR AS kin{place}"
            joins += f" LEFT JOIN {tables.parquet(folder / f'{above}-staged.parquet')} AS p{place} ON p{place}.row_id = d.parent_row"
        stored = self.key.stored if self.key else "NULL"
        rows = f"(SELECT d.*{kin} FROM (SELECT *, {stored} AS stored_key FROM {tables.parquet(draft)}) AS d{joins})"
        others = [tables.cell(each.field) for each in self.cells if not each.is_key]
        links = [f"to{each.number}" for each in self.links]
        return rows, ["stored_key", *others, *links, *(f"kin{place}" for place in range(len(nested)))]

    def _judged(self, draft: Path, folder: Path, *, marked: bool) -> str:
        """The draft's rows with what `keys` marked and what a trial leaves out, as a query."""
        rows = f"SELECT * FROM {tables.parquet(draft)}"
        if marked:
            columns = "d.* REPLACE (coalesce(d.reason, m.reason) AS reason, m.merged_into AS merged_into)"
            rows = f"SELECT {columns} FROM {tables.parquet(draft)} AS d LEFT JOIN marks AS m ON m.row_id = d.row_id"
        if not self.plan.only_first:
            return rows
        trial.choose(self.con, f"(SELECT * FROM ({rows}) WHERE NOT filtered AND merged_into IS NULL)", self.plan, self.name, folder)
        # What is left out has no reason and merges with nothing: every row is one thing alone.
        taken = "CASE WHEN taken IS NOT NULL THEN {0} END AS {0}"
        columns = f"* EXCLUDE (taken) REPLACE ({taken.format('reason')}, {taken.format('merged_into')}, taken IS NULL AS filtered)"
        joined = f"({rows}) AS j LEFT JOIN (SELECT row_id AS taken FROM chosen) AS c ON c.taken = coalesce(j.merged_into, j.row_id)"
        return f"SELECT {columns} FROM {joined}"


def sums(con: duckdb.DuckDBPyConnection, staged: Path) -> list[int]:
    """Count the merged and the filtered rows, and the values that change in rows that are neither rejected nor filtered."""
    told = ", ".join(f"coalesce(sum({tables.quoted(name)}) FILTER (NOT filtered), 0)::BIGINT" for name in values.CHANGES)
    counts = f"SELECT count(merged_into), count(*) FILTER (filtered), {told} FROM {tables.parquet(staged)} WHERE reason IS NULL"
    return list(con.execute(counts).fetchone() or ())


def rejected(con: duckdb.DuckDBPyConnection, staged: Path, each: mapping.ObjectPlan, name: str, places: str, out: Path) -> int:
    """Write an object's rejected rows for people; return how many. `places`: the query of row_id, as people know it, and place."""
    found = f"CREATE OR REPLACE TEMP TABLE rejected AS SELECT * FROM {tables.parquet(staged)} WHERE reason IS NOT NULL"
    if (con.execute(found).fetchone() or (0,))[0] == 0:
        # The whole source would be read for nobody's place.
        places = "SELECT NULL::VARCHAR AS row_id, NULL::VARCHAR AS place WHERE false"
    shown = tables.row_id_text(name, "r.row_id")
    query = (
        f"SELECT {shown} AS row_id, p.place, r.reason AS error, NULL AS job_id, NULL AS sf_id, {lists.cells(each, 'r')} "
        f"FROM rejected AS r LEFT JOIN ({places}) AS p ON p.row_id = {shown} ORDER BY r.row_id"
    )
    return tables.write_people_csv(con, query, out)
