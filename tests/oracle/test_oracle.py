"""Made-up hierarchies, loaded: the org and every file say what a simple oracle says, which knows the rules and not the loader."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis

from tests import strategies

if TYPE_CHECKING:
    from tests.oracle.conftest import Court
    from tests.oracle.world import World

# `make drills` tries more.
EXAMPLES = int(os.environ.get("BULKLOAD_ORACLE_EXAMPLES", "12"))


@hypothesis.given(strategies.hierarchies())
@hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck))
def test_every_hierarchy_ends_as_the_oracle_says(court: Court, given: World) -> None:
    """One to six levels, several parents, self references, failures at each level: every record, every row of every file."""
    court.hold(given)
