"""Rows that name their records by a key get the Ids; a key that the org doesn't have, or has twice, is a rejected row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.match import own_ids

if TYPE_CHECKING:
    import pytest

KEYS = st.sampled_from(["a", "b", "c", "d", None])


@settings(max_examples=40)
@given(st.lists(KEYS, max_size=8), st.dictionaries(st.sampled_from(["a", "b", "c"]), st.booleans()))
def test_each_row_is_sent_with_its_id_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str | None], org: dict[str, bool]
) -> None:
    """No row is lost or doubled, the order stays, and the Id is that of the row's own key."""
    folder = tmp_path_factory.mktemp("ids")
    rows, found, ready, aside = (folder / f"{name}.parquet" for name in ("rows", "found", "ready", "aside"))
    with tables.connect(tables.Limits(folder)) as con:
        con.execute("CREATE TABLE r AS SELECT unnest(?::VARCHAR[]) AS key", [keys])
        tables.write_parquet(con, 'SELECT 100 - rowid AS row_id, key, key AS ".Key__c" FROM r ORDER BY rowid', rows)
        con.execute("CREATE TABLE f AS SELECT unnest(?::VARCHAR[]) AS key, unnest(?::BOOLEAN[]) AS twice", [list(org), list(org.values())])
        tables.write_parquet(con, "SELECT key, '001' || key AS sf_id, twice FROM f", found)
        counts = own_ids.given(con, rows, found, ready, aside)
        sent = con.execute(f'SELECT row_id, key, ".Key__c", ".Id" FROM {tables.parquet(ready)}').fetchall()
        lost = con.execute(f"SELECT row_id, fate, error FROM {tables.parquet(aside)}").fetchall()
    numbered = [(100 - place, key) for place, key in enumerate(keys)]
    assert [(row, key, key, f"001{key}") for row, key in numbered if org.get(key or "") is False] == sent
    why = {True: own_ids.SEVERAL, None: own_ids.NOT_FOUND}
    expected = [(row, "rejected", why[org.get(key or "")]) for row, key in numbered if org.get(key or "") is not False]
    assert sorted(expected) == lost
    twice = sum(org.get(key or "") is True for key in keys)
    assert own_ids.Counts(len(sent), len(lost) - twice, twice) == counts
