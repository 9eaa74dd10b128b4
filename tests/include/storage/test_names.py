"""Any text as a path, and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.storage import names

# With lone surrogates, which a JSON document may hold.
TEXT = st.text(st.characters(exclude_categories=[]))
LONG = st.integers(0, 900).flatmap(
    lambda size: st.sampled_from(["a", ".", "~", "é", "/", "a.", "\0"]).map(lambda part: (part * size)[:900])
)


@given(TEXT | LONG)
def test_a_name_is_read_back(text: str) -> None:
    """Encoding loses nothing."""
    assert text == names.decoded(names.encoded(text))


@given(TEXT | LONG)
def test_a_name_never_leads_out_of_its_folder(text: str) -> None:
    """Plain letters, no hidden and no over-long segment, no dots as a segment."""
    for segment in names.encoded(text).split("/"):
        assert re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*", segment)
        assert len(segment) < 250


@given(TEXT | LONG, TEXT | LONG)
def test_no_name_lies_within_another(one: str, other: str) -> None:
    """A run's folder never is a folder in another run's."""
    assert one == other or not f"{names.encoded(one)}/".startswith(f"{names.encoded(other)}/")


@given(st.lists(TEXT | LONG, min_size=1, max_size=4).map("/".join))
def test_a_name_with_slashes_is_read_back(name: str) -> None:
    """Also with empty parts, and with parts that go on in another segment."""
    assert name == names.name(names.path(name))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parent_child_load", "parent_child_load"),
        ("manual__2026-11-23T19:10:50.905901+00:00", "manual__2026-11-23T19~3A10~3A50.905901~2B00~3A00"),
        ("..", "~2E."),
        (".new", "~2Enew"),
        ("../../etc", "~2E.~2F..~2Fetc"),
        ("", "~_"),
        ("~_", "~7E_"),
        ("%2e", "~252e"),
        ("é", "~C3~A9"),
    ],
)
def test_names_stay_readable(text: str, expected: str) -> None:
    """People look for their run in the bucket."""
    assert expected == names.encoded(text)


@pytest.mark.parametrize("strange", ["", "~41", "a b", "~e9", "~FF", "é", ".hidden", "~", "a~-", "a~-/b"])
def test_a_foreign_name_is_refused(strange: str) -> None:
    """Each name has one spelling, so that nothing stands twice in a listing."""
    with pytest.raises(ValueError, match=r"name|codec"):
        names.decoded(strange)
