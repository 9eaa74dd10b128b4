"""Parquet files: every value arrives as exact text, or its row is rejected."""

from __future__ import annotations

import datetime
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors
from tests.include.bulkload.intake import sourced

if TYPE_CHECKING:
    import decimal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# As DuckDB's types have it; years as ISO 8601 writes them.
MOMENTS = st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31))  # noqa: DTZ001 - naive ones are meant
DECIMALS = st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False, places=7)


def parquet(select: str, *given: Any) -> bytes:
    """Write a query's rows as a Parquet file."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        # What a session is set to must not change what is read.
        con.execute("SET TimeZone = 'America/New_York'")
        con.execute(f"CREATE TABLE t AS {select}", given)
        con.execute(f"COPY t TO '{folder}/x' (FORMAT parquet)")
        return Path(folder, "x").read_bytes()


def read(content: bytes, *reads: str, kind: str = "string", **said: Any) -> list[sourced.Row]:
    """Read one file."""
    return sourced.rows(sourced.checked({"O": {"reads": reads, **said}}, format="parquet"), {"x": content}, kind)["O"]


def column(type_: str, values: list[Any]) -> list[str | None]:
    """Send a column of values through a file of a type; the texts that arrive."""
    content = parquet(f"SELECT unnest(?::{type_}[]) AS v", values)
    return sourced.values(read(content, "v"), "v")


@given(st.lists(st.none() | TEXTS, min_size=1))
def test_text_arrives_as_it_left(values: list[str | None]) -> None:
    """Null is nothing."""
    assert values == column("VARCHAR", values)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.lists(DECIMALS, min_size=1))
def test_numbers_keep_every_digit(whole: list[int], parts: list[decimal.Decimal]) -> None:
    """A decimal keeps its scale, trailing zeros included."""
    assert [str(each) for each in whole] == column("BIGINT", whole)
    assert [f"{each:.7f}".replace("-0.0000000", "0.0000000") for each in parts] == column("DECIMAL(38, 7)", parts)


@given(st.lists(st.floats(), min_size=1))
def test_floats_are_the_shortest_text_that_reads_alike(values: list[float]) -> None:
    """What is no number comes as a word, for the checks of values to reject."""
    texts = column("DOUBLE", values)
    for value, text in zip(values, texts, strict=True):
        assert text is not None
        assert (math.isnan(value) and text == "NaN") or (float(text) == value and math.copysign(1, float(text)) == math.copysign(1, value))
        assert not math.isfinite(value) or len(text) <= len(repr(value))
    assert ["NaN", "Infinity", "-Infinity", "0.1"] == column("FLOAT", [math.nan, math.inf, -math.inf, 0.1])


@given(st.lists(MOMENTS, min_size=1))
def test_times_are_iso_8601(values: list[datetime.datetime]) -> None:
    """Naive ones stay so; an instant is told in UTC; nothing is rounded."""
    assert values == [datetime.datetime.fromisoformat(str(text)) for text in column("TIMESTAMP", values)]
    assert [each.date().isoformat() for each in values] == column("DATE", values)
    instants = [each.replace(tzinfo=datetime.UTC) for each in values]
    texts = column("TIMESTAMPTZ", instants)
    assert instants == [datetime.datetime.fromisoformat(str(text)) for text in texts]
    assert all(str(text).endswith("Z") for text in texts)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("true", "true"),
        ("255::UTINYINT", "255"),
        ("18446744073709551615::UBIGINT", "18446744073709551615"),
        ("1.10::DECIMAL(4, 2)", "1.10"),
        ("1e16::DOUBLE", "1e+16"),
        ("TIMESTAMP '2024-02-29 12:00:00.5'", "2024-02-29T12:00:00.5"),
        ("TIMESTAMP_NS '2024-02-29 12:00:00.123456789'", "2024-02-29T12:00:00.123456789"),
        ("TIMESTAMP_MS '2024-02-29 12:00:00.001'", "2024-02-29T12:00:00.001"),
        ("TIMESTAMPTZ '2024-02-29 12:00:00+02'", "2024-02-29T10:00:00Z"),
        ("TIME '12:00:01.5'", "12:00:01.5"),
        ("TIMETZ '12:00:01+02'", "10:00:01Z"),
        ("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("'x'::ENUM('x', 'y')", "x"),
        ("""'{"a": 1}'::JSON""", '{"a": 1}'),
    ],
)
def test_each_type_has_its_text(sql: str, text: str) -> None:
    """Nothing is said in the engine's own words."""
    assert [text] == sourced.values(read(parquet(f"SELECT {sql} AS v"), "v"), "v")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [("'a'::BLOB", "binary data"), ("[1]", "array"), ("{'a': 1}", "object"), ("MAP {'a': 1}", "object"), ("INTERVAL 1 DAY", "interval")],
)
def test_what_is_no_single_value_rejects_its_row(sql: str, kind: str) -> None:
    """And only that of objects that read it; null is nothing there too."""
    found = read(parquet(f"SELECT {sql} AS v UNION ALL SELECT NULL"), "v")
    assert [f"bad value: Field0__c: a single value is expected, not {kind}", None] == [row.fault for row in found]
    both = sourced.checked({"A": {"reads": ["v"]}, "B": {"reads": ["n"]}}, format="parquet")
    rows = sourced.rows(both, {"x": parquet(f"SELECT {sql} AS v, 1 AS n")})
    assert (False, True) == (rows["A"][0].fault is None, rows["B"][0].fault is None)


def test_objects_in_a_column_are_read_by_pointer() -> None:
    """As in JSON."""
    content = parquet("SELECT {'city': 'B', 'geo': {'lat': 1.50::DECIMAL(4, 2)}} AS address UNION ALL SELECT NULL")
    found = read(content, "/address/city", "/address/geo/lat")
    assert [["B", "1.50"], [None, None]] == [[*row.values.values()] for row in found]


@pytest.mark.parametrize(
    ("sql", "text", "fault"),
    [
        ("['a', 'b c']", "a;b c", None),
        ("[1, 2]", "1;2", None),
        ("[true]", "true", None),
        ("[]::VARCHAR[]", "", None),
        ("NULL::VARCHAR[]", None, None),
        ("['a', NULL]", None, "a list of single values is expected, not of null"),
        ("['a', ' ']", None, "an item of its list is blank"),
        ("['a;b']", None, "an item of its list holds ;, which stands between two"),
        ("[['a']]", None, "a list of single values is expected, not of array"),
    ],
)
def test_lists_fill_multi_select_picklists(sql: str, text: str | None, fault: str | None) -> None:
    """As JSON lists do."""
    (found,) = read(parquet(f"SELECT {sql} AS v"), "v", kind="multipicklist")
    assert (text, f"bad value: Field0__c: {fault}" if fault else None) == (found.values["v"], found.fault)


def test_nulls_are_told_where_the_plan_asks() -> None:
    """An empty text is none, and what can't be read isn't either."""
    content = parquet("SELECT unnest([NULL, '', 'x']) AS a, unnest([NULL, 'b'::BLOB, NULL]) AS b, NULL AS c")
    assert [["a", "b", "c"], ["c"], ["b", "c"]] == [row.nulls for row in read(content, "a", "b", "c", nulls="clear")]
    assert [None] * 3 == [row.nulls for row in read(content, "a", "b", "c")]


def test_files_of_a_source_are_one_table() -> None:
    """Types may differ from file to file, columns may not; the place names file and row."""
    files = {"a.parquet": parquet("SELECT unnest([1, 2]) AS x, 'p' AS y")}
    files["b.parquet.zst"] = zstandard.compress(parquet("SELECT 'q' AS y, '3' AS x"))
    found = sourced.rows(sourced.checked({"O": {"reads": ["x", "y"]}}), files)["O"]
    assert [("1", "p"), ("2", "p"), ("3", "q")] == [tuple(row.values.values()) for row in found]
    assert ["a.parquet, row 1", "a.parquet, row 2", "b.parquet.zst, row 1"] == [row.place for row in found]
    assert [0, 0, 1] == [row.row_id >> 40 for row in found]
    files["c.parquet"] = parquet("SELECT 1 AS x")
    with pytest.raises(errors.SourceError, match=r"c\.parquet: its columns aren't those of a\.parquet: y missing"):
        sourced.rows(sourced.checked({"O": {"reads": ["x"]}}), files)


@pytest.mark.parametrize("content", [b"", b"PAR1 no", parquet("SELECT 1 AS x")[:-20]])
def test_a_file_that_cannot_be_read_is_refused(content: bytes) -> None:
    """Half a file isn't a small one."""
    with pytest.raises(errors.SourceError, match="x: it can't be read as Parquet"):
        read(content, "x")


def test_a_missing_column_is_named() -> None:
    """With those like it."""
    with pytest.raises(errors.PlanError, match="x: it has no column nam that the plan reads; did you mean name"):
        read(parquet("SELECT 1 AS name"), "nam")
