"""An object's fields and links → how lists for people call its cells, beside what they say of a row themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import link_cells

if TYPE_CHECKING:
    from include.bulkload.intake import mapping

# What our lists say of a row, beside its row_id: all of them; those of rejected rows; those of orphans.
OF_ALL = ("error", "job_id", "sf_id")
PLACE = "place"
PARENT = ("parent_object", "parent_row", "parent_key", "parent_fate", "parent_error")
ANCESTOR = ("ancestor_object", "ancestor_row", "ancestor_key", "ancestor_error", "depth")
# Lists of an undo say what was done, and why not.
OF_UNDO = ("act", "why")
OURS = frozenset(["row_id", *OF_ALL, PLACE, "field", *PARENT, *ANCESTOR, *OF_UNDO])


def called(each: mapping.ObjectPlan, field: str) -> str:
    """What a list calls a field: by its name; `Case.Reason` where a column of ours is called so, since most readers ignore case."""
    return f"{each.sobject}.{field}" if field.lower() in OURS else field


def cells(each: mapping.ObjectPlan, rows: str = "s") -> str:
    """An object's cells, to select from the staged rows `rows`: its fields, then the source values that name its parents."""
    fields = {tables.cell(field): called(each, field) for field in each.fields}
    links = {f"as{number}": called(each, told) for number, told in link_cells.told_of(each).items()}
    return ", ".join(f"{rows}.{column} AS {tables.quoted(shown)}" for column, shown in {**fields, **links}.items())
