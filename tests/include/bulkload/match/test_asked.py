"""Keys become lists of SOQL, each key once, none too long; the cheaper way is taken; answers are joined by the folded key."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import entities, tables
from include.bulkload.match import asked
from include.local_org import soql_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Rule = entities.KeyRule
TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300), max_size=20)


def keyed(folder: Path, texts: Sequence[str], rule: entities.KeyRule) -> Path:
    """Write texts with their folded keys, as `found` wants them."""
    with tables.connect(tables.Limits(folder)) as con:
        con.execute("CREATE TABLE given AS SELECT unnest(?::VARCHAR[]) AS text", [list(texts)])
        tables.write_parquet(con, f"SELECT {tables.folded('text', rule)} AS key, text FROM given", folder / "keys.parquet")
    return folder / "keys.parquet"


def queries(folder: Path, texts: Sequence[str], rule: entities.KeyRule, field: str = "Key__c") -> list[str]:
    """All queries that ask for some texts."""
    keys = keyed(folder, texts, rule)
    with tables.connect(tables.Limits(folder)) as con:
        lists = asked.cut(con, keys, rule)
        found = list(asked.listed(con, "Account", field))
    assert lists == len(found)
    return found


def values(queries: Sequence[str]) -> list[str]:
    """Read the lists as an org reads them."""
    words = [word for query in queries for word in soql_words.words(query) if word.kind in {"text", "number"}]
    return [soql_words.unescaped(word.text) if word.kind == "text" else word.text for word in words]


@settings(max_examples=40)
@given(TEXTS)
def test_the_org_reads_the_keys_that_were_meant(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Quotes, backslashes and newlines arrive; each key is asked for once; blank and overlong ones aren't."""
    folder = tmp_path_factory.mktemp("asked")
    trimmed = {text.strip("".join(map(chr, range(33)))) for text in texts}
    expected = sorted(text for text in trimmed if 0 < len(text) <= 255)
    assert expected == sorted(values(queries(folder, texts, Rule.EXACT)))


@pytest.mark.parametrize("letter", ["x", "'", "\U0001f600"], ids=["plain", "escaped", "not ASCII"])
def test_no_list_is_too_long(tmp_path: Path, letter: str) -> None:
    """80,000 characters and not one more, and as few lists as that allows, but one."""
    texts = [f"{number:06d}{letter * (number % 40)}" for number in range(20_000)]
    found = queries(tmp_path, texts, Rule.EXACT)
    sizes = [len(query.partition("(")[2]) - 1 for query in found]
    assert sorted(texts) == sorted(values(found))
    assert (True, True) == (max(sizes) <= asked.LIST_CHARACTERS, len(sizes) <= sum(sizes) // (asked.LIST_CHARACTERS - 100) + 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7", ["7"]),
        ("100", ["100"]),
        ("9.12260031E8", ["912260031"]),
        ("-1.50", ["-1.5"]),
        ("123456789.12", ["123456789.12"]),
        ("1e20", ["1" + "0" * 20]),
        ("1e40", []),
        ("seven", []),
    ],
)
def test_number_keys_are_asked_for_as_plain_numbers(tmp_path: Path, text: str, said: list[str]) -> None:
    """Without quotes and exponents; what is no number can't be found, and isn't asked for."""
    assert said == values(queries(tmp_path, [text], Rule.NUMBER))


def test_only_ids_are_asked_for_as_ids(tmp_path: Path) -> None:
    """One malformed Id and Salesforce refuses the whole query; the two lengths of one Id are one."""
    texts = ["001Ak00000BWKLAq12", "001Ak00000BWKLA", "001Ak00000BWKLAq", "nobody", "001Ak00000BWKL'"]
    assert ["001Ak00000BWKLA"] == values(queries(tmp_path, texts, Rule.RECORD_ID))


def test_a_field_is_named_once() -> None:
    """Salesforce refuses a query that selects Id twice."""
    assert ("SELECT Id FROM Account", "SELECT Id, Key__c FROM Account WHERE Key__c != null") == (
        asked.whole("Account", "Id"),
        asked.whole("Account", "Key__c"),
    )


@pytest.mark.parametrize(
    ("lists", "records", "expected"),
    [
        (1, 50_000_000, True),
        (1, 3, True),
        (2, 1_000, False),
        (2, 200_000, False),
        (2, 200_001, True),
        (285, 100_000_000, True),
        (20, None, True),
        (21, None, False),
    ],
)
def test_the_cheaper_way_is_taken(lists: int, records: int | None, expected: bool) -> None:
    """One list always; several only where the object is large; in the dark no more than a few."""
    assert expected == asked.by_lists(lists, records)


def test_asked_keys_without_a_record_stay_known(tmp_path: Path) -> None:
    """Who looked for them can tell that they were looked for."""
    with tables.connect(tables.Limits(tmp_path)) as con:
        tables.write_parquet(con, "SELECT unnest(['a', 'b', 'c']) AS key, 'as written' AS text", tmp_path / "keys")
        rows = "(VALUES ('a', '001A', false), ('c', '001C', true)) AS t(key, sf_id, twice)"
        tables.write_parquet(con, f"FROM {rows}", tmp_path / "found")
        asked.all_of(con, tmp_path / "keys", tmp_path / "found", tmp_path / "out")
        found = con.execute(f"FROM {tables.parquet(tmp_path / 'out')}").fetchall()
    assert [("a", "001A", False), ("b", None, False), ("c", "001C", True)] == found


ROWS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["a", "A", "b'", "c\\", "é\n"])), max_size=12)


@settings(max_examples=40)
@given(ROWS, st.lists(st.sampled_from(["a", "A ", "b'", "c\\", "é\n", "d"]), max_size=5), st.sampled_from([Rule.EXACT, Rule.CASELESS]))
def test_an_answer_is_joined_as_the_field_compares(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]], texts: list[str], rule: entities.KeyRule
) -> None:
    """A superset comes back, since SOQL has no case: found are exactly the wanted keys, and those that two records have are marked."""
    folder = tmp_path_factory.mktemp("answer")
    fold = (lambda text: text.strip().lower()) if rule is Rule.CASELESS else str.strip
    keys = keyed(folder, texts, rule)
    with (folder / "answer.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("Id", "Key__c"), *((f"001{n}", key) for n, key in rows)])
    with tables.connect(tables.Limits(folder)) as con:
        asked.begin(con)
        asked.read(con, folder / "answer.csv", keys, rule)
        asked.write(con, folder / "out.parquet")
        found = con.execute(f"SELECT key, sf_id, twice FROM {tables.parquet(folder / 'out.parquet')}").fetchall()
    wanted = {fold(text) for text in texts}
    owners = {key: {f"001{n}" for n, each in rows if fold(each) == key} for key in wanted}
    assert sorted((key, min(ids), len(ids) > 1) for key, ids in owners.items() if ids) == sorted(found)
