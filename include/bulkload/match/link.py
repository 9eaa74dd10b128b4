"""Children's staged rows and their parents' Ids → the rows that can be sent, lookups filled, siblings together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def children(staged: Path, fields: Sequence[str], links: Sequence[tuple[str, Path]]) -> str:
    """The query of row_id, key, parent_row, `fields` and one lookup column per link, in sending order.

    `links`: lookup field → the parents' id map. Only fine rows whose parent's record this run wrote; all
    children of one record lie together, so that few jobs lock the same parent.
    """
    cells = ", ".join(f"s.{tables.quoted(field)}" for field in fields)
    lookups = ", ".join(f"m{place}.sf_id AS {tables.quoted(field)}" for place, (field, _) in enumerate(links))
    joins = " ".join(
        f"JOIN {tables.parquet(id_map)} AS m{place} ON s.parent_row = m{place}.row_id" for place, (_, id_map) in enumerate(links)
    )
    return (
        f"SELECT s.row_id, s.key, s.parent_row, {cells}, {lookups} FROM {tables.parquet(staged)} AS s {joins} "
        "WHERE s.reason IS NULL AND s.merged_into IS NULL ORDER BY m0.sent_row, s.row_id"
    )
