"""docs/sources.md says what the readers do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.bulkload.intake import batches, files, mapping
from tests.include.bulkload.intake import sourced

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")
DOCUMENT = b"""[{"sourceId": "P", "x": "X", "address": {"city": "Above"}, "b": [{"sourceId": "Q", "address": {"city": "Middle"},
"c": [{"city": "Bonn", "address": {"city": "Ulm"}, "phones": ["1", "2"]}]}]}]"""


def table(title: str) -> list[list[str]]:
    """The cells of the first table of a section, without its head."""
    lines = [line for line in PAGE.split(f"## {title}\n")[1].split("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def coded(cell: str) -> list[str]:
    """What stands between backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def test_formats_go_by_names_as_the_page_says() -> None:
    """Every suffix is there, with its format; anything else is JSON."""
    said = {suffix: coded(fmt)[0] for names, fmt in table("Files") for suffix in coded(names)}
    assert said == files.FORMATS
    assert "json" == files.local(Path("x.dat")).format("auto")


def test_paths_of_records_are_paths() -> None:
    """Each one shown is one that a plan may have."""
    shown = [path for cell, _ in table("Records") for path in coded(cell)]
    assert shown == [path for path in shown if re.match(mapping.RECORDS, path)]
    assert {"accounts[]", "[].contacts[]"} <= {*shown}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("city", "Bonn"),
        ("/address/city", "Ulm"),
        ("/phones/0", "1"),
        ("../sourceId", "Q"),
        ("../../x", "X"),
        ("..//address/city", "Middle"),
    ],
)
def test_values_are_named_as_the_page_says(name: str, value: str) -> None:
    """Each name shown finds its value."""
    assert name in [shown for cell, _ in table("Values") for shown in coded(cell)]
    objects = {"O": {"records": "[].b[].c[]", "reads": [name], "parents": {"ParentId": {"sobject": "Account", "from": "p"}}}}
    assert [value] == sourced.values(sourced.rows(sourced.checked(objects), {"x.json": DOCUMENT})["O"], name)


def test_every_kind_of_python_value_is_on_the_page() -> None:
    """What becomes text, and what doesn't."""
    said = {kind for cell, _ in table("Queries") for kind in coded(cell)}
    known = {kind.__name__ for kind in (*batches._TEXTS, *batches.KINDS)} - {"bytearray", "memoryview"}
    assert said == known | {"None"}
