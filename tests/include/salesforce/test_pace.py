"""How often Salesforce is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.salesforce import pace

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SECONDS = st.floats(0, 1e6)


@given(SECONDS, SECONDS, SECONDS)
def test_polls_are_never_closer_than_ten_seconds(asked: float, elapsed: float, retry_after: float) -> None:
    """Whatever was configured, unless the org is a local one."""
    assert pace.pause(pace.first(asked, local_org=False), elapsed, retry_after) >= 10


@given(SECONDS, SECONDS)
def test_polls_are_never_further_apart_than_five_minutes_or_what_was_asked(asked: float, elapsed: float) -> None:
    """A long job is looked at less often, but it is looked at."""
    first = pace.first(asked, local_org=False)
    assert pace.pause(first, elapsed) <= max(first, 300)


@given(SECONDS, SECONDS, SECONDS)
def test_polls_slow_down_only(first: float, earlier: float, later: float) -> None:
    """The longer a job runs, the longer the pauses."""
    earlier, later = sorted((earlier, later))
    assert pace.pause(first, earlier) <= pace.pause(first, later)


@given(SECONDS, SECONDS, SECONDS)
def test_what_the_server_asks_for_is_obeyed(first: float, elapsed: float, retry_after: float) -> None:
    """Retry-After is a floor."""
    assert pace.pause(first, elapsed, retry_after) >= retry_after


def test_a_local_org_may_be_asked_often() -> None:
    """The demo and the tests don't wait ten seconds, nor do they spin."""
    assert [0.2, pace.SHORTEST_LOCAL] == [pace.first(0.2, local_org=True), pace.first(0, local_org=True)]


@pytest.mark.parametrize(("elapsed", "expected"), [(0, 10), (100, 10), (600, 30), (6000, 300), (60_000, 300)])
def test_the_pauses_of_a_long_job(elapsed: float, expected: float) -> None:
    """Ten seconds at first, five minutes after a hundred minutes."""
    assert expected == pace.pause(10, elapsed)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("7", 7),
        (" 120 ", 120),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2026 12:00:30", 0),
        ("soon", 0),
        ("-5", 0),
        ("٣", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_in_both_its_forms(said: str, expected: float) -> None:
    """Seconds or an HTTP date; anything else asks for nothing."""
    assert expected == pace.retry_after({"retry-AFTER": said}, NOW)


def test_no_retry_after_asks_for_nothing() -> None:
    """Most answers have none."""
    assert pace.retry_after({}, NOW) == 0


def test_repeats_come_later_each_time() -> None:
    """One second, two, four, up to thirty; more only if the server says so."""
    assert [1, 2, 4, 8, 16, 30, 30] == [pace.repeat(attempt) for attempt in range(1, 8)]
    assert pace.repeat(1, 50) == 50
