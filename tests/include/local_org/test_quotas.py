"""A day's batches, by a clock that moves forth and back."""

from __future__ import annotations

import datetime

from include.local_org import quotas, settings

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def test_a_clock_that_was_set_back_counts_its_own_day_only() -> None:
    """What was used on a later day is not used yet, and blocks nothing that is older."""
    kept, given = quotas.Quotas(), settings.Settings(daily_batches=1)
    taken = [kept.take(1, moment, given) for moment in (NOON + 3 * DAY, NOON, NOON, NOON + DAY)]
    assert ["", "", quotas.NO_BATCHES, ""] == taken
