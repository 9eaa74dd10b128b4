"""Transactions → committed whole or not at all, and told of in time."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from include.local_org import store

if TYPE_CHECKING:
    from pathlib import Path


def ids_in(path: Path) -> list[str]:
    """Jobs that another process would find in the file."""
    with sqlite3.connect(path) as con:
        return [row[0] for row in con.execute('SELECT id FROM "_jobs"')]


def test_what_is_told_of_is_committed(tmp_path: Path) -> None:
    """A job's counters are shown only once another reader finds its rows."""
    found, path = [], tmp_path / "org.db"
    db = store.Store(path, {})
    with db.writing(lambda: found.append(ids_in(path))) as con:
        db.save_job(con, {"id": "750", "place": 0})
        found.append(ids_in(path))
    assert [[], ["750"]] == found


def break_off(db: store.Store, found: list[str]) -> None:
    """Save a job and fail before the end."""
    with db.writing(lambda: found.append("told")) as con:
        db.save_job(con, {"id": "750", "place": 0})
        raise KeyError


def test_what_is_rolled_back_is_not_told_of(tmp_path: Path) -> None:
    """Nothing of it is there either."""
    found: list[str] = []
    with pytest.raises(KeyError):
        break_off(store.Store(tmp_path / "org.db", {}), found)
    assert ([], []) == (found, ids_in(tmp_path / "org.db"))
