"""Ids of 15 and 18 characters (contract 7.7)."""

from __future__ import annotations

import pytest

from include.local_org import ids


@pytest.mark.parametrize(
    "published", ["7503h00000CV7GpAAL", "750ak000009BWKLAA4", "005ak000005hvjJAAQ", "750ak000009Dl5bAAC", "0013000000auCyTAAU"]
)
def test_the_checksum_is_that_of_published_ids(published: str) -> None:
    """15 characters become the 18 that Salesforce showed."""
    assert (published, published) == (ids.full(published[:15]), ids.read(published))


def test_numbers_become_ids_of_their_own_in_order() -> None:
    """No two alike, each later one greater by its bytes, across the places where digits carry over."""
    made = [ids.new("001", number) for number in [*range(4000), *range(62**3 - 50, 62**3 + 50)]]
    assert sorted({each[:15] for each in made}) == [each[:15] for each in made]


@pytest.mark.parametrize("first", [1, 62**2 - 5, 62**5 - 5000])
def test_many_ids_are_those_of_their_numbers(first: int) -> None:
    """However many digits carry over, each with its checksum."""
    made = ids.several("001", first, 10_000)
    assert ([ids.new("001", first + place) for place in range(10_000)], []) == (made, ids.several("001", first, 0))
    assert [ids.full(each[:15]) for each in made] == made


@pytest.mark.parametrize("text", ["", "001", "001900K0001pPuOAAU", "00100000000000!", "0010000000000000000"])
def test_what_is_no_id_is_refused(text: str) -> None:
    """A wrong checksum too."""
    assert ids.read(text) is None
