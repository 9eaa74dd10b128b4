"""Run folders are found again by their names, on disk and in a bucket alike, and what had its time goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include import storage
from include.bulkload.steps import ports

if TYPE_CHECKING:
    from include.storage.archive import Archive

Place = tuple[Any, str]
RUNS = [
    ports.RunName("nightly", "scheduled__2026-01-01T00:00:00+00:00"),
    ports.RunName("nightly", "../manual"),
    ports.RunName("d" * 200, "r" * 250),
    ports.RunName("d" * 450, "a/b"),
]


@pytest.fixture
def archive(place: Place) -> Archive:
    """Some runs, a memory beside them."""
    for name in RUNS:
        storage.run_folder(*place, name.dag_id, name.run_id).create("ledger/Account/begun.json", {"n": 1})
    storage.memory(*place).create("nightly/org/a.json", {"n": 1})
    return storage.archive(*place)


def test_each_run_is_found(archive: Archive) -> None:
    """However it is called; the memory is none."""
    assert set(RUNS) == set(archive.runs())
    assert len(RUNS) == len(list(archive.runs()))


def test_an_empty_base_has_none(place: Place) -> None:
    """Nothing ran yet."""
    assert [] == list(storage.archive(*place).runs())


@pytest.mark.parametrize("name", RUNS)
def test_what_is_removed_is_gone(archive: Archive, name: ports.RunName) -> None:
    """The run with its last object, the others stay."""
    folder = archive.folder(name)
    folder.remove("ledger/Account/begun.json")
    folder.remove("ledger/Account/begun.json")
    folder.tidy()
    assert [] == folder.names("")
    assert {*RUNS} - {name} == set(archive.runs())
    assert {"n": 1} == archive.folder(next(each for each in RUNS if each != name)).read("ledger/Account/begun.json")


def test_a_folder_that_holds_something_stays(archive: Archive) -> None:
    """Only empty ones go."""
    archive.folder(RUNS[0]).tidy()
    assert set(RUNS) == set(archive.runs())
