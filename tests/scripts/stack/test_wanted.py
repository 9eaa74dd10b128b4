"""A stack's wishes survive the way to its keeper."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stack import wanted


@pytest.mark.parametrize("org", [None, (), ("--faults", "file.json")])
def test_wishes_survive_json(org: tuple[str, ...] | None) -> None:
    """What the keeper reads is what was asked for, paths and the missing org included."""
    asked = wanted.Wanted(Path("/somewhere/stack"), org=org, given={"BULKLOAD_RETRIES": "1"}, port=8080, stays=True)
    assert asked == wanted.Wanted.from_json(asked.to_json())


def test_blanks_in_a_path_stay_blanks() -> None:
    """A project under `my projects` keeps its runs there: Airflow would take %20 for part of another folder's name."""
    assert "file:///my projects/up/runs" == wanted.Wanted(Path("/my projects/up")).run_base
