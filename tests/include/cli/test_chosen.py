"""`name=value` words → what a plan lets people choose, of the right kind."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.intake import plan
from include.cli import chosen
from tests.include.cli.conftest import ACCOUNT

PARAMS: dict[str, Any] = {"city": "Bonn", "least": 3, "share": 0.5, "whole": True, "region": ["north", "south"], "level": [1, 2]}
PLAN = plan.plan_from({"name": "x", "source": {"uri": "file:///x"}, "objects": {"Account": ACCOUNT}, "params": PARAMS})


def test_what_is_not_chosen_has_its_default() -> None:
    """Of a list it is the first."""
    assert ({"city": "Bonn", "least": 3, "share": 0.5, "whole": True, "region": "north", "level": 1}, {}) == chosen.read([], PLAN)


def test_values_are_of_the_kind_of_their_default() -> None:
    """A text stays one, even if it looks like a number."""
    words = ["city=007", "least=7", "share=1", "whole=false", "region=south", "level=2", "only_first=20", "again=true"]
    expected = {"city": "007", "least": 7, "share": 1, "whole": False, "region": "south", "level": 2}
    assert (expected, {"only_first": 20, "again": True}) == chosen.read(words, PLAN)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("city", "city: write it as name=value"),
        ("town=Bonn", "town: the plan lets nobody choose it; it takes only_first, again, city, least, share, whole, region, level"),
        ("dry_run=false", "dry_run: the plan lets nobody choose it"),
        ("least=many", "least: many is neither a number nor true or false"),
        ("least=true", "least: true is no number"),
        ("whole=1", "whole: 1 is no true or false"),
        ("region=west", "region: west isn't one of north, south"),
    ],
)
def test_a_word_that_does_not_fit_is_told(word: str, told: str) -> None:
    """With what would."""
    with pytest.raises(chosen.Unfit) as refused:
        chosen.read([word], PLAN)
    assert str(refused.value).startswith(told)
