"""Edited copies of our lists of lost rows (CSV) → the rows they are about, and those rows as they would be staged.

A row is known by its `row_id`, whatever else was changed. Its cells are Salesforce text, as they will be sent: the plan's own
constants, defaults and value maps were applied before, its checks of values apply anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import cells, delimited, link_cells, lists, mapping, raw, split, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import files, plan

ROW_ID = "row_id"
# Columns of Salesforce's own results.
RESULTS = "sf__"
PARTS = "^(.+)-([0-9]{1,9})-([0-9]{1,13})$"
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Copy:
    """One file: its name, the object that its rows are of, what its columns fill, its rows (row_id, line, cells VARCHAR[])."""

    file: str
    name: str
    columns: tuple[str, ...]
    rows: Path


def read(con: duckdb.DuckDBPyConnection, file: files.File, checked: plan.Plan, folder: Path) -> Copy | None:
    """Read one copy into `folder`, which is made; None if it has no row.

    Raises PlanError naming all lines without a row_id of one object of the plan, all columns that are nobody's, SourceError.
    """
    said = mapping.Source.model_validate({"uri": file.name}).csv
    header = delimited.header_of(file, said)
    own = next((column for column in header if column.lower() == ROW_ID), None)
    if own is None:
        raise errors.PlanError(f"{file.name}: it has no column {ROW_ID}, by which its rows are known; edit one of the run's own lists")
    found = delimited.read([file], said, header, folder, hashlib.sha256())
    given = cells.rows(found, header, {column: column for column in header}, (), unit="line")
    query = f"SELECT nth + 1 AS line, fault, nullif({tables.trimmed(given.text(own))}, '') AS told, raw FROM ({given.query})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE copied AS SELECT *, nullif(regexp_extract(told, '{PARTS}', 1), '') AS object FROM ({query})")
    name = _object(con, file.name, checked)
    if name is None:
        return None
    targets = _targets(file.name, header, checked, name)
    places = [header.index(column) + 1 for column in targets]
    number = f"regexp_extract(told, '{PARTS}', 2)::BIGINT * {tables.POSITIONS} + regexp_extract(told, '{PARTS}', 3)::BIGINT"
    told = f"[{', '.join(f'raw[{place}]' for place in places)}]::VARCHAR[]"
    out = folder / "copied.parquet"
    tables.write_parquet(con, f"SELECT {number} AS row_id, line, {told} AS cells FROM copied ORDER BY line", out)
    return Copy(file.name, name, tuple(targets.values()), out)


def _object(con: duckdb.DuckDBPyConnection, file: str, checked: plan.Plan) -> str | None:
    """Name the object that all rows of the table `copied` are of. Raises PlanError naming the lines that are of none."""
    known = ", ".join(tables.literal(name) for name in checked.objects)
    wrong = con.execute(
        "SELECT line, coalesce(fault, CASE WHEN told IS NULL THEN 'it has no row_id' ELSE concat(told, ' is no row_id of this plan') END) "
        f"FROM copied WHERE fault IS NOT NULL OR object IS NULL OR object NOT IN ({known}) ORDER BY line LIMIT {MOST_TOLD}"
    ).fetchall()
    names = con.execute("SELECT object, min(line) AS line FROM copied WHERE object IS NOT NULL GROUP BY object ORDER BY line").fetchall()
    findings = [f"{file}, line {line}: {why}; rows are known by the row_id that our lists give them" for line, why in wrong]
    if not findings and len(names) > 1:
        findings = [f"{file}, line {names[1][1]}: a row of {names[1][0]} among those of {names[0][0]}; give each object a file of its own"]
    if findings:
        raise errors.PlanError(*findings)
    return str(names[0][0]) if names else None


def _targets(file: str, header: Sequence[str], checked: plan.Plan, name: str) -> dict[str, str]:
    """What the columns fill: column → field, or what people call a link's cell. Raises PlanError for columns that are nobody's."""
    each = checked.objects[name]
    known = {lists.called(each, field).lower(): field for field in [*each.fields, *link_cells.told_of(each).values()]}
    found = {column: known[column.lower()] for column in header if column.lower() in known}
    told = {column for column in header if column.lower() in lists.OURS or column.lower().startswith(RESULTS)}
    strange = [column for column in header if column not in found and column not in told]
    if strange:
        raise errors.PlanError(
            *(f"{file}: {name} has no column {column} in this plan; mend its name, or take it out" for column in strange)
        )
    return found


def strangers(con: duckdb.DuckDBPyConnection, copies: Sequence[Copy], staged: Path, name: str) -> list[str]:
    """Say which rows of an object's copies stand twice, or aren't rows of the run at all."""
    rows = " UNION ALL ".join(
        f"SELECT {tables.literal(each.file)} AS file, row_id, line FROM {tables.parquet(each.rows)}" for each in copies
    )
    told, limit = tables.row_id_text(name), f"ORDER BY file, line LIMIT {MOST_TOLD}"
    twice = con.execute(
        f"SELECT file, line, {told} FROM ({rows}) QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY file, line) = 2 {limit}"
    ).fetchall()
    lost = con.execute(f"SELECT file, line, {told} FROM ({rows}) ANTI JOIN {tables.parquet(staged)} USING (row_id) {limit}").fetchall()
    return [f"{file}, line {line}: {row} stands there a second time; keep one of the two" for file, line, row in twice] + [
        f"{file}, line {line}: the run has no row {row}; take it out" for file, line, row in lost
    ]


def drafted(
    con: duckdb.DuckDBPyConnection, copies: Sequence[Copy], staged: Path, checked: plan.Plan, describes: Mapping[str, Any], name: str
) -> str:
    """The query of the copies' rows as they would be staged (see split), each looked at by itself; what no column fills stays."""
    plain = _plain(checked, name)
    reads = tuple(plain.objects[name].reads)
    queries = []
    for each in copies:
        texts = {read: _text(each, name, checked, read) for read in reads}
        clears = {read for read in reads if read in checked.objects[name].fields and checked.nulls_of(name, read) == "clear"}
        given = raw.Raw(_rows(each, staged, texts, clears), reads, lambda wanted: f"SELECT row_id, NULL AS place FROM {wanted}")
        queries.append(split.drafted(con, given, plain, describes, name))
    return " UNION ALL ".join(f"({query})" for query in queries)


def _rows(copy: Copy, staged: Path, texts: Mapping[str, str], clears: set[str]) -> str:
    """A copy's rows as raw ones: what stands in our lists for a field that is emptied is a null again."""
    empty = {read: f"coalesce({tables.trimmed(text)} = '{values.NULL_MARK}', false)" for read, text in texts.items() if read in clears}
    given = [f"CASE WHEN NOT {empty[read]} THEN {text} END" if read in empty else text for read, text in texts.items()]
    nulls = ", ".join(f"CASE WHEN {condition} THEN {tables.literal(read)} END" for read, condition in empty.items())
    told = f"nullif(list_filter([{nulls}], lambda name: name IS NOT NULL), [])" if nulls else "NULL"
    return (
        f"SELECT s.row_id, s.parent_row, s.nth, [{', '.join(given)}]::VARCHAR[] AS raw, {told}::VARCHAR[] AS nulls, "
        f"NULL::VARCHAR AS fault, false AS filtered FROM {tables.parquet(copy.rows)} AS c JOIN {tables.parquet(staged)} AS s USING (row_id)"
    )


def _text(copy: Copy, name: str, checked: plan.Plan, read: str) -> str:
    """The text of a cell: the copy's, or the one that stands."""
    if read in copy.columns:
        return f"c.cells[{copy.columns.index(read) + 1}]"
    numbers = {told: number for number, told in link_cells.told_of(checked.objects[name]).items()}
    return f"s.as{numbers[read]}" if read in numbers else f"s.{tables.cell(read)}"


def _plain(checked: plan.Plan, name: str) -> plan.Plan:
    """The plan with this object's cells taken as they stand."""
    each, told = checked.objects[name], link_cells.told_of(checked.objects[name])
    fields = {
        field: mapping.Value.model_validate({"from": field, "nulls": checked.nulls_of(name, field), "time_zone": value.time_zone})
        for field, value in each.values.items()
    }
    parents: dict[str, list[mapping.Link]] = {field: [] for field in each.links}
    for number, field, _, link in each.numbered_links:
        parents[field].append(link.model_copy(update={"from_": told[number]}) if number in told else link)
    mapped = each.model_copy(update={"fields": fields, "parents": parents, "transform": None})
    return checked.model_copy(update={"objects": {**checked.objects, name: mapped}})
