"""Keys that later runs folded, by the rules of both runs → whether a row of this run has one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXT = {entities.KeyRule.EXACT, entities.KeyRule.CASELESS}


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one object in one later run (Parquet: key); `rule`: this run's are to be folded by it, too; None: as they are.

    `spares_links`: nothing was written to the lookups of this run's rows. `of`: the later run's id.
    """

    file: Path
    rule: entities.KeyRule | None = None
    spares_links: bool = False
    of: str = ""


def common(ours: entities.KeyRule, theirs: entities.KeyRule) -> entities.KeyRule | None:
    """By which rule keys of two runs are compared that fold the same field by these; None: both fold it alike.

    Where one tells `a` from `A` and the other doesn't, they are one key: rather is an older row left than a newer one written over.
    """
    if ours == theirs:
        return None
    return entities.KeyRule.CASELESS if {ours, theirs} == TEXT else ours


def among(key: str, later: Sequence[Keys]) -> str:
    """Whether a key of this run (SQL) is one of them."""
    found = []
    for rule in dict.fromkeys(each.rule for each in later):
        files = tables.parquets([each.file for each in later if each.rule == rule])
        found.append(f"{tables.folded(key, rule) if rule else key} IN (SELECT key FROM {files})")
    return f"({' OR '.join(found) or 'false'})"


def of_links(later: Sequence[Keys]) -> list[Keys]:
    """Those that are newer than a row of which the links alone are set."""
    return [each for each in later if not each.spares_links]


def rows(keyed: Path, later: Sequence[Keys]) -> str:
    """The query of those rows (row_id) of a file of row_id and key whose key is one of them."""
    return f"SELECT row_id FROM {tables.parquet(keyed)} WHERE {among('key', later)}"
