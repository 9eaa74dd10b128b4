"""A plan of include/plans and a local org of the test's own → the plan's run, and what the org holds afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.intake import plan_file
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PLANS, SAMPLES = ROOT / "include" / "plans", ROOT / "include" / "samples"
KEY = "External_Id__c"
FATES = ("succeeded", "failed", "unprocessed", "in_doubt", "orphaned", "rejected", "unchanged", "merged", "filtered")


@dataclass
class Shipped:
    """A place to run shipped plans in: a folder, an org."""

    folder: Path
    org: loads.LocalOrg

    def load(self, name: str, **more: Any) -> loads.Load:
        """Make ready a run of a shipped plan; `more` are keys of the plan that are said otherwise."""
        document, _ = plan_file.read(PLANS / f"{name}.yaml")
        return loads.Load(self.folder, self.org, document | more, (SAMPLES.as_uri(),))

    def refuse(self, sobject: str, field: str, *values: str) -> None:
        """Plant rows that the org refuses, by the value of a field."""
        rules = [{"object": sobject, "field": field, "value": value, "error": f"NO:{value}:--"} for value in values]
        self.org.behave(row_faults=rules)

    def records(self, sobject: str, *fields: str) -> dict[str, tuple[Any, ...]]:
        """Every record of an object that has a key: key → the values of fields, `Account.Name` of a parent's."""
        found = self.org.query(f"SELECT {', '.join([KEY, *fields])} FROM {sobject}")
        assert len(found) == len({each[KEY] for each in found})
        return {each[KEY]: tuple(value(each, field) for field in fields) for each in found}


def value(record: dict[str, Any], path: str) -> Any:
    """Read a field of a record or of one above it; None where there is none."""
    found: Any = record
    for name in path.split("."):
        found = found and found[name]
    return found


def tally(found: dict[str, Any], name: str) -> dict[str, int]:
    """The fates of an object's rows, zeroes left out; they must add up to its source rows."""
    each = found["summary"]["objects"][name]
    counts = {fate: each[fate] for fate in FATES if each[fate]}
    assert each["source"] == sum(counts.values())
    return counts


def lost(found: dict[str, Any], name: str, fate: str) -> list[dict[str, str]]:
    """The rows of one of the summary's files."""
    return loads.listed(found["summary"]["objects"][name]["files"][fate])


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Shipped]:
    """An empty local org."""
    with org.running(tmp_path, "--control") as started:
        yield Shipped(tmp_path, loads.LocalOrg(started))
