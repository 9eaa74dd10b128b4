"""One column of a wave → the field that it writes, where the org shows it, and how both texts compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import keys
from include.bulkload.load import stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NULL = "#N/A"


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

    def shown_folded(self, cell: str) -> str:
        """The SQL of what was sent, or of what is shown of it, as the org compares it; blank and `#N/A` → NULL."""
        if self.key is not None:
            return tables.folded(_filled(cell), keys.rule(self.key))
        return self.folded(cell)

    def folded(self, cell: str) -> str:
        """The SQL of the field's own text as the org stores it, whatever its line ends; blank and `#N/A` → NULL."""
        kind, scale = str(self.described["type"]), self.described.get("scale")
        return f"nullif({stored.folded(tables.line_feeds(_filled(cell)), kind, None if scale is None else int(scale))}, '')"


def _filled(cell: str) -> str:
    return f"nullif({cell}, '{NULL}')"


def asked(fields: Sequence[Field]) -> list[str]:
    """What a query must name to see all these fields: each path once, whatever its case."""
    paths = [path for each in fields for path in (each.name, each.shown) if path is not None]
    return list({path.lower(): path for path in reversed(paths)}.values())[::-1]
