"""docs/lost_rows.md names the columns that our lists have, in their order."""

from __future__ import annotations

import re
from pathlib import Path

from include.bulkload.intake import lists

PAGE = (Path(__file__).parents[2] / "docs" / "lost_rows.md").read_text("utf-8")


def test_the_page_names_every_column_of_ours() -> None:
    """Which lists have it, too."""
    told = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE)
    assert ["row_id", lists.PLACE, *lists.OF_ALL, "field", *lists.PARENT, *lists.ANCESTOR] == [name for name, _ in told]
    assert {"all": ["row_id", *lists.OF_ALL], "rejected": [lists.PLACE]} == {
        where: [name for name, stands in told if stands == where] for where in ("all", "rejected")
    }


def test_a_column_that_may_be_a_fields_name_is_ours() -> None:
    """Every column of the page, and what lists of an undo say, so that no list has two of one name."""
    assert {*re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE), *lists.OF_UNDO} == lists.OURS
