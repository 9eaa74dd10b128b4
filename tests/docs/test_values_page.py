"""docs/values.md says what is really sent: each example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.include.bulkload.intake import given

PAGE = (Path(__file__).parents[2] / "docs" / "values.md").read_text("utf-8")
VALUES = [{"value": "hot", "label": "Very hot", "active": True}, {"value": "old", "label": "Old", "active": False}]
RESTRICTED = {"restrictedPicklist": True, "picklistValues": VALUES}
FIELDS = {
    "Text": given.field("F__c", length=10),
    "Boolean": given.field("F__c", "boolean"),
    "Whole number": given.field("F__c", "int", digits=8),
    "Number": given.field("F__c", "currency", precision=18, scale=2),
    "Date": given.field("F__c", "date"),
    "Datetime": given.field("F__c", "datetime"),
    "Time": given.field("F__c", "time"),
    "Picklist": given.field("F__c", "picklist", **RESTRICTED),
    "Multi-select picklist": given.field("F__c", "multipicklist", **RESTRICTED),
    "Id": given.field("F__c", "reference"),
}


def examples(title: str) -> list[tuple[str, str]]:
    """The rows of a section's table: source text, and what the page says of it."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.*?)` \| (.*?) \|$", section, re.MULTILINE)


def plain(text: str) -> str:
    """Read a text of the page, in which line ends and tabs are written out."""
    return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t")


def told(cell: str | None, reason: str | None) -> str:
    """Say it as the page does."""
    if reason is not None:
        return f"rejected: {reason.removeprefix('bad value: F__c: ')}"
    return "nothing" if cell is None else f"`{cell}`"


@pytest.mark.parametrize("title", FIELDS)
def test_each_example_is_true(title: str) -> None:
    """What is sent of a text, or why its row is rejected."""
    rows = examples(title)
    found = given.one(FIELDS[title], [plain(text) for text, _ in rows], time_zone="Europe/Berlin")
    assert [(text, plain(said)) for text, said in rows] == [(text, told(*each)) for (text, _), each in zip(rows, found, strict=True)]


def test_each_table_is_run() -> None:
    """None of them is there for show."""
    assert [*FIELDS] == [section.split("\n")[0] for section in PAGE.split("\n## ")[1:] if "| in the source |" in section]
