"""Records, one a line → each object's raw rows, cut out of the records they stand in.

A row's position is its number among the object's rows in the order of the source. What stands in a record that
can't be read is unknown and no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import careful, raw, records, sources

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.intake import plan

# Records that are written anew may grow: each number by two quotes.
MOST_LINE = 2 * records.MOST_BYTES
BLANK = sources.BLANK.decode()


def rows(found: sources.Records, checked: plan.Plan, name: str, folder: Path) -> raw.Raw:
    """Cut one object's rows out of the records. `folder` is where the objects above are staged, for the places."""
    each = checked.objects[name]
    way = [part.removesuffix("[]") for part in each.records.split(".")][1:]
    query = (
        f"SELECT row_id, parent_row, nth, raw, NULL::VARCHAR[] AS nulls, raw[{len(each.reads) + 1}] AS fault, false AS filtered "
        f"FROM (SELECT row_id, parent_row, nth, {_read(each.reads)} FROM ({_records(found, way)}))"
    )
    return raw.Raw(query, each.reads, lambda wanted: _places(found, checked, name, folder, wanted))


def _read(reads: tuple[str, ...]) -> str:
    """The column `raw` to select from `j`: texts of the wanted values, then what `careful` says against the record."""
    paths = ", ".join(tables.literal(pointer(name)) for name in [*reads, careful.MARK])
    return f"json_extract_string(j, [{paths}]::VARCHAR[]) AS raw"


def pointer(name: str) -> str:
    """The place of a value in its record, as a JSON pointer: any name will do, dots, blanks and stars included."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _records(found: sources.Records, way: list[str]) -> str:
    """Rows with row_id, parent_row, nth and j (JSON); `way`: lists to go down."""
    if not way:
        return (
            "SELECT row_number() OVER () AS row_id, NULL::BIGINT AS parent_row, nth, line AS j "
            f"FROM (SELECT (row_number() OVER () - 1)::INTEGER AS nth, line FROM {_lines(found)}) WHERE line != '{BLANK}'"
        )
    listed = f"SELECT row_id AS parent_row, {items(way[-1])} AS items FROM ({_records(found, way[:-1])})"
    unnested = f"SELECT parent_row, unnest(items) AS j, (generate_subscripts(items, 1) - 1)::INTEGER AS nth FROM ({listed})"
    return f"SELECT row_number() OVER () AS row_id, parent_row, nth, j FROM ({unnested})"


def items(name: str) -> str:
    """The items of the list `name` of the record `j`; none if it isn't a list."""
    if '"' in name or "\\" in name:
        return f"json_extract(json_extract(j, {tables.literal(pointer(name))}), '$[*]')"
    # The same in one step, for names that a JSON path can quote.
    path = f'$."{name}"[*]'
    return f"json_extract(j, {tables.literal(path)})"


def _lines(found: sources.Records) -> str:
    return (
        f"read_csv({tables.literal(str(found.path))}, auto_detect=false, header=false, delim=chr(1), quote='', escape='', "
        f"new_line='\\n', max_line_size={MOST_LINE}, columns={{'line': 'VARCHAR'}})"
    )


def _places(found: sources.Records, checked: plan.Plan, name: str, folder: Path, wanted: str) -> str:
    """Where rows stand in the source: `accounts[3].contacts[0]`, in JSON lines `line 4: contacts[0]`."""
    path = checked.objects[name].records
    root, *way = [part.removesuffix("[]") for part in path.split(".")]
    joins = f"{wanted} AS w JOIN {tables.parquet(folder / f'{name}-staged.parquet')} AS r0 USING (row_id)"
    for place in range(1, len(way) + 1):
        path = path.rpartition(".")[0]
        above = next(other for other, each in checked.objects.items() if each.records == path)
        staged = tables.parquet(folder / f"{above}-staged.parquet")
        joins += f" LEFT JOIN {staged} AS r{place} ON r{place}.row_id = r{place - 1}.parent_row"
    steps = [f"{tables.literal(each)}, '[', r{len(way) - 1 - place}.nth, ']'" for place, each in enumerate(way)]
    below = ", '.', ".join(steps)
    if found.by_line:
        said = f"concat('line ', r{len(way)}.nth + 1" + (f", ': ', {below})" if below else ")")
    else:
        said = f"concat({tables.literal(root)}, '[', r{len(way)}.nth, ']'" + (f", '.', {below})" if below else ")")
    return f"SELECT row_id, {said} AS place FROM {joins}"
