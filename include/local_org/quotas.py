"""Batches and rows of the last 24 hours → whether another batch may be worked on (contract 6); kept until the process ends."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime

    from include.local_org import settings

DAY = 86_400.0
# Salesforce's wording for v1 batches; that of v2 isn't known (contract 4.3).
NO_BATCHES = "ExceededQuota : ApiBatchItems Limit exceeded."
NO_ROWS = "ExceededQuota : the records of 24 hours are used up"


class Quotas:
    """What was used up, by the org's clock."""

    def __init__(self) -> None:
        self._used: deque[tuple[float, int]] = deque()

    def _last_day(self, now: datetime.datetime) -> list[int]:
        """Rows of each batch of the 24 hours before; a clock that was set back has batches of later days, too."""
        first, last = now.timestamp() - DAY, now.timestamp()
        while self._used and self._used[0][0] <= first:
            self._used.popleft()
        return [rows for moment, rows in self._used if first < moment <= last]

    def batches(self, now: datetime.datetime) -> int:
        """Count the batches of the last 24 hours."""
        return len(self._last_day(now))

    def take(self, rows: int, now: datetime.datetime, given: settings.Settings) -> str:
        """Use up a batch of so many rows; why it may not be, or nothing."""
        used = self._last_day(now)
        if len(used) >= given.daily_batches:
            return NO_BATCHES
        if sum(used) + rows > given.daily_rows:
            return NO_ROWS
        self._used.append((now.timestamp(), rows))
        return ""
