"""A deep hierarchy, failures at each level: every record and every row of every file is what the oracle says. `__main__` does it large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle import chain

if TYPE_CHECKING:
    from tests.oracle.conftest import Court


def test_two_thousand_roots_of_four_levels_end_as_the_oracle_says(court: Court) -> None:
    """3 % fail at each level, by dice: all that hangs on them is quarantined down to the last, all else is there under its parent."""
    court.hold(chain.failing(4, 2_000, 0.03))
