"""What each step brings of the run's stored files: its own object's, and of parents what their links need; nothing twice over."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.bulkload.intake import plan
from include.bulkload.steps import summarize
from tests.oracle import chain, world
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports
    from tests.oracle.conftest import Court


@dataclass
class Brought:
    """What each task brought from the run's folder: (task, object) → name of the stored file → its bytes; how often it looked there."""

    files: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    looks: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    task: tuple[str, str] = ("", "")

    def tables(self, task: str, name: str) -> set[str]:
        """The files with rows that a task brought, without their checksums: `Account/staged`."""
        return {file.rpartition("-")[0] for file in self.files[task, name] if "/" in file}

    def describes(self, task: str, name: str) -> set[str]:
        """The sobjects whose describe a task brought."""
        files = [file for file in self.files[task, name] if file.startswith("describe-")]
        return {file.removeprefix("describe-").rpartition("-")[0] for file in files}

    def bytes(self) -> int:
        """All bytes of files with rows."""
        return sum(size for files in self.files.values() for file, size in files.items() if "/" in file)


@dataclass
class Watched:
    """A run folder that notes what is brought from it."""

    folder: ports.RunFolder
    brought: Brought

    def get(self, stored: ports.Stored, scratch: Path) -> Path:
        """Bring a stored file."""
        self.brought.files.setdefault(self.brought.task, {})[stored.name] = stored.bytes
        return self.folder.get(stored, scratch)

    def read(self, name: str) -> dict[str, Any] | None:
        """Read an entry."""
        self.brought.looks[self.brought.task] += 1
        return self.folder.read(name)

    def names(self, prefix: str) -> list[str]:
        """List entries."""
        self.brought.looks[self.brought.task] += 1
        return self.folder.names(prefix)

    def __getattr__(self, name: str) -> Any:
        """All else is the folder's own."""
        return getattr(self.folder, name)


@dataclass
class Steps:
    """A run whose every task says its name before it begins."""

    load: loads.Load
    brought: Brought

    def whole(self) -> Brought:
        """All tasks, in their order; what they brought."""
        self._at("split", "")
        self.load.stage()
        for name in plan.plan_from(self.load.document).order():
            self._at("cut", name)
            chunks = self.load.cut(name)
            self._at("send", name)
            self.load.sent(name, chunks)
            self._at("learn", name)
            self.load.learned(name)
        self._at("summary", "")
        assert summarize.close(self.load.run, [])["clean"]
        return self.brought

    def _at(self, task: str, name: str) -> None:
        self.brought.task = (task, name)


def watched(court: Court, given: world.World) -> Brought:
    """Run a plan; what its tasks brought."""
    brought, example = Brought(), f"x{next(court.examples)}"
    root = court.folder / example
    root.mkdir()
    load = loads.Load(root, court.org, world.plan(given, root, example))
    load.wrapped = lambda folder: cast("ports.RunFolder", Watched(folder, brought))
    return Steps(load, brought).whole()


def test_a_task_reads_its_own_object_and_its_parents_ids(court: Court) -> None:
    """Where nobody is lost, nothing else of the parents is needed, and of other objects nothing at all."""
    found = watched(court, chain.of(4, 5))
    for level in range(4):
        name, above = f"Kind{level}", f"Kind{level - 1}"
        assert {f"{name}/staged"} | ({f"{above}/id_map"} if level else set()) == found.tables("cut", name)
        for task in ("send", "learn"):
            assert {name} == {each.partition("/")[0] for each in found.tables(task, name)}


def test_a_task_reads_no_describe_of_others(court: Court) -> None:
    """Those of its own object and of its parents, however many the plan has."""
    found = watched(court, chain.of(4, 5))
    for level in range(1, 4):
        assert found.describes("cut", f"Kind{level}") <= {f"Level{level}__c", f"Level{level - 1}__c"}
        assert found.describes("send", f"Kind{level}") <= {f"Level{level}__c"}


def test_looks_into_the_ledger_do_not_grow_with_the_objects(court: Court) -> None:
    """Each task of an object looks there as often among six objects as among two; split and summary as often per object."""
    two, six = (watched(court, chain.of(levels, 5)).looks for levels in (2, 6))
    for task in ("cut", "send", "learn"):
        assert {two[task, "Kind1"]} == {six[task, f"Kind{level}"] for level in range(1, 6)}
    assert six["split", ""] + six["summary", ""] <= 3 * (two["split", ""] + two["summary", ""])


def test_parents_are_read_whole_only_to_say_why_they_are_lost(court: Court) -> None:
    """Their staged rows and fates, by the objects that hang on them directly; grandparents never."""
    found = watched(court, chain.of(4, 5, [{0: world.REFUSED}]))
    for level in range(1, 4):
        objects = {each.partition("/")[0] for each in found.tables("cut", f"Kind{level}")}
        assert {f"Kind{level}", f"Kind{level - 1}"} == objects
        assert f"Kind{level - 1}/staged" in found.tables("cut", f"Kind{level}")


@pytest.mark.parametrize("marks", [[], [{0: world.REFUSED, 1: world.REFUSED}]], ids=["all loaded", "some lost"])
def test_what_is_read_grows_with_the_rows_not_with_objects_times_rows(court: Court, marks: list[dict[int, str]]) -> None:
    """Six objects of as many rows are three times as much as two; more would be a table read for others."""
    two, six = (watched(court, chain.of(levels, 400, marks)).bytes() for levels in (2, 6))
    # The first object has no parents: with it, six objects are a little more than three times two.
    assert six < 3.75 * two
