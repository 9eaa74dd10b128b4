"""The environment's mark, and the search for a Python."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scripts import environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with two lock files."""
    for name in environment.LOCKS:
        (tmp_path / name).write_text("one==1\n")
    return tmp_path


def test_the_mark_stays_while_nothing_changes(project: Path) -> None:
    """A second `make` finds the environment as it was and does nothing."""
    assert environment.mark(project) == environment.mark(project)


@pytest.mark.parametrize("name", environment.LOCKS)
def test_the_mark_changes_with_each_lock_file(project: Path, name: str) -> None:
    """A changed lock file sets the environment up again."""
    before = environment.mark(project)
    (project / name).write_text("one==2\n")
    assert before != environment.mark(project)


def test_an_environment_that_stands_is_left_alone() -> None:
    """Set-up without a change of the lock files says nothing and installs nothing."""
    stamp = environment.PROJECT / ".venv" / ".locks-installed"
    if not stamp.is_file():
        pytest.skip("these tests run in an environment that make didn't set up")
    made_by = stamp.read_text()
    again = [sys.executable, "-m", "scripts.environment"]
    found = subprocess.run(again, cwd=environment.PROJECT, capture_output=True, text=True, check=True)
    assert ("", "", made_by) == (found.stdout, found.stderr, stamp.read_text())


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    """Without any Python the message says what to install, and nothing is printed that `make` would run."""
    found = _search(tmp_path)
    assert (1, "", True) == (found.returncode, found.stdout, "apt-get install python3 python3-venv" in found.stderr)


def test_a_python_without_venv_is_named(tmp_path: Path) -> None:
    """Debian's Python without its venv package is found out before anything is made."""
    half = tmp_path / "python3"
    half.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    half.chmod(0o755)
    found = _search(tmp_path)
    assert (1, True) == (found.returncode, f"{half} lacks one of" in found.stderr)


def test_an_old_python_is_passed_over(tmp_path: Path) -> None:
    """The first fitting name wins; one that is too old is no candidate."""
    for name, status in (("python3.11", 1), ("python3.12", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    assert f"{tmp_path / 'python3.12'}\n" == _search(tmp_path).stdout


def _search(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the search with nothing but `path` on the PATH."""
    script = environment.PROJECT / "scripts" / "python.sh"
    return subprocess.run(["/bin/sh", str(script)], env={"PATH": os.fspath(path)}, capture_output=True, text=True, check=False)
