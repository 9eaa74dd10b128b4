"""An upload's quoting and size → checked a stretch at a time, with the same words wherever they are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.local_org import schema, uploads

if TYPE_CHECKING:
    from pathlib import Path

OBJECTS = schema.load()
JOB = {"lineEnding": "LF", "columnDelimiter": "COMMA", "operation": "insert"}


def told(path: Path, text: str) -> str:
    """Check an upload of accounts; why it can't be read, or nothing."""
    path.write_bytes(text.encode())
    try:
        uploads.check(path, JOB, OBJECTS["account"], OBJECTS)
    except uploads.Unreadable as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize("before", [0, uploads.STRETCH - 2, uploads.STRETCH - 1, uploads.STRETCH, 2 * uploads.STRETCH])
def test_a_quote_that_means_nothing_is_told_wherever_it_stands(tmp_path: Path, before: int) -> None:
    """Rows before it make no difference, nor do quoted ones with line breaks."""
    for rows in ("plain\n" * before, '"one ""quoted"",\nof two lines"\n' * before):
        found = [told(tmp_path / "upload.csv", f"Name\n{rows}{last}") for last in ('a"b\n', '"a"b\n', '"a\n', '"a"\n', '"a"')]
        parse = "InvalidBatch : Failed to parse CSV. "
        assert [
            parse + "Found unescaped quote. A value with quote should be within a quote",
            parse + "Not expecting more text after end quote",
            parse + "EOF reached before closing an opened quote",
            "",
            "",
        ] == found


@pytest.mark.parametrize("place", [0, 1, uploads.FEW - 1, uploads.FEW, 3 * uploads.FEW])
def test_one_row_that_is_too_long_is_told_wherever_it_stands(tmp_path: Path, place: int) -> None:
    """A row that is just not too long, of as many columns as there may be, is counted."""
    path = tmp_path / "upload.csv"
    cell = "x" * ((uploads.MOST_RECORD - 4) // 5)
    path.write_text("A,B,C,D,E\n" + "a,b,c,d,e\n" * place + ",".join([cell] * 5) + "\n" + "," * (uploads.MOST_COLUMNS - 1) + "\n")
    assert place + 2 == uploads.count(path, "COMMA")
    for longer in (",".join([cell] * 4 + [cell + "xx"]), "," * uploads.MOST_COLUMNS):
        path.write_text("A,B,C,D,E\n" + "a,b,c,d,e\n" * place + longer + "\n")
        with pytest.raises(uploads.Unreadable, match="Exceeded max"):
            uploads.count(path, "COMMA")
