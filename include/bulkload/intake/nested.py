"""Records, one a line → each object's raw rows, cut out of the records they stand in.

A row's position is its number among the object's rows in the order of the source. What stands in a record that
can't be read is unknown and no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from include.bulkload.basics import tables
from include.bulkload.intake import careful, names, raw

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.bulkload.intake import lines


# Whether the texts of a record `j` hold no control character: JSON writes them as escapes.
CALM = "NOT contains(j, '\\')"


def rows(found: lines.Lines, path: str, reads: Mapping[str, str], asked: Collection[str], *, by_line: bool) -> raw.Raw:
    """Cut the rows at `path` (`accounts[].contacts[]`) out of the records.

    `reads`: the source values wanted → what they fill, for messages; `asked`: those of them whose nulls are to be told
    from absent ones; `by_line`: whether a record's place is a line of the source or an index in its list.
    """
    wanted = _Wanted(found, path, reads, tuple(name for name in reads if name in asked))
    return raw.Raw(wanted.query(), tuple(reads), lambda rows: wanted.places(rows, by_line=by_line), "calm")


def items(name: str) -> str:
    """The items of the list `name` of the record `j`; none if it isn't a list."""
    if '"' in name or "\\" in name:
        return f"json_extract(json_extract(j, {tables.literal(names.pointer(name))}), '$[*]')"
    # The same in one step, for names that a JSON path can quote.
    path = f'$."{name}"[*]'
    return f"json_extract(j, {tables.literal(path)})"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is read at one path, and how it is said in SQL."""

    found: lines.Lines
    path: str
    reads: Mapping[str, str]
    asked: tuple[str, ...]

    def query(self) -> str:
        """The query of raw.Raw."""
        ups = self._ups()
        read, calm = (self._fields(), "calm") if self._at_once else (self._read(0), CALM)
        # Where values of records above are read too, nobody looks whether they hold control characters.
        own = f"{read} AS own{self._types(0)}{''.join(ups.values())}, {'false' if ups else calm} AS calm"
        inner = f"SELECT row_id, parent_row, nth, {own} FROM ({self._records()})"
        faults = [self._fault(up) for up in (0, *ups)]
        fault = faults[0] if len(faults) == 1 else f"coalesce({', '.join(faults)})"
        columns = f"{self._raw(ups)} AS raw, {self._nulls()} AS nulls, {fault} AS fault, false AS filtered, calm"
        return f"SELECT row_id, parent_row, nth, {columns} FROM ({inner})"

    def places(self, wanted: str, *, by_line: bool) -> str:
        """Where rows stand in the source: `accounts[3].contacts[0]`, in JSON lines `line 4: contacts[0]`; its file before, of several."""
        root, *way = self._way
        told = "concat('line ', nth0 + 1)" if by_line else f"concat({tables.literal(root)}, '[', nth0, ']')"
        for depth, name in enumerate(way, 1):
            before = tables.literal((": " if by_line and depth == 1 else ".") + name)
            told = f"concat({told}, {before}, '[', nth{depth}, ']')"
        place = f"concat({raw.file_name(self.found.names)}, {told}) AS place"
        return f"SELECT row_id, {place} FROM ({self._records(is_placed=True)}) SEMI JOIN {wanted} USING (row_id)"

    @property
    def _way(self) -> list[str]:
        return [part.removesuffix("[]") for part in self.path.split(".")]

    def _own(self, up: int) -> list[str]:
        """The wanted values that stand `up` records above."""
        return [name for name in self.reads if names.parsed(name).up == up]

    def _read(self, up: int) -> str:
        """The texts of those values, to select from that record `j`, then what `careful` says against it: JSON, or NULL."""
        pointers = [*(names.parsed(name).pointer for name in self._own(up)), names.pointer(careful.MARK)]
        return f"json_extract_string(j, [{', '.join(map(tables.literal, pointers))}]::VARCHAR[])"

    @property
    def _at_once(self) -> bool:
        """Whether the engine cuts the records out and takes their values in one step, which takes less than half the time.

        It knows no pointers and no nulls, and takes keys that differ in case alone for one.
        """
        keys = [names.parsed(name).keys for name in self._own(0)]
        single = {key.lower() for key, *below in keys if not below} - {"", careful.MARK}
        return all(self._way[1:]) and len(self._way) > 1 and len(single) == len(keys) and not self._types(0)

    def _items(self) -> str:
        """The items of the last list of the record `j`, each a struct of those values and of what `careful` says."""
        fields = {names.parsed(name).keys[0]: "VARCHAR" for name in self._own(0)} | {careful.MARK: "JSON"}
        listed = self._way[-1]
        structure = orjson.dumps({listed: [fields]}).decode()
        return f"struct_extract(from_json(j, {tables.literal(structure)}), {tables.literal(listed)})"

    def _fields(self) -> str:
        """The same as `_read(0)`, from such a struct."""
        keys = [*(names.parsed(name).keys[0] for name in self._own(0)), careful.MARK]
        return f"row({', '.join(f'struct_extract(j, {tables.literal(key)})' for key in keys)})"

    def _fault(self, up: int) -> str:
        """The first thing said against that record that concerns us; the rest is computed for the few that have a mark."""
        mark = f"{f'up{up}' if up else 'own'}[{len(self._own(up)) + 1}]"
        said = [self._said(mark, careful.WHOLE), *([] if up else [self._said(mark, careful.ALONE)])]
        said += [
            f"{tables.literal(f'bad value: {self.reads[name]}: ')} || {self._said(mark, names.parsed(name).pointer)}"
            for name in self._own(up)
        ]
        return f"CASE WHEN {mark} IS NOT NULL THEN coalesce({', '.join(said)}) END"

    @staticmethod
    def _said(mark: str, what: str) -> str:
        return f"json_extract_string({mark}, {tables.literal(names.pointer(what))})"

    def _types(self, up: int) -> str:
        """A column with the names of those values that are null, where that is asked; "" where it isn't."""
        named = [name for name in self._own(up) if name in self.asked]
        if not named:
            return ""
        pointers = ", ".join(tables.literal(names.parsed(name).pointer) for name in named)
        told = f"list_value({', '.join(map(tables.literal, named))})"
        return f", list_where({told}, [coalesce(t = 'NULL', false) FOR t IN json_type(j, [{pointers}]::VARCHAR[])]) AS null{up}"

    def _ups(self) -> Mapping[int, str]:
        """The columns that are carried down from the records above, by how far that is."""
        found = sorted({names.parsed(name).up for name in self.reads} - {0})
        return {up: f", up{up}" + (f", null{up}" if self._types(up) else "") for up in found}

    def _raw(self, ups: Mapping[int, str]) -> str:
        if not ups:
            return "own"
        at = {name: f"{f'up{up}' if up else 'own'}[{place}]" for up in (0, *ups) for place, name in enumerate(self._own(up), 1)}
        return f"[{', '.join(at[name] for name in self.reads)}]::VARCHAR[]"

    def _nulls(self) -> str:
        told = [f"null{up}" for up in sorted({names.parsed(name).up for name in self.asked})]
        return f"nullif(list_concat({', '.join([*told, '[]::VARCHAR[]'])}), [])" if told else "NULL::VARCHAR[]"

    def _records(self, *, is_placed: bool = False) -> str:
        """Rows with row_id, parent_row, nth and j (JSON), and what is carried down; with the number of each level for places.

        Where they are cut at once, j is a struct, and `calm` says of the record around it what it would of each.
        """
        way = self._way[1:]
        numbers = "nth AS nth0, " if is_placed else ""
        query = f"SELECT row_id, NULL::BIGINT AS parent_row, nth, {numbers}file, line AS j FROM ({self.found.query})"
        carried = ", file, nth0" if is_placed else ""
        for depth, name in enumerate(way, 1):
            up = len(way) - depth + 1
            column = "" if is_placed or up not in self._ups() else f", {self._read(up)} AS up{up}{self._types(up)}"
            cut, calm = items(name), ""
            if depth == len(way) and self._at_once and not is_placed:
                cut, calm = self._items(), ", calm"
                column += f", {CALM} AS calm"
            listed = f"SELECT row_id AS parent_row, {cut} AS items{carried}{column} FROM ({query})"
            carried += self._ups().get(up, "") if not is_placed else ""
            carried += calm
            unnested = (
                f"SELECT parent_row, unnest(items) AS j, (generate_subscripts(items, 1) - 1)::INTEGER AS nth{carried} FROM ({listed})"
            )
            row_id = "row_number() OVER ()"
            if len(self.found.names) > 1:
                row_id = f"parent_row // {tables.POSITIONS} * {tables.POSITIONS} + {row_id}"
            numbers = f"nth AS nth{depth}, " if is_placed else ""
            query = f"SELECT {row_id} AS row_id, parent_row, nth, {numbers}j{carried} FROM ({unnested})"
            carried += f", nth{depth}" if is_placed else ""
        return query
