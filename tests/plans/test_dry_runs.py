"""Every shipped plan, run dry and then for real: what was foreseen is what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import outcome
from tests.plans import conftest, test_opportunities

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plans.conftest import Shipped
    from tests.running import loads

FATES = ("source", "rejected", "merged", "filtered", "orphaned", "unchanged")


def sent(load: loads.Load, name: str) -> tuple[int, int, int]:
    """Jobs, bytes and rows that a run sent of an object."""
    standing = outcome.of(load.run, name)
    jobs = [chunk for wave in standing.waves for chunk in wave.chunks if chunk["number"] in standing.jobs]
    return len(jobs), sum(chunk["csv"]["bytes"] for chunk in jobs), sum(chunk["rows"] for chunk in jobs)


def fates(each: dict[str, Any]) -> dict[str, int]:
    """What a summary says of rows that aren't sent."""
    return {fate: each[fate] for fate in FATES}


def compared(dry: loads.Load, real: loads.Load) -> None:
    """Run a plan dry, then for real, and compare what was foreseen: jobs, bytes, rows and fates of each object; no job was made."""
    dry.run_name = "dry"
    seen = dry.whole()["summary"]["objects"]
    assert [] == dry.org.jobs()
    happened = real.whole()["summary"]["objects"]
    assert {name: fates(each) for name, each in seen.items()} == {name: fates(each) for name, each in happened.items()}
    assert {name: each["unprocessed"] for name, each in seen.items()} == {name: each["succeeded"] for name, each in happened.items()}
    foreseen = {name: tuple(each["forecast"][key] for key in ("jobs", "bytes", "rows")) for name, each in seen.items()}
    assert foreseen == {name: sent(real, name) for name in happened}


# The nightly one has a test of its own beside its database.
PATHS = sorted(path for path in conftest.PLANS.glob("*.yaml") if path.stem != "nightly")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_plan_does_what_its_dry_run_said(shipped: Shipped, path: Path) -> None:
    """Jobs, bytes, rows and fates of each object; the dry run made no job."""
    test_opportunities.stock(shipped)
    compared(shipped.load(path.stem, dry_run=True), shipped.load(path.stem))
