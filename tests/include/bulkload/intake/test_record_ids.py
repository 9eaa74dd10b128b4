"""Ids as the local org makes them → all known; any other text → none."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.intake import record_ids
from include.local_org import ids

SHORT = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=15, max_size=15)
TEXTS = st.lists(SHORT | SHORT.map(ids.full) | SHORT.map(lambda short: short + "AAA") | st.text(max_size=20), min_size=1, max_size=30)


@given(TEXTS)
def test_an_id_is_one_if_its_checksum_says_so(texts: list[str]) -> None:
    """15 characters have none (contract 7.7)."""
    found = duckdb.execute(f"SELECT {record_ids.malformed('each')} FROM (SELECT unnest(?::VARCHAR[]) AS each)", [texts]).fetchall()
    assert [(ids.read(text) is None,) for text in texts] == found
