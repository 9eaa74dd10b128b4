"""Makefile and .ci/run → the commands that README and docs promise."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)
PROMISED = ("demo", "test", "up", "down", "org", "help", "lint", "lock", "bench", "drills")


def made(*arguments: str) -> str:
    """Ask make what it would do, without doing it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    found = subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return found.stdout


def test_help_lists_every_target() -> None:
    """`make`, and `make help`, name all targets with a sentence each."""
    listed = re.findall(r"^  make (\w+) +\S", made("help"), re.MULTILINE)
    assert (TARGETS, made()) == (listed, made("help"))


@pytest.mark.parametrize("target", PROMISED)
def test_promised_targets_stand(target: str) -> None:
    """Every command that the docs name is there."""
    assert target in TARGETS


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"help"}))
def test_targets_set_up_what_they_need(target: str) -> None:
    """Nobody has to prepare anything: each target makes sure of the environment first."""
    assert re.search(rf"^{target}: \$\(READY\)", MAKEFILE, re.MULTILINE)


def test_ci_runs_the_tests_and_nothing_more() -> None:
    """What runs for every change is what people run."""
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert (['exec make -C "$(dirname "$0")/.." test'], True) == (commands, os.access(script, os.X_OK))


def test_a_payload_with_blanks_in_its_path_is_one_argument() -> None:
    """The path goes to the demo as it was typed."""
    assert '--payload "my file.json"' in made("--dry-run", "demo", "PAYLOAD=my file.json")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))])
def test_docs_name_real_targets(page: str) -> None:
    """A `make` command in the docs is one that make knows."""
    named = set(re.findall(r"(?:`|^|\n)make ([a-z]+)\b", (ROOT / page).read_text()))
    assert set() == named - set(TARGETS)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_lock_files_name_no_index(name: str) -> None:
    """Whoever locked them has an index of his own perhaps; others install from theirs. Every line is a version, an option never."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#")]
    assert [] == [line for line in lines if not re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==", line)]
    assert "://" not in (ROOT / name).read_text()
