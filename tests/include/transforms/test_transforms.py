"""Files of include/transforms → functions by their bare names."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from include import transforms
from include.transforms import full_names

PROJECT = Path(__file__).parents[3]


def test_the_example_is_known_by_its_name() -> None:
    """Every file of the folder is imported when somebody asks."""
    assert full_names.split_full_name is transforms.known()["split_full_name"]


def test_the_example_cuts_names_and_drops_rows_without_one() -> None:
    """The index stays; the last word is the last name."""
    given = pd.DataFrame({"fullName": ["Ann van Dam", " Bo ", None, "  "]}, index=[7, 8, 9, 10], dtype="str")
    found = full_names.split_full_name(given)
    expected = {7: ("Ann van", "Dam"), 8: ("", "Bo")}
    assert expected == dict(zip(found.index, zip(found["firstName"], found["lastName"], strict=True), strict=True))


def test_two_functions_of_one_name_are_refused() -> None:
    """Nobody could say which one a plan means."""

    def split_full_name(frame: pd.DataFrame) -> pd.DataFrame:
        return frame

    with pytest.raises(ValueError, match=r"two transforms are called split_full_name, in include\.transforms\.full_names and in tests"):
        transforms.transform(split_full_name)


def test_the_example_of_the_docstring_runs() -> None:
    """What people will copy works."""
    code = re.findall(r"\n    (@transforms.*?\n)\n", transforms.__doc__ or "", re.DOTALL)[0].replace("\n    ", "\n")
    space = {"transforms": transforms, "__name__": __name__}
    exec(compile(code, "docstring", "exec"), space)  # noqa: S102 - the docstring is ours
    given = pd.DataFrame({"name": ["TEST a", "b", None]}, dtype="str")
    assert [1, 2] == list(transforms.known()["without_test_accounts"](given).index)
