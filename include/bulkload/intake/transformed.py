"""An object's raw rows and a function of people's own → raw rows with what the function made of their texts.

The rows pass it as pandas frames, batch by batch, the one place where rows are Python objects: that is what it takes.
Rows that can't be read don't pass it. Only plans with a transform import pandas.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include import transforms
from include.bulkload.basics import errors, tables
from include.bulkload.intake import raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import plan

log = logging.getLogger(__name__)

# Of DuckDB's own vectors, 2,048 rows each.
VECTORS = 20
TEXT = frozenset({"string", "empty"})
REMEDY = "mend the function in include/transforms"


def mistakes(checked: plan.Plan) -> list[str]:
    """List the functions that a plan names and include/transforms doesn't have; files there that can't be imported."""
    named = {f"objects.{name}.transform.function": each.transform.function for name, each in checked.objects.items() if each.transform}
    if not named:
        return []
    try:
        known = transforms.known()
    except Exception as wrong:
        log.exception("include/transforms can't be imported")
        return [f"{place}: include/transforms can't be imported ({type(wrong).__name__}: {wrong}); mend it" for place in named]
    return [
        f"{place}: no transform is called {function}; include/transforms has {', '.join(sorted(known)) or 'none'}"
        for place, function in named.items()
        if function not in known
    ]


def rows(con: duckdb.DuckDBPyConnection, found: raw.Raw, checked: plan.Plan, name: str, folder: Path) -> raw.Raw:
    """Let an object's rows pass the plan's function, if it has one. Raises TransformFailed, or PlanError if nobody knows it."""
    each = checked.objects[name].transform
    if each is None:
        return found
    if wrong := mistakes(checked):
        raise errors.PlanError(*wrong)
    before, after = folder / f"{name}-raw.parquet", folder / f"{name}-transformed.parquet"
    tables.write_parquet(con, f"SELECT * REPLACE ({found.texts} AS raw) FROM ({found.query})", before)
    passing = _Passing(con, found.reads, each.function, transforms.known()[each.function])
    passing.all_of(before)
    texts = f"list_value({', '.join(f't{place}' for place in range(len(found.reads)))})"
    query = (
        f"SELECT row_id, parent_row, nth, CASE WHEN fault IS NULL THEN {texts} ELSE raw END AS raw, nulls, fault, "
        f"filtered OR (fault IS NULL AND NOT coalesce(passed, false)) AS filtered "
        f"FROM {tables.parquet(before)} LEFT JOIN passed USING (row_id) ORDER BY row_id"
    )
    tables.write_parquet(con, query, after)
    con.execute("DROP TABLE passed")
    return raw.Raw(f"SELECT * FROM {tables.parquet(after)}", found.reads, found.places)


@dataclass(frozen=True, slots=True)
class _Passing:
    """Frames on their way through a function and into the table `passed`: row_id, passed, one text column per source value."""

    con: duckdb.DuckDBPyConnection
    reads: tuple[str, ...]
    name: str
    function: transforms.Function

    def all_of(self, before: Path) -> None:
        """Pass all rows of a Parquet file that can be read."""
        columns = "".join(f", t{place} VARCHAR" for place in range(len(self.reads)))
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE passed (row_id BIGINT, passed BOOLEAN{columns})")
        for number, frame in enumerate(self._frames(before), 1):
            self._keep(self._checked(frame.index, self._called(frame, number), number))

    def _frames(self, before: Path) -> Iterator[Any]:
        """Cut the rows into frames: one text column per source value, the row id as index."""
        texts = "".join(f", raw[{place + 1}] AS t{place}" for place in range(len(self.reads)))
        cursor = self.con.cursor()
        cursor.execute(f"SELECT row_id{texts} FROM {tables.parquet(before)} WHERE fault IS NULL AND NOT filtered ORDER BY row_id")
        while len(frame := cursor.fetch_df_chunk(VECTORS)):
            frame = frame.set_index("row_id").astype("str")
            frame.columns = list(self.reads)
            yield frame
        cursor.close()

    def _called(self, frame: Any, number: int) -> Any:
        try:
            return self.function(frame)
        except Exception as wrong:
            log.exception("the transform %s fails in batch %s", self.name, number)
            raise self._failed(number, f"it raises {type(wrong).__name__}: {wrong}; its traceback is in the log") from wrong

    def _failed(self, number: int, wrong: str) -> errors.TransformFailed:
        return errors.TransformFailed(f"the transform {self.name}, batch {number}: {wrong}; {REMEDY}")

    def _checked(self, index: Any, made: Any, number: int) -> Any:
        """Whether what the function returns is a frame of the same rows, all text."""
        import pandas as pd

        if not isinstance(made, pd.DataFrame):
            raise self._failed(number, f"it returns {type(made).__name__}, a DataFrame is expected")
        if not made.index.is_unique:
            raise self._failed(number, f"it returns row {made.index[made.index.duplicated()][0]} of the index twice")
        new = made.index.difference(index)
        if len(new):
            raise self._failed(number, f"it returns rows that it wasn't given ({new[0]} in the index); it must keep the frame's index")
        for name in self.reads:
            if list(made.columns).count(name) != 1:
                raise self._failed(number, f"it returns {list(made.columns).count(name)} columns called {name}")
            if (kind := pd.api.types.infer_dtype(made[name], skipna=True)) not in TEXT:
                raise self._failed(number, f"the column {name} isn't all text but {kind}")
        return made

    def _keep(self, made: Any) -> None:
        """Add what came out to `passed`. By lists: DuckDB would guess a frame's types from some of its rows."""
        texts = [made[name].astype(object).where(made[name].notna(), None).tolist() for name in self.reads]
        columns = "".join(f", unnest(${place + 2}::VARCHAR[])" for place in range(len(self.reads)))
        self.con.execute(f"INSERT INTO passed SELECT unnest($1::BIGINT[]), true{columns}", [made.index.tolist(), *texts])
