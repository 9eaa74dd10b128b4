"""CSV files: what is sound arrives as it left; what isn't is one rejected row, or an error that names its line."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors
from include.bulkload.intake import delimited, dialect, torn
from tests.include.bulkload.intake import sourced

COLUMNS = ("id", "a.b c", "x")
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(alphabet="a\",;\r\n \t'", max_size=6)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8)


def plan(reads: tuple[str, ...] = COLUMNS, **said: Any) -> Any:
    """A plan that reads these columns."""
    return sourced.checked({"O": {"reads": reads}}, format="csv", csv=said)


def read(content: bytes | str, reads: tuple[str, ...] = COLUMNS, **said: Any) -> list[sourced.Row]:
    """Read one file."""
    whole = content.encode() if isinstance(content, str) else content
    return sourced.rows(plan(reads, **said), {"x.csv": whole})["O"]


def written(table: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS, **form: Any) -> str:
    """Write a table as Python writes CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, **form).writerows([columns, *table])
    return out.getvalue()


@given(
    TABLES,
    st.sampled_from([",", ";", "\t", "|", "¦"]),
    st.sampled_from(['"', "'", "^"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030"]),
)
def test_any_table_arrives_as_it_left(
    table: list[tuple[str, ...]], delimiter: str, quote: str, ending: str, quoting: Any, encoding: str
) -> None:
    """Whatever its cells hold, however it is written."""
    # Python's own writer doesn't quote a carriage return where lines end in LF.
    quoting = csv.QUOTE_ALL if any("\r" in cell for row in table for cell in row) else quoting
    text = written(table, delimiter=delimiter, quotechar=quote, lineterminator=ending, quoting=quoting)
    found = read(text.encode(encoding), delimiter=delimiter, quote=quote, encoding=encoding)
    assert [None] * len(table) == [row.fault for row in found]
    assert table == [tuple(row.values[name] for name in COLUMNS) for row in found]


@given(TABLES, st.lists(st.integers(1, 9), min_size=1))
def test_where_blocks_end_makes_no_difference(table: list[tuple[str, ...]], sizes: list[int]) -> None:
    """A row lies across any number of them."""
    text = written(table, lineterminator="\n")
    blocks, at = [], 0
    for size in sizes * len(text):
        blocks.append(text[at : at + size])
        at += size
        if at >= len(text):
            break
    assert text == "".join(delimited._whole_rows(iter(blocks), '"'))
    assert all(block.count('"') % 2 == 0 for block in delimited._whole_rows(iter(blocks), '"'))


def proper(text: str, width: int) -> list[list[str]] | None:
    """Read CSV as RFC 4180 has it, letter by letter; None if it isn't."""
    rows: list[list[str]] = []
    row, cell, state = [""][:0], "", "begin"
    for letter in text if text.endswith("\n") else text + "\n":
        if state == "quoted":
            state, cell = ("closed", cell) if letter == '"' else (state, cell + letter)
        elif letter == '"':
            if state == "bare":
                return None
            state, cell = "quoted", cell + ('"' if state == "closed" else "")
        elif letter in ",\n":
            row.append(cell)
            if letter == "\n":
                rows += [row] if row != [""] or state == "closed" else []
                row = []
            state, cell = "begin", ""
        elif state == "closed":
            return None
        else:
            state, cell = "bare", cell + letter
    return rows if state == "begin" and {width}.issuperset(map(len, rows)) else None


@given(st.text(alphabet='ab,"\n', max_size=24))
def test_nothing_unsound_is_taken_for_sound(text: str) -> None:
    """A file is read as RFC 4180 says, or at least one row of it is rejected, or it is refused."""
    expected = proper("p,q\n" + text, 2)
    try:
        found = read("p,q\n" + text, ("p", "q"))
    except errors.SourceError:
        assert expected is None
        return
    assert (expected is None) == any(row.fault for row in found)
    assert expected is None or expected[1:] == [[*row.values.values()] for row in found]


@given(st.text(alphabet='ab,"\n', max_size=40), st.integers(1, 5))
def test_rows_are_judged_alike_in_any_blocks(text: str, size: int) -> None:
    """Carefully or not, at once or line by line: each line of the file has one line, and the same."""

    def judged(block: int) -> list[bytes] | str:
        careful, left, found = torn.Torn(dialect.Dialect(",", '"', 2, [0, 1])), "", [b""][:0]
        every = dialect.split(text)
        try:
            for at in range(0, len(every), block):
                given = dialect.split(left + "".join(every[at : at + block]))
                more, left = careful.read(given, len(found) + 1, is_last=at + block >= len(every))
                found += more
        except errors.SourceError as wrong:
            return str(wrong)
        return found

    assert judged(1000) == judged(size)
    assert isinstance(judged(1000), str) or len(judged(1000)) == len(dialect.split(text))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,2,3\n4,5\n6,7,8\n", [("line 2", None), ("line 3", "2 cells, the first line has 3"), ("line 4", None)]),
        ("1,2,3,4\n6,7,8", [("line 2", "4 cells, the first line has 3"), ("line 3", None)]),
        ('1,"2\n3",4\n5\n', [("line 2", None), ("line 4", "1 cells, the first line has 3")]),
        ('1,"2\n3"\n5,6,7\n', [("line 2", "2 cells, the first line has 3"), ("line 4", None)]),
        ('1,a"b"c,3\n4,5,6\n', [("line 2", "its quotes are wrong"), ("line 3", None)]),
        ('1,"a"b"c",3\n4,5,6\n', [("line 2", "its quotes are wrong"), ("line 3", None)]),
        ('1,5" pipe,3\n4,5,6\n7,"8",9\n', [("line 2", "its quotes are wrong"), ("line 3", None), ("line 4", None)]),
        ('1,"2,3\n4,5,6\n', [("line 2", "its quotes are wrong"), ("line 3", None)]),
        ('4,5,6\n1,"2,3', [("line 2", None), ("line 3", "its quotes are wrong")]),
        ("1,2\r3,4\n5,6,7\n", [("line 2", "a carriage return stands outside quotes"), ("line 3", None)]),
        ("\n1,2,3\r\n\r\n4,5,6\n\n", [("line 3", None), ("line 5", None)]),
    ],
)
def test_a_row_that_is_not_sound_is_one_rejected_row(rows: str, told: list[tuple[str, str | None]]) -> None:
    """It says what is wrong and in which line; blank lines are none."""
    assert told == [(row.place, row.fault) for row in read("id,a.b c,x\n" + rows)]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('1,2,3\n1,5" pipe,3\n4,6" pipe,6\n', 3),
        ('1,2,3\n1,"2\nthe text goes on\nand breaks off', 3),
        ('1,"2,3\n4,5,"6\n', 2),
    ],
)
def test_where_nobody_can_tell_where_rows_begin_the_file_is_refused(rows: str, line: int) -> None:
    """The line is where the quote is that never ends, or ends elsewhere."""
    with pytest.raises(errors.SourceError, match=rf"x\.csv: line {line}: its quotes are wrong"):
        read("id,a.b c,x\n" + rows)


def test_a_file_of_one_column_cannot_be_told_without_its_quotes() -> None:
    """Any line would do for a row."""
    with pytest.raises(errors.SourceError, match="line 3"):
        read('p\n1\n"2\n3\n', ("p",))
    assert ["1", None] == sourced.values(read('p\n1\n"2\n', ("p",)), "p")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        ("\n1,2,3\n", "first line is blank"),
        ("id,a.b c,,x\n", "column 3 has no name"),
        ("id,a.b c,x,id\n", "two columns are called id"),
        ('id,a.b c,x"y\n', "the quotes in the columns' names are wrong"),
        ('id,"a.b c,x\n', "names can't be read"),
        ("id,a.b c,x\r1,2,3\r", "names can't be read"),
        (b"\xff\xfei\x00d\x00", "UTF-16"),
        ("id,a.b c,x\n" + "y" * 33_000_000, "more than 16000000 characters"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content: str | bytes, message: str) -> None:
    """What is wrong, in which file."""
    with pytest.raises(errors.SourceError, match=message) as wrong:
        read(content)
    assert str(wrong.value).startswith("x.csv: ")


def test_a_missing_column_is_named_with_those_like_it() -> None:
    """All of them at once."""
    with pytest.raises(errors.PlanError) as wrong:
        read("Name,phone\n", ("name", "fone", "/a/b"))
    told = [
        "x.csv: it has no column name that the plan reads; did you mean Name?",
        "x.csv: it has no column fone that the plan reads; did you mean phone?",
        "x.csv: it has no column /a/b that the plan reads; it has Name, phone",
    ]
    assert told == [*wrong.value.findings]


def test_files_of_a_source_have_the_same_columns_in_any_order() -> None:
    """Each file's own order counts; the place names the file."""
    files = {"a.csv": b"x,y\n1,2\n", "b.csv": b"y,x\n3,4\n\n5\n"}
    found = sourced.rows(plan(("x", "y")), files)["O"]
    assert [("1", "2"), ("4", "3")] == [tuple(row.values.values()) for row in found[:2]]
    assert ["a.csv, line 2", "b.csv, line 2", "b.csv, line 4"] == [row.place for row in found]
    assert [0, 1, 1] == [row.row_id >> 40 for row in found]
    with pytest.raises(errors.SourceError, match=r"b\.csv: its columns aren't those of a\.csv: y missing, w and z too many"):
        sourced.rows(plan(("x",)), {"a.csv": b"x,y\n", "b.csv": b"z,x,w\n"})


def test_bytes_of_another_encoding_are_one_rejected_row() -> None:
    """The others are fine."""
    found = read(b"id,a.b c,x\n1,\xfc,3\n4,5,6\n")
    assert ["some bytes are no text in the source's encoding", None] == [row.fault for row in found]
    assert ["ü"] == sourced.values(read(b"id,a.b c,x\n1,\xfc,3\n", encoding="cp1252"), "a.b c")


def test_text_that_breaks_off_within_a_letter_is_refused() -> None:
    """UTF-16 has two bytes a letter."""
    with pytest.raises(errors.SourceError, match="it isn't utf-16"):
        read("id,a.b c,x\n1,2,3".encode("utf-16")[:-1], encoding="utf-16")


def test_columns_that_nobody_reads_may_hold_anything() -> None:
    """They aren't even written; a fault of the row is still one."""
    assert [["2"], []] == [[*row.values.values()] for row in read("a,b,c\n1,2,3\n1\n", ("b",))]


def test_objects_share_a_file() -> None:
    """Each takes its own columns."""
    mapping = sourced.checked({"A": {"reads": ["x"]}, "B": {"reads": ["/y", "x"]}}, format="csv")
    found = sourced.rows(mapping, {"x.csv": b"x,y\n1,2\n"})
    assert [{"x": "1"}, {"/y": "2", "x": "1"}] == [rows[0].values for rows in found.values()]


def test_rows_of_a_flat_file_stand_in_no_list() -> None:
    """`records` is for nested JSON."""
    with pytest.raises(errors.PlanError, match=r"objects\.O\.records: rows of CSV files stand in no list"):
        sourced.rows(sourced.checked({"O": {"records": "a[]", "reads": ["x"]}}), {"x.csv": b"x\n"})
    for said in ({"format": "csv"}, {"format": "parquet"}, {"uri": None, "sql": "SELECT 1", "conn_id": "db"}):
        with pytest.raises(errors.PlanError, match=r"objects\.O\.records: rows of .* stand in no list"):
            sourced.checked({"O": {"records": "a[]", "reads": ["x"]}}, **said)


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ({"delimiter": '"'}, "source.csv.quote: it is the delimiter too"),
        ({"delimiter": "\n"}, "source.csv.delimiter: it ends lines"),
        ({"encoding": "utf-9"}, "source.csv.encoding: Python knows no text encoding utf-9"),
        ({"encoding": "hex"}, "source.csv.encoding: Python knows no text encoding hex"),
    ],
)
def test_a_dialect_that_cannot_be_is_refused(said: dict[str, str], finding: str) -> None:
    """With the plan, before anything is read."""
    with pytest.raises(errors.PlanError, match=finding):
        plan(**said)
