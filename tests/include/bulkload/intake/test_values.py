"""Any text → a cell that a strict CSV reader reads back as the text that left, or a rejected row."""

from __future__ import annotations

import csv
import io

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.load import chunks
from tests.include.bulkload.intake import given

ODD = st.sampled_from(
    ["#N/A", " #N/A ", "#N/A#", "\r", "\r\n", '"', '""', ",", "null", "NULL", "\\N", "\ufeff", "\x00", "'", " ", "\t", "\u2028"]
)
TEXTS = st.lists(
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.lists(ODD, max_size=4).map("".join), max_size=30
)
MOST = 8


def expected(text: str | None) -> str | None:
    """What is to be sent of a text, in plain Python; "rejected" if nothing may be."""
    with_lf = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    bare = with_lf.strip(tables.BLANKS)
    if bare == "#N/A" or "\0" in with_lf or len(bare) > MOST:
        return "rejected"
    return with_lf if bare else None


@settings(max_examples=50)
@drawn(TEXTS)
def test_a_text_arrives_as_it_left_or_not_at_all(texts: list[str | None]) -> None:
    """Only line endings are folded; text of nothing but blanks is no text."""
    described = given.field("Name", length=MOST)
    found = [cell if reason is None else "rejected" for cell, reason in given.one(described, texts)]
    assert [expected(text) for text in texts] == found
    with given.engine() as (con, folder):
        con.execute('CREATE TABLE sent (row_id BIGINT, key VARCHAR, parent_row BIGINT, ".Name" VARCHAR)')
        for number, cell in enumerate(found):
            con.execute("INSERT INTO sent VALUES (?, NULL, NULL, ?)", [number, cell])
        ready, out = folder / "ready.parquet", folder / "0.csv"
        for chunk in chunks.plan(con, "SELECT * FROM sent ORDER BY row_id", ["Name"], job_bytes=10_000_000, out_ready=ready):
            chunks.write(con, ready, chunk, ["Name"], out)
        written = out.read_bytes().decode() if out.exists() else ""
    assert [cell or "" for cell in found] == [cell for (cell,) in list(csv.reader(io.StringIO(written, newline=""), strict=True))[1:]]


def test_what_changes_is_counted_where_text_is_sent() -> None:
    """Typed values and rows that are left out change nothing."""
    fields = {"Name": "name", "Email": "mail", "Day__c": "day"}
    describes = [given.field("Name"), given.field("Email", "email"), given.field("Day__c", "date")]
    rows = [
        {"name": " a\r\n", "mail": "A@b.c", "day": " 2024-01-01 "},
        {"name": " x", "day": "never"},
        {"name": "", "mail": " a@b.c"},
    ]
    each = {"sobject": "Any__c", "operation": "insert", "fields": fields}
    found = given.staged(given.checked({"Any__c": each}), {"Any__c": describes}, {"Any__c": rows})["Any__c"]
    counted = [(row["lineEndings"], row["edgeBlanks"], row["emailCase"]) for row in found if row["reason"] is None]
    assert [(1, 1, 1), (0, 1, 0)] == counted
