"""The columns of a wave → the fields that they write, by the plan's links and the describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.intake import keys
from include.bulkload.match import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.steps import journal

ID = "Id"


def fields(opened: journal.Opened, name: str, sent: Sequence[str]) -> list[columns.Field]:
    """Name the fields that columns of an object write; its Id is none of them."""
    return [_field(opened, name, column) for column in sent if column.lower() != ID.lower()]


def _field(opened: journal.Opened, name: str, column: str) -> columns.Field:
    each = opened.plan.objects[name]
    if "." not in column:
        return columns.Field(column, column, column, keys.described(opened.describes, each.sobject, column))
    kind, _, path = column.rpartition(":")
    relationship, _, key = path.partition(".")
    for _, field, _, link in each.numbered_links:
        described = keys.described(opened.describes, each.sobject, field)
        parent = str(link.sobject or opened.plan.objects[str(link.object)].sobject)
        if described["relationshipName"] == relationship and (not kind or kind == parent):
            # A lookup that may point at several objects shows no more than their Ids.
            return columns.Field(column, field, None if kind else path, described, keys.described(opened.describes, parent, key))
    raise KeyError(column)
