"""How long something has taken, and what the server asked for → seconds until the next look or the next try. Pure."""

from __future__ import annotations

import email.utils
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SHORTEST = 10.0
LONGEST = 300.0
# A local org is ours: it may be asked often, but not in a busy loop.
SHORTEST_LOCAL = 0.05
# A look every twentieth of the time passed finds a job's end at most 5 % late.
SHARE = 20
LONGEST_REPEAT = 30.0
# Who is asked to stay away longer than this gives up and leaves the waiting to Airflow's retry.
PATIENCE = 60.0


def first(asked: float, *, local_org: bool) -> float:
    """The first pause between two polls, in seconds: what was asked for, but never below 10 unless the org is a local one."""
    return max(asked, SHORTEST_LOCAL if local_org else SHORTEST)


def pause(first: float, elapsed: float, retry_after: float = 0.0) -> float:
    """Seconds until the next poll: `first` at first, a twentieth of the seconds waited so far later, at most 5 minutes.

    `retry_after` is what the server asked for; it is always obeyed.
    """
    return max(first, min(elapsed / SHARE, LONGEST), retry_after)


def repeat(attempt: int, retry_after: float = 0.0) -> float:
    """Seconds before a failed request is sent again after its `attempt`-th try (from 1): 1, 2, 4 ... at most 30."""
    return max(min(2.0 ** (min(attempt, 10) - 1), LONGEST_REPEAT), retry_after)


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds that a Retry-After header asks for, as a number or as an HTTP date (`now` in UTC); 0 if it says nothing readable."""
    said = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0
