"""Rows of a query: every value arrives as exact text, or its row is rejected."""

from __future__ import annotations

import datetime
import decimal
import math
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors, tables
from include.bulkload.intake import batches, sources
from tests.include.bulkload.intake import sourced

EAST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
ODD = datetime.timezone(datetime.timedelta(seconds=3208))
MOMENT = datetime.datetime(2026, 11, 25, 12, 0, 1, 500_000)  # noqa: DTZ001 - a naive one is meant


def read(rows: list[tuple[Any, ...]], *reads: str, kind: str = "string", size: int = 3, **said: Any) -> list[sourced.Row]:
    """Read rows whose columns are called as `reads` says, some at a time."""
    mapping = sourced.checked({"O": {"reads": reads, **said}}, uri=None, sql="SELECT 1", conn_id="db")
    given = [batches.Batch(reads, rows[at : at + size]) for at in range(0, max(len(rows), 1), size)]
    return found_in(given, mapping, kind)["O"]


def found_in(given: list[batches.Batch], mapping: Any, kind: str = "string") -> dict[str, list[sourced.Row]]:
    """Read batches by a plan."""
    with tempfile.TemporaryDirectory() as text, tables.connect(tables.Limits(Path(text) / "spill")) as con:
        source = sources.Source("source", mapping, sourced.describes(kind))
        raws = sources.from_batches(source, iter(given), Path(text)).raws
        return {name: sourced.fetched(con, each) for name, each in raws.items()}


VALUES = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers() | st.booleans() | st.floats()


@given(st.lists(st.tuples(VALUES, VALUES), max_size=9), st.integers(1, 4))
def test_rows_arrive_as_they_left(rows: list[tuple[Any, Any]], size: int) -> None:
    """In their order, however many come at a time, each column of any mixture."""

    def text(value: Any) -> str | None:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        return words.get(repr(value), repr(value))

    found = read(rows, "a", "b", size=size)
    assert [(text(one), text(other)) for one, other in rows] == [tuple(row.values.values()) for row in found]
    assert [(None, f"row {number}") for number in range(1, len(rows) + 1)] == [(row.fault, row.place) for row in found]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (decimal.Decimal("1.10"), "1.10"),
        (decimal.Decimal("0E-10"), "0.0000000000"),
        (decimal.Decimal("1E+3"), "1000"),
        (decimal.Decimal("NaN"), "NaN"),
        (decimal.Decimal("-Infinity"), "-Infinity"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e16, "1e+16"),
        (-math.inf, "-Infinity"),
        (10**30, "1" + "0" * 30),
        (MOMENT, "2026-11-25T12:00:01.500000"),
        (MOMENT.replace(tzinfo=datetime.UTC), "2026-11-25T12:00:01.500000Z"),
        (MOMENT.replace(tzinfo=EAST), "2026-11-25T12:00:01.500000+05:30"),
        (MOMENT.replace(tzinfo=ODD), "2026-11-25T11:06:33.500000Z"),
        (MOMENT.date(), "2026-11-25"),
        (MOMENT.time(), "12:00:01.500000"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("a\x00b", "a\x00b"),
    ],
)
def test_each_type_has_its_text(value: Any, text: str) -> None:
    """The same as in files, alone in its column and beside others."""
    assert [text] == sourced.values(read([(value,)], "v"), "v")
    assert [None, text, "x"] == sourced.values(read([(None,), (value,), ("x",)], "v"), "v")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"x", "a single value is expected, not binary data"),
        (memoryview(b"x"), "a single value is expected, not binary data"),
        ({"a": 1}, "a single value is expected, not object"),
        (["a"], "a single value is expected, not array"),
        (datetime.timedelta(1), "a single value is expected, not interval"),
        (1j, "a single value is expected, not complex"),
        ("\ud800", "it is no text, or a number of thousands of digits"),
        pytest.param(10**5000, "it is no text, or a number of thousands of digits", id="thousands of digits"),
    ],
)
def test_what_is_no_single_value_rejects_its_row(value: Any, told: str) -> None:
    """And only that of objects that read it."""
    objects = {"A": {"reads": ["v"]}, "B": {"reads": ["n"]}}
    mapping = sourced.checked(objects, uri=None, sql="SELECT 1", conn_id="db")
    found = found_in([batches.Batch(["n", "v"], [(1, None), (2, value), (None, "x")])], mapping)
    assert [None, f"bad value: Field0__c: {told}", None] == [row.fault for row in found["A"]]
    assert [("1", None), ("2", None), (None, None)] == [(row.values["n"], row.fault) for row in found["B"]]


@pytest.mark.parametrize(
    ("value", "text", "fault"),
    [
        (["a", "b c"], "a;b c", None),
        ((1, True, decimal.Decimal("1.0")), "1;true;1.0", None),
        ([], "", None),
        (None, None, None),
        ("a;b", "a;b", None),
        (["a", None], None, "a list of single values is expected, not of null"),
        (["a;b"], None, "an item of its list holds ;, which stands between two"),
        ([" "], None, "an item of its list is blank"),
        ([["a"]], None, "a single value is expected, not array"),
    ],
)
def test_lists_fill_multi_select_picklists(value: Any, text: str | None, fault: str | None) -> None:
    """As JSON lists do."""
    (found,) = read([(value,)], "v", kind="multipicklist")
    assert (text, f"bad value: Field0__c: {fault}" if fault else None) == (found.values["v"], found.fault)


def test_nulls_are_told_where_the_plan_asks() -> None:
    """An empty text is none."""
    rows = [(None, "x", None), ("", "", None), ("x", "x", "x")]
    assert [["a", "c"], ["c"], None] == [row.nulls for row in read(rows, "a", "b", "c", nulls="clear")]
    assert [None] * 3 == [row.nulls for row in read(rows, "a", "b", "c")]


def test_a_query_without_rows_is_an_empty_source() -> None:
    """Nothing changed tonight; its columns are still looked at."""
    assert [] == read([], "a")
    mapping = sourced.checked({"O": {"reads": ["nam"]}}, uri=None, sql="SELECT 1", conn_id="db")
    with pytest.raises(errors.PlanError, match="the query: it has no column nam that the plan reads; did you mean NAME"):
        found_in([batches.Batch(["ID", "NAME"], [])], mapping)


def test_two_columns_of_one_name_are_refused() -> None:
    """Nobody can say which one is meant."""
    mapping = sourced.checked({"O": {"reads": ["id"]}}, uri=None, sql="SELECT 1", conn_id="db")
    with pytest.raises(errors.SourceError, match="two columns called id; name them apart with AS"):
        found_in([batches.Batch(["id", "id"], [])], mapping)


def test_the_checksum_is_of_what_the_plan_reads(tmp_path: Path) -> None:
    """However many rows come at a time; another value is another checksum."""
    mapping = sourced.checked({"O": {"reads": ["a"]}}, uri=None, sql="SELECT 1", conn_id="db")
    source = sources.Source("source", mapping, sourced.describes())

    def checksum(*given: list[tuple[Any, ...]]) -> str:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            return sources.from_batches(source, [batches.Batch(["a", "b"], rows) for rows in given], Path(folder)).sha256

    one = checksum([(1, 2), (3, 4)])
    assert [one, one] == [checksum([(1, 2)], [(3, 4)]), checksum([(1, 5)], [(3, 6)])]
    assert one != checksum([(1, 2), (4, 4)])
