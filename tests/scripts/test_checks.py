"""Which checks run, in which order, and what is told of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scripts import checks

if TYPE_CHECKING:
    from pathlib import Path


CHECK = """
import signal
try:
    print("begun", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("cleared up", flush=True)
"""
ALL = f"from scripts import checks; checks.run([checks.Part('one', ('-c', {CHECK!r})), checks.Part('two', ('-c', 'print(2)'))])"


def test_lint_comes_first() -> None:
    """`make test` is `make lint`, the clients of others, and then the tests, with what pytest is given."""
    tests = checks.Part("tests", (*checks.TESTS, "-k", "word"))
    assert (*checks.parts("lint"), checks.CLIENTS, tests) == checks.parts("test", ["-k", "word"])


def test_every_part_runs_though_one_fails(tmp_path: Path) -> None:
    """A failing check doesn't hide what the next ones have to say, and it is told as failed."""
    chosen = [checks.Part("bad", ("-c", "raise SystemExit(1)")), checks.Part("good", ("-c", "pass"))]
    outcomes = checks.run(chosen, sys.executable, tmp_path)
    assert [("bad", False), ("good", True)] == [(name, fine) for name, _, fine in outcomes]


def test_the_seconds_are_those_of_the_check(tmp_path: Path) -> None:
    """A check can't have taken less than it says itself."""
    work = "import time; sum(range(1_000_000)); open('own', 'w').write(str(time.process_time()))"
    ((_, seconds, _),) = checks.run([checks.Part("busy", ("-c", work))], sys.executable, tmp_path)
    assert 0 < float((tmp_path / "own").read_text()) <= seconds


def test_the_report_names_seconds_per_part() -> None:
    """Seconds and outcome of each part, and their sum."""
    expected = "ruff check       0.5 s  ok\ntests           61.0 s  FAILED\nall             61.5 s"
    assert expected == checks.report([("ruff check", 0.5, True), ("tests", 61.0, False)])


IN_BACKGROUND = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")


@pytest.mark.parametrize(("how", "started"), [(signal.SIGTERM, ()), (signal.SIGHUP, ()), (signal.SIGTERM, IN_BACKGROUND)])
def test_who_ends_the_checks_ends_the_one_that_runs(how: signal.Signals, started: tuple[str, ...]) -> None:
    """It clears up before we are gone, nothing is left running, and no further check begins; also where Ctrl-C was ignored."""
    with subprocess.Popen([*started, sys.executable, "-c", ALL], cwd=checks.PROJECT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert ["--- one\n", "begun\n"] == [running.stdout.readline(), running.stdout.readline()]
        running.send_signal(how)
        said = running.stdout.read()
    assert ("cleared up\n", 128 + how) == (said, running.returncode)
