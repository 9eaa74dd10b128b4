"""Which checks run, in which order, and what is told of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scripts import checks

if TYPE_CHECKING:
    from pathlib import Path


def test_lint_comes_first() -> None:
    """`make test` is `make lint`, the clients of others, and then the tests, with what pytest is given."""
    assert (*checks.parts("lint"), checks.CLIENTS, checks.Part("tests", ("-m", "pytest", "-k", "word"))) == checks.parts(
        "test", ["-k", "word"]
    )


def test_every_part_runs_though_one_fails(tmp_path: Path) -> None:
    """A failing check doesn't hide what the next ones have to say, and it is told as failed."""
    chosen = [checks.Part("bad", ("-c", "raise SystemExit(1)")), checks.Part("good", ("-c", "pass"))]
    outcomes = checks.run(chosen, sys.executable, tmp_path)
    assert [("bad", False), ("good", True)] == [(name, fine) for name, _, fine in outcomes]


def test_the_report_names_seconds_per_part() -> None:
    """Seconds and outcome of each part, and their sum."""
    expected = "ruff check       0.5 s  ok\ntests           61.0 s  FAILED\nall             61.5 s"
    assert expected == checks.report([("ruff check", 0.5, True), ("tests", 61.0, False)])
