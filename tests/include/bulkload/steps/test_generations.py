"""Generations of one object's memory: numbered, each written once, the newest three kept with their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fsspec
import pytest

from include import storage
from include.bulkload.basics import errors
from include.bulkload.steps import generations

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports

WHERE = "nightly/00D/Account"


@pytest.fixture
def kept(tmp_path: Path) -> ports.Memory:
    """An empty memory."""
    return storage.memory(fsspec.filesystem("file"), str(tmp_path / "runs"))


def grown(kept: ports.Memory, folder: Path, number: int, content: str) -> None:
    """Add a generation with a file of its own content."""
    (folder / "rows").write_text(content)
    stored = kept.put(folder / "rows", f"{WHERE}/rows.parquet")
    generations.add(kept, WHERE, number, {"rows": number, "file": stored.as_document()})


def test_the_newest_counts(kept: ports.Memory, tmp_path: Path) -> None:
    """None at first; by number, not by name's length."""
    assert (0, {}) == generations.newest(kept, WHERE)
    for number in (9, 10):
        grown(kept, tmp_path, number, str(number))
    number, document = generations.newest(kept, WHERE)
    assert (10, "10") == (number, generations.file(kept, document, tmp_path).read_text())


def test_a_number_is_given_once(kept: ports.Memory, tmp_path: Path) -> None:
    """The second writer is told, and what the first one wrote stands."""
    grown(kept, tmp_path, 1, "first")
    with pytest.raises(FileExistsError):
        grown(kept, tmp_path, 1, "second")
    assert "first" == generations.file(kept, generations.newest(kept, WHERE)[1], tmp_path).read_text()


def test_a_file_that_is_still_named_stays(kept: ports.Memory, tmp_path: Path) -> None:
    """Nights without a change share one file; it goes with the last generation that names it."""
    for number, content in enumerate(["same", "other", "same", "same", "same", "new", "new", "new"], 1):
        grown(kept, tmp_path, number, content)
        document = generations.newest(kept, WHERE)[1]
        assert content == generations.file(kept, document, tmp_path).read_text()
    assert 4 == len(kept.names(WHERE))


def test_a_missing_file_stops_with_its_remedy(kept: ports.Memory, tmp_path: Path) -> None:
    """Nothing is sent on a memory that can't be read."""
    grown(kept, tmp_path, 1, "first")
    document = generations.newest(kept, WHERE)[1]
    kept.remove(document["file"]["name"])
    with pytest.raises(errors.LedgerDamaged, match="forget: true"):
        generations.file(kept, document, tmp_path)
