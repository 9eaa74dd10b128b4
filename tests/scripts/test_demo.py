"""`make demo` as a person runs it: a process of its own, its exit status, what it prints and what it leaves."""

from __future__ import annotations

import fcntl
import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from scripts import demo
from scripts.stack import wanted

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 240


def command(demos: Path, *given: str) -> list[str]:
    """Write the demo's command line; its files don't push a person's last demos out."""
    return [sys.executable, "-m", "scripts.demo", "--demos", str(demos), *given]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The demo of the shipped sample, run once."""
    demos = tmp_path_factory.mktemp("demos")
    return subprocess.run(command(demos), cwd=wanted.PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_the_sample_succeeds(shown: subprocess.CompletedProcess[str]) -> None:
    """The planted failures are within what the demo's config allows."""
    assert (0, "") == (shown.returncode, "" if shown.returncode == 0 else shown.stderr)


def test_the_summary_comes_last(shown: subprocess.CompletedProcess[str]) -> None:
    """The end of standard output is the summary, as the run wrote it."""
    summary = json.loads(shown.stdout[shown.stdout.index("\n{") :])
    assert ("status", "COMPLETED_WITH_ERRORS") == next(iter(summary.items()))


def test_each_change_is_a_line(shown: subprocess.CompletedProcess[str]) -> None:
    """Every task is seen to succeed, and the waits to be deferred: no worker is held while Salesforce works."""
    lines = shown.stdout[: shown.stdout.index("\n{")].splitlines()
    changes = [re.fullmatch(r" *[\d.]+ s  (\S+) +(\S+)( \(attempt \d+\))?", line) for line in lines]
    seen = {match.group(1, 2) for match in changes if match}
    tasks = ["split", "parent_job[0]", "settle_parent", "id_map", "orphan_filter", "child_job[0]", "settle_child", "summary"]
    expected = {*((task, "success") for task in tasks), ("wait_for_parent[0]", "deferred"), ("wait_for_child[0]", "deferred")}
    assert ([], set()) == ([line for line, match in zip(lines, changes, strict=True) if not match], expected - seen)


def test_a_missing_file_is_named_at_once(tmp_path: Path) -> None:
    """A wrong path costs no start of Airflow."""
    given = command(tmp_path, "--payload", "no/such.json")
    found = subprocess.run(given, cwd=wanted.PROJECT, capture_output=True, text=True, check=False)
    assert (2, "", True) == (found.returncode, found.stdout, found.stderr.startswith("no/such.json: no such file"))


def test_a_bad_payload_fails_with_its_reason(tmp_path: Path) -> None:
    """Exit status 1, the place and the reason on standard error, a summary that says FAILED."""
    payload = tmp_path / "bad.json"
    payload.write_text('{"accounts": 7}')
    given = command(tmp_path / "demos", "--payload", str(payload))
    found = subprocess.run(given, cwd=wanted.PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    summary = json.loads(found.stdout[found.stdout.index("\n{") :])
    assert (1, "FAILED", True) == (found.returncode, summary["status"], "accounts" in found.stderr)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_it_is_interrupted(how: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, kill, or a closed terminal while it starts: it says so and takes everything with it."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(tmp_path), cwd=wanted.PROJECT, text=True, **pipes) as process:
        assert process.stderr
        told = [process.stderr.readline() for _ in range(3)]
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    _, alive = psutil.wait_procs(family, timeout=1)
    assert (128 + how, True, True, [], True) == (process.returncode, "PostgreSQL" in told[2], bool(family), alive, "Interrupted" in said)


def test_only_the_last_demos_are_kept(tmp_path: Path) -> None:
    """Old demos go, so that the folder doesn't grow for ever, but none that still runs; the new one has a name of its own."""
    for name in ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"):
        (tmp_path / name).mkdir()
    with (tmp_path / "2026-01-01" / wanted.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        new = demo.folder(tmp_path)
    kept = ["2026-01-01", "2026-01-03", "2026-01-04"]
    assert (kept, True) == (sorted(each.name for each in tmp_path.iterdir()), new.name > "2026-01-04")
