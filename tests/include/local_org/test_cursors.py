"""A query's rows are kept whole for their next pages."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from include.local_org import cursors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("count", [0, 1, 1999, 2000, 2001, 2199, 2200, 2201, 4400])
@pytest.mark.parametrize("size", [200, 777, 2000])
def test_pages_of_any_size_are_the_rows_in_their_order(count: int, size: int, tmp_path: Path) -> None:
    """In memory or in a file: nothing lost, nothing twice, and no file left."""
    kept = cursors.kept(rows(count), tmp_path)
    pages = [kept.stretch(start, start + size) for start in range(0, max(count, 1), size)]
    assert [(n, "ä", 0.5, None) for n in range(count)] == [row for page in pages for row in page]
    if kept.file:
        kept.file.close()
    assert (count, []) == (kept.total, list(tmp_path.iterdir()))


def rows(count: int) -> sqlite3.Cursor:
    """So many rows of a database."""
    query = "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c) SELECT n, 'ä', 0.5, NULL FROM c LIMIT ?"
    return sqlite3.connect(":memory:").execute(query, [count])
