"""The columns of a wave → the fields that they write, and where the org shows what was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.intake import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.bulkload.steps import journal

ID = "Id"


@dataclass(frozen=True, slots=True)
class Field:
    """One sent column and the field it writes.

    `column` of the CSV (AccountId, Account.External_Id__c); `name` of the field (AccountId); `shown`: the path at which a query
    shows what was sent, None where there is none; `described`: the field's describe; `key`: of a relationship, the describe of the
    parent's key.
    """

    column: str
    name: str
    shown: str | None
    described: Mapping[str, Any]
    key: Mapping[str, Any] | None = None

    @property
    def type(self) -> str:
        """The type of what is sent and shown."""
        return str((self.key or self.described)["type"])

    @property
    def scale(self) -> int:
        """Decimals that the org keeps of a number."""
        return int((self.key or self.described).get("scale") or 0)


def fields(opened: journal.Opened, name: str, columns: Sequence[str]) -> list[Field]:
    """Name the fields that columns of an object write; its Id is none of them."""
    return [_field(opened, name, column) for column in columns if column.lower() != ID.lower()]


def _field(opened: journal.Opened, name: str, column: str) -> Field:
    each = opened.plan.objects[name]
    if "." not in column:
        return Field(column, column, column, keys.described(opened.describes, each.sobject, column))
    kind, _, path = column.rpartition(":")
    relationship, _, key = path.partition(".")
    for _, field, _, link in each.numbered_links:
        described = keys.described(opened.describes, each.sobject, field)
        parent = str(link.sobject or opened.plan.objects[str(link.object)].sobject)
        if described["relationshipName"] == relationship and (not kind or kind == parent):
            # A lookup that may point at several objects shows their Ids only.
            return Field(column, field, None if kind else path, described, keys.described(opened.describes, parent, key))
    raise KeyError(column)
