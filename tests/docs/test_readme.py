"""README.md shows what the sample really gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.include.bulkload.steps import conftest as steps

PROJECT = Path(__file__).parents[2]
SAMPLES = PROJECT / "include" / "samples"
README = (PROJECT / "README.md").read_text("utf-8")

local_org, load = steps.local_org, steps.load


def narrowed(whole: Any, shown: Any) -> Any:
    """Take of a document what another one shows, down all levels."""
    if not isinstance(shown, dict):
        return whole
    return {key: narrowed(whole[key], value) for key, value in shown.items()}


def test_the_summary_shown_is_the_one_produced(load: steps.Load) -> None:
    """Each count of the first screen comes from the sample and its planted faults."""
    load.org.behave(**json.loads((SAMPLES / "faults.json").read_text("utf-8")))
    load.payload = (SAMPLES / "sample.json").read_bytes()
    shown = json.loads(README.split("<!-- a test holds this")[1].split("```json\n")[1].split("```")[0])
    assert shown == narrowed(load.whole()["summary"], shown)


def test_the_record_shown_is_a_payload(load: steps.Load) -> None:
    """What goes in, as the first screen says it, goes in."""
    load.payload = README.split("```json\n")[1].split("```")[0].encode()
    assert "COMPLETED" == load.whole()["summary"]["status"]


def test_each_page_that_it_names_is_there() -> None:
    """No dead link."""
    assert [] == [link for link in re.findall(r"\]\(([^)#:]+)\)", README) if not (PROJECT / link).exists()]


def test_the_first_screen_holds_what_matters() -> None:
    """Record, both commands and the summary stand in the first 40 lines."""
    first = "\n".join(README.splitlines()[:40])
    assert [True] * 3 == [text in first for text in ('{"accounts"', "make demo", '"status"')]
