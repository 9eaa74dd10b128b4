"""CSV text as lines: the short way gives what the long one gives, and each line of the file has one."""

from __future__ import annotations

import csv

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.bulkload.intake import dialect, lines
from tests.include.bulkload.intake import test_delimited

EVEN = st.text(alphabet="ab,\t \\\r'é", max_size=4)


@given(
    st.lists(st.tuples(EVEN, EVEN), max_size=5),
    st.sampled_from([",", "\t", "é", "\\", '"']),
    st.sampled_from(["'", "^", '"']),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([[0, 1], [1], [1, 0]]),
    st.text(alphabet='"\n,ab', max_size=2),
    st.integers(0, 40),
)
def test_the_short_way_gives_what_the_long_one_gives(
    table: list[tuple[str, str]], delimiter: str, quote: str, ending: str, wanted: list[int], odd: str, where: int
) -> None:
    """Or nothing: where all cells are quoted, or none is, and where one of them isn't as the others."""
    assume(delimiter != quote)
    for quoting in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
        whole = test_delimited.written(
            table, columns=("p", "q"), delimiter=delimiter, quotechar=quote, lineterminator=ending, quoting=quoting
        )
        text = whole[: where % len(whole)] + odd + whole[where % len(whole) :]
        spoken = dialect.Dialect(delimiter, quote, 2, wanted)
        short = spoken._even.lines(text) if spoken._even else None
        assert short is None or short == spoken._strict(text)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", '"a","b"\n"1","é,"\n', '"a","b"\r\n"",""\r\n', "a\tb\r\n1\t2", '"a"\n""\n'])
def test_even_text_takes_the_short_way(text: str) -> None:
    """Else the law above would hold for nothing."""
    width = 1 if text.startswith('"a"\n') else 2
    spoken = dialect.Dialect("\t" if "\t" in text else ",", '"', width, [*range(width)])
    assert spoken._even is not None
    assert spoken._even.lines(text) == spoken._strict(text)


def test_lines_that_hold_no_row_keep_the_count() -> None:
    """One line of ours for each of the file's."""
    found = dialect.Dialect(",", '"', 2, [1]).whole('a,b\n\n"c\n",d\n')
    assert [b'["b"]', lines.NONE, b'["d"]', lines.NONE] == found
