"""Staged rows and those of the parents that they name by key → how many name a key that no row has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import duckdb

    from include.bulkload.intake import plan

IN_THE_ORG = "look_in_org"


@dataclass(frozen=True, slots=True)
class Dangling:
    """Rows of an object whose link by key leads to no row: lookup field, parents' name in the plan, rows, the first such key."""

    field: str
    object: str
    rows: int
    example: str

    def as_document(self) -> dict[str, Any]:
        """Say it in an entry, and in the summary."""
        return {"field": self.field, "object": self.object, "rows": self.rows, "example": self.example}


def of(con: duckdb.DuckDBPyConnection, checked: plan.Plan, name: str, staged: Mapping[str, Path]) -> list[Dangling]:
    """Count the dangling rows of an object, by link; links without any are left out.

    `staged`: object → its staged rows. A key that is only a rejected row's doesn't dangle: that row is the cause. Links
    whose missing parents are looked for in the org aren't counted.
    """
    return [each for each in _each(con, checked, name, staged) if each.rows]


def _each(con: duckdb.DuckDBPyConnection, checked: plan.Plan, name: str, staged: Mapping[str, Path]) -> Iterator[Dangling]:
    for number, field, _, link in checked.objects[name].numbered_links:
        if link.object is None or link.by != "key" or link.missing == IN_THE_ORG:
            continue
        parents = f"(SELECT DISTINCT key FROM {tables.parquet(staged[link.object])} WHERE key IS NOT NULL)"
        rows = f"(SELECT row_id, to{number} AS key, as{number} AS text FROM {tables.parquet(staged[name])} WHERE {split.FINE})"
        query = f"SELECT count(*), arg_min(text, row_id) FROM (FROM {rows} WHERE key IS NOT NULL) ANTI JOIN {parents} USING (key)"
        count, example = con.execute(query).fetchone() or (0, None)
        yield Dangling(field, link.object, int(count), str(example))
