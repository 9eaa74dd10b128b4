"""Keys of later runs: compared with this run's by the rules of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from include.bulkload.basics import tables
from include.bulkload.basics.entities import KeyRule
from include.bulkload.match import newer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        (KeyRule.CASELESS, KeyRule.CASELESS, None),
        (KeyRule.CASELESS, KeyRule.EXACT, KeyRule.CASELESS),
        (KeyRule.EXACT, KeyRule.CASELESS, KeyRule.CASELESS),
        (KeyRule.NUMBER, KeyRule.EXACT, KeyRule.NUMBER),
        (KeyRule.EXACT, KeyRule.NUMBER, KeyRule.EXACT),
    ],
)
def test_the_looser_of_two_rules_counts(ours: KeyRule, theirs: KeyRule, rule: KeyRule | None) -> None:
    """An older row is rather left alone than written over a newer one; where the type changed, this run's rule."""
    assert rule == newer.common(ours, theirs)


def test_a_key_is_looked_for_in_all_later_runs_by_the_rule_of_each(tmp_path: Path) -> None:
    """One folds as this run does, the other doesn't; a row without a key is in none."""
    with duckdb.connect(":memory:") as con:
        for name, key in (("alike", "X"), ("also", "Y"), ("looser", "b")):
            tables.write_parquet(con, f"SELECT '{key}' AS key", tmp_path / name)
        later = [newer.Keys(tmp_path / "alike"), newer.Keys(tmp_path / "looser", KeyRule.CASELESS), newer.Keys(tmp_path / "also")]
        rows = "(SELECT unnest(['X', 'x', 'Y', 'b', 'B', 'c', NULL]) AS key)"
        assert ["B", "X", "Y", "b"] == [
            key for (key,) in con.execute(f"SELECT key FROM {rows} WHERE {newer.among('key', later)} ORDER BY key").fetchall()
        ]
        assert [] == con.execute(f"SELECT key FROM {rows} WHERE {newer.among('key', [])}").fetchall()
