"""One local org for all examples: objects of six levels, some records that were there before, rows that it is told to refuse."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle import judge, seen, world
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Court:
    """An org and a folder: where made-up hierarchies are loaded and judged, each under a mark of its own."""

    folder: Path
    org: loads.LocalOrg
    examples: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def load(self, given: world.World) -> tuple[loads.Load, dict[str, Any], str]:
        """Load a hierarchy: its run, what the summary tells, the example's mark."""
        example = f"x{next(self.examples)}"
        root = self.folder / example
        root.mkdir()
        load = loads.Load(root, self.org, world.plan(given, root, example))
        return load, load.whole(), example

    def hold(self, given: world.World) -> None:
        """Load a hierarchy and compare all that is left of it with the oracle's verdicts."""
        load, found, example = self.load(given)
        seen.compare(load, found, judge.Judge(given), example)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Court]:
    """Start the org."""
    world.schema(folder / "schema")
    with org.running(folder, "--control", "--schema", str(folder / "schema")) as started:
        known = loads.LocalOrg(started)
        known.behave(row_faults=world.FAULTS)
        for key in world.HOME:
            known.insert("Level0__c", {"Name": key, "External_Id__c": key})
        yield Court(folder, known)


@pytest.fixture(scope="session")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    """The org, started once."""
    with opened(tmp_path_factory.mktemp("court")) as court:
        yield court
