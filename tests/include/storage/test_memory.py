"""What runs leave for later ones, on disk and in a bucket alike: like a run folder, in a place that no DAG can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include import storage
from include.bulkload.steps import ports

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[Any, str]


@pytest.fixture
def kept(place: Place) -> ports.Memory:
    """An empty memory."""
    return storage.memory(*place)


def test_it_is_no_run_folder(place: Place, kept: ports.Memory) -> None:
    """Whatever a DAG and its run are called."""
    kept.create("nightly/org/a.json", {"n": 1})
    for dag, run in (("memory", "nightly"), ("~memory", "nightly")):
        assert storage.run_folder(*place, dag, run).read("org/a.json") is None
    assert f"{storage.run_folder(*place, 'd', 'r').uri('').removesuffix('/d/r')}/~memory" == kept.uri("")


def test_what_has_had_its_time_goes(kept: ports.Memory, tmp_path: Path) -> None:
    """Objects and files; what is gone already may go again."""
    (tmp_path / "rows.parquet").write_bytes(b"rows")
    kept.create("plan a/org/one.json", {"n": 1})
    stored = kept.put(tmp_path / "rows.parquet", "plan a/org/rows.parquet")
    assert ["plan a/org/one.json", stored.name] == kept.names("plan a/")
    with pytest.raises(FileExistsError):
        kept.create("plan a/org/one.json", {"n": 2})
    for name in ("plan a/org/one.json", stored.name, stored.name):
        kept.remove(name)
    assert [] == kept.names("plan a/")


def test_it_knows_the_runs_beside_it(place: Place, kept: ports.Memory) -> None:
    """By their names, whichever DAG's; of one that isn't there it says nothing."""
    storage.run_folder(*place, "dag/a", "run ü").create("ledger/a.json", {"n": 1})
    found = kept.run_folder(ports.RunName("dag/a", "run ü"))
    assert (["ledger/a.json"], "run ü", []) == (found.names(""), found.run_id(), kept.run_folder(ports.RunName("dag", "no")).names(""))
