"""What all tests share: laws judged by their outcome, never by the clock; the seconds of each folder."""

from __future__ import annotations

import collections
import os
import tempfile
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

# Each run throws other dice, so few examples a run do; `--hypothesis-profile long` throws many.
for name, examples in (("project", 40), ("long", 1000)):
    hypothesis.settings.register_profile(
        name, max_examples=examples, deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
hypothesis.settings.load_profile("project")

# Airflow makes its home when it is imported, and a person's own is none of ours.
HOME = tempfile.TemporaryDirectory(prefix="airflow-home-")
os.environ["AIRFLOW_HOME"] = HOME.name

DAGS = "tests/dags/"


class Together(LoadFileScheduling):
    """Which tests go to the same of the processes that tests run in: those of a file; all of the DAGs, so that their stack starts once."""

    def _split_scope(self, nodeid: str) -> str:
        return DAGS if nodeid.startswith(DAGS) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """Deal the tests out to several processes."""
    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_unconfigure() -> None:
    """Take Airflow's home away again."""
    HOME.cleanup()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write how many seconds the tests of each folder took."""
    seconds: collections.Counter[str] = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[folder_of(report.nodeid)] += report.duration
    if seconds:
        terminalreporter.section("seconds per folder")
    for folder, took in sorted(seconds.items()):
        terminalreporter.write_line(f"{folder:<28} {took:>7.1f} s")


def folder_of(nodeid: str) -> str:
    """Name the folder that a test's time is counted for: `tests/include/bulkload/...` counts for `tests/include/bulkload`."""
    parts = nodeid.split("::", maxsplit=1)[0].split("/")[:-1]
    return "/".join(parts[: 3 if parts[1:2] == ["include"] else 2])
