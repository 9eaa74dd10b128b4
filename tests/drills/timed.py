"""A load to drill whose time goes on as it does under Airflow → the org down for ten minutes of it, or up again.

The clock is the load's own: pauses of the client, looks at jobs and Airflow's waits before a retry move it, and nobody sits them out.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import plan
from include.bulkload.steps import wait
from tests.drills import drilled

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Sequence

DOWN_SECONDS = 600
# As a deployment that sets nothing retries tasks (plugins/bulkload_airflow/settings.py).
RETRY_SECONDS = (30, 60, 120)


class Timed(drilled.Drilled):
    """The steps, their time, and until when the org is down. The run is summed up as Airflow does it: right after a failed task."""

    up_at: int | None = None

    def goes_down(self) -> None:
        """Let the org go down now."""
        self.org.behave(http_faults=[self._task.down])
        self.up_at = self.clock + DOWN_SECONDS

    def passes(self, seconds: float) -> None:
        """Let time go on; the org comes up again once its time has come."""
        self.clock += math.ceil(seconds)
        if self.up_at is not None and self.clock >= self.up_at:
            self.org.behave(http_faults=[])
            self.up_at = None

    def now(self) -> datetime.datetime:
        """Read the clock."""
        found = super().now()
        self.passes(0)
        return found

    def again(self, step: Callable[[], Any]) -> Any:
        """Call a step as Airflow does: few retries, later and later."""
        for seconds in RETRY_SECONDS:
            try:
                return step()
            except errors.TryAgain:
                self.passes(seconds)
        return step()

    def waited(self, jobs: Sequence[str]) -> None:
        """Look as the trigger does: a look that fails is repeated, however often."""
        seconds = plan.plan_from(self.document).poll_seconds
        while True:
            with contextlib.suppress(errors.TryAgain):
                if all(state.is_terminal for state in wait.look(self.run, list(jobs)).values()):
                    return
            self.passes(seconds)

    def retried(self) -> dict[str, Any]:
        """All tasks of the DAG; if one fails for good, the summary follows at once."""
        try:
            return super().retried()
        except errors.TryAgain:
            return self.summed()
