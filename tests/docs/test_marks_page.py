"""docs/marks_and_retries.md: each event and each loss that it speaks of is drilled, and each drill stands there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.drills import on_airflow, victims

PAGE = Path(__file__).parents[2] / "docs" / "marks_and_retries.md"


def test_every_drill_on_airflow_is_told_and_every_one_told_is_drilled() -> None:
    """The last columns of the tables of events name the drills of `make drills`."""
    tables = [block.splitlines() for block in PAGE.read_text("utf-8").split("\n\n") if block.splitlines()[:1][0].endswith("| drill |")]
    told = {name for table in tables for line in table[2:] for name in re.findall(r"`([^`]+)`", line.split("|")[3])}
    assert {*on_airflow.EVENTS, *victims.VICTIMS} == told
