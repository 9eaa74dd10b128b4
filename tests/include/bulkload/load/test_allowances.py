"""What the org has left of the day, and what a load needs → what can't fit, what is close, what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from include.bulkload.load import allowances


def org(batches: Any = None, calls: Any = None, key: str = "DailyBulkApiBatches") -> dict[str, Any]:
    """An org's limits, as it tells them."""
    said = {key: batches, "DailyApiRequests": calls}
    return {name: each for name, each in said.items() if each is not None}


@pytest.mark.parametrize("key", ["DailyBulkApiBatches", "DailyBulkApiRequests"])
def test_batches_are_found_by_either_name(key: str) -> None:
    """The key was another until API version 48."""
    assert allowances.Left("batches", 15_000, 42) == allowances.batches(org(batches={"Max": 15_000, "Remaining": 42}, key=key))


@pytest.mark.parametrize("said", [None, {}, [], {"Max": 0, "Remaining": 0}, {"Max": "many", "Remaining": 3}, {"Max": 5}])
def test_what_the_org_does_not_tell_is_unknown(said: Any) -> None:
    """It refuses nothing; a load that needs some of it is warned."""
    left = allowances.calls(org(calls=said))
    assert (None, None) == (left.most, left.left)
    assert (None, None) == (allowances.finding(left, 10**9), allowances.warning(left, 0))
    assert "limits: the org doesn't tell how many API requests are left today; the load needs up to 7" == allowances.warning(left, 7)


@pytest.mark.parametrize(("need", "refused", "warned"), [(80, False, False), (81, False, True), (100, False, True), (101, True, True)])
def test_the_edge_is_exact(need: int, refused: bool, warned: bool) -> None:
    """What just fits may go; from four fifths on there is a warning."""
    left = allowances.Left("batches", 15_000, 100)
    assert (refused, warned) == (allowances.finding(left, need) is not None, allowances.warning(left, need) is not None)


def test_a_finding_names_need_and_rest() -> None:
    """And the remedy."""
    expected = "limits: the load needs 20,000 batches at least, 1,500 of 15,000 are left today; load less, or later"
    assert expected == allowances.finding(allowances.Left("batches", 15_000, 1_500), 20_000)


def test_shares_are_of_the_whole_day() -> None:
    """Null where nobody knows."""
    assert {"need": 150, "left": 10, "max": 15_000, "share": 0.01} == allowances.told(allowances.Left("batches", 15_000, 10), 150)
    assert {"need": 150, "left": None, "max": None, "share": None} == allowances.told(allowances.Left("batches", None, None), 150)


def test_our_own_rows_are_counted_off_the_day() -> None:
    """No limit of the API tells them."""
    assert allowances.Left("rows", 150_000_000, 149_000_000) == allowances.rows(1_000_000)
